/* Tokens of the schema language. Line ends are tokens, because a line is a statement. */
#ifndef RL_SCHEMA_LEXER_H
#define RL_SCHEMA_LEXER_H

#include "schema/ast.h"

typedef enum rl_token_kind {
  RL_T_END,
  RL_T_NEWLINE,
  RL_T_NAME,
  RL_T_NUMBER,
  RL_T_STRING,
  RL_T_COMMENT,       /* // */
  RL_T_DOC,           /* /// */
  RL_T_BLOCK_COMMENT, /* slash star ... star slash; may contain line ends */
  RL_T_AT,
  RL_T_AT_AT,
  RL_T_PAREN_OPEN,
  RL_T_PAREN_CLOSE,
  RL_T_BRACKET_OPEN,
  RL_T_BRACKET_CLOSE,
  RL_T_BRACE_OPEN,
  RL_T_BRACE_CLOSE,
  RL_T_COMMA,
  RL_T_COLON,
  RL_T_EQUALS,
  RL_T_QUESTION,
  RL_T_DOT,
  RL_T_BANG,
  RL_T_BAD /* `why` is the error */
} rl_token_kind;

typedef struct rl_token {
  rl_token_kind kind;
  rl_span span;
  rl_str text;
  const char *why;
} rl_token;

/* Reads the token that starts at `at` or after it. The text ends at `end`. */
rl_token rl_lex(rl_str text, uint32_t at, uint32_t end);
/* Returns the offset of the line end at `at` or after it. */
uint32_t rl_lex_line_end(rl_str text, uint32_t at, uint32_t end);

/* Skips spaces, tabs, and the spaces of Unicode that editors insert; returns where it stops. */
uint32_t rl_lexer_skip_space(rl_str text, uint32_t at, uint32_t end);

#endif
