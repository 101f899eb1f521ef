/* PostgreSQL's rules, those of its scan.l with standard_conforming_strings on. */
#include "base/sql_scan.h"

const rl_sql_rules rl_sql_rules_postgres = {.mark = '$',
                                            .line_ends = "\n\r",
                                            .nested_comments = true,
                                            .dollar_quotes = true,
                                            .string_prefixes = true,
                                            .question_operators = true,
                                            .bodies = {{"FUNCTION", "PROCEDURE"}, "ATOMIC", true}};
