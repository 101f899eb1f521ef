/* What the two halves of the parser share: the current token, and how to leave a line with an error. */
#ifndef RL_SCHEMA_PARSER_H
#define RL_SCHEMA_PARSER_H

#include "schema/build.h"
#include "schema/lexer.h"

typedef struct rl_parser {
  rl_build *b;
  uint32_t end;          /* of the file */
  rl_token token;        /* the current one */
  uint32_t before;       /* the end of the token before it */
  int depth;             /* open brackets: line ends count as spaces */
  bool first_on_line;    /* inside brackets: a line end was skipped before the token */
  bool comment_skipped;  /* inside brackets */
  uint32_t looked_ahead; /* number of tokens read to find the ends of unknown blocks */
} rl_parser;

void rl_parser_at(rl_parser *p, uint32_t offset); /* reads the token at the offset, outside of brackets */
void rl_parser_next(rl_parser *p);
/* Reports that something else was expected at the token, or the error of a bad token. Returns false. */
bool rl_parser_expected(rl_parser *p, const char *what);

/* expression.c. Each returns false after a report. The caller then leaves the line. */
bool rl_parse_expression(rl_parser *p, rl_ast_expr **out);
bool rl_parse_attributes(rl_parser *p, rl_attr **out); /* @a @b(...) */
bool rl_parse_attribute(rl_parser *p, rl_attr **out);  /* the token is @ or @@ */

#endif
