/* SQLite's rules, those of its tokenize.c. */
#include "base/sql_scan.h"

const rl_sql_rules rl_sql_rules_sqlite = {.mark = '?',
                                          .line_ends = "\n",
                                          .open_comments = true,
                                          .named_placeholders = true,
                                          .odd_names = true,
                                          .blank_marks = true,
                                          .bodies = {{"TRIGGER", NULL}, NULL, false}};
