/* The syntax tree of schema files, which the resolver and the formatter read. All nodes are allocated in the temporary
 * arena of one run, and strings point into the joined source. */
#ifndef RL_SCHEMA_AST_H
#define RL_SCHEMA_AST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* Byte offsets into the joined source text. */
typedef struct rl_span {
  uint32_t start, end;
} rl_span;

typedef struct rl_ast_expr rl_ast_expr;

/* An argument of an attribute or a function, an element of an array, or a member of an object. */
typedef struct rl_ast_arg {
  rl_str name; /* empty: positional */
  rl_span span, name_span;
  rl_ast_expr *value; /* NULL: `name:` without a value */
  bool taken;         /* the resolver has read it */
  struct rl_ast_arg *next;
} rl_ast_arg;

typedef enum rl_expr_kind {
  RL_EXPR_NUMBER,
  RL_EXPR_STRING,
  RL_EXPR_PATH,
  RL_EXPR_CALL,
  RL_EXPR_ARRAY,
  RL_EXPR_OBJECT
} rl_expr_kind;

struct rl_ast_expr {
  rl_expr_kind kind;
  rl_span span;
  rl_str text;      /* as written; CALL: the function's name */
  rl_str value;     /* STRING: unescaped */
  rl_ast_arg *args; /* CALL, ARRAY, OBJECT */
  size_t count;
};

typedef struct rl_attr {
  rl_str name; /* without @ or @@: "id", "db.VarChar" */
  rl_span span, name_span;
  rl_ast_arg *args;
  size_t count;
  bool has_list; /* has parentheses */
  bool taken;
  struct rl_attr *next;
} rl_attr;

typedef struct rl_line {
  rl_str text; /* as written, without the line end */
  bool is_doc, is_block;
  struct rl_line *next;
} rl_line;

typedef enum rl_arity { RL_ARITY_REQUIRED, RL_ARITY_OPTIONAL, RL_ARITY_LIST } rl_arity;

typedef enum rl_item_kind {
  RL_ITEM_FIELD,     /* of a model, view or type */
  RL_ITEM_VALUE,     /* of an enum */
  RL_ITEM_KEY,       /* key = value of a datasource or generator */
  RL_ITEM_ATTRIBUTE, /* @@... */
  RL_ITEM_COMMENT,   /* comment lines without an empty line between them */
  RL_ITEM_BLANK,
  RL_ITEM_RAW /* lines that could not be parsed; an error was reported */
} rl_item_kind;

typedef struct rl_item {
  rl_item_kind kind;
  rl_span span, name_span, type_span;
  rl_str name;
  rl_str type;              /* FIELD: name of the type */
  rl_str type_text;         /* FIELD: the type without modifiers, as written, also Unsupported("x") */
  rl_ast_expr *unsupported; /* FIELD: the text in Unsupported("...") */
  rl_arity arity;
  rl_attr *attrs;     /* FIELD, VALUE; ATTRIBUTE: the one attribute */
  rl_ast_expr *value; /* KEY */
  rl_line *lines;     /* COMMENT, RAW */
  rl_line *trailing;
  const rl_line *above; /* FIELD, VALUE: the comment lines above it */
  rl_str doc;
  struct rl_item *next;
} rl_item;

typedef enum rl_block_kind {
  RL_BLOCK_DATASOURCE,
  RL_BLOCK_GENERATOR,
  RL_BLOCK_MODEL,
  RL_BLOCK_VIEW,
  RL_BLOCK_TYPE,
  RL_BLOCK_ENUM,
  RL_BLOCK_COMMENT,
  RL_BLOCK_BLANK,
  RL_BLOCK_RAW
} rl_block_kind;

typedef struct rl_block {
  rl_block_kind kind;
  rl_span span, name_span;
  rl_str keyword, name, doc;
  rl_item *items;
  rl_line *lines;       /* COMMENT, RAW */
  rl_line *trailing;    /* comment after the opening brace */
  const rl_line *above; /* the comment lines above it */
  struct rl_block *next;
} rl_block;

#endif
