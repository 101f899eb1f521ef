/* The state of one run over schema text, which lexer, parser, resolver and formatter share.
 *
 * Out of memory: every allocation of a run uses the helpers below, and a failed one jumps back to the run's entry,
 * which frees all arenas and maps. So no function between them has to unwind, and the jump crosses only C frames of
 * this room. */
#ifndef RL_SCHEMA_BUILD_H
#define RL_SCHEMA_BUILD_H

#include <setjmp.h>

#include "schema/ast.h"
#include "schema/schema.h"

typedef struct rl_file {
  rl_str name;
  uint32_t start, end; /* in the joined text */
  uint32_t *lines;     /* offsets of line starts; built at the first report */
  size_t line_count;
} rl_file;

/* A field during resolution. */
typedef struct rl_field_info {
  rl_item *ast;
  rl_field *field;
  rl_attr *relation; /* @relation */
  rl_str relation_name;
  rl_span relation_name_span;
  rl_ast_arg *fields_arg, *references_arg, *on_delete_arg, *on_update_arg, *map_arg;
  const rl_field **fields, **references; /* NULL: the argument is absent or wrong */
  size_t field_count, reference_count;
  bool bad_relation; /* an error in an argument was reported */
  rl_action_ref on_delete, on_update;
  struct rl_field_info *opposite;
} rl_field_info;

typedef struct rl_index_node {
  rl_index index;
  rl_attr *attr;
  bool on_field; /* @id or @unique */
  bool broken;   /* an error in its fields was reported */
  bool has_map;
  rl_str given_name; /* name: */
  struct rl_index_node *next;
} rl_index_node;

typedef struct rl_model_info {
  rl_block *ast;
  rl_model *model;
  rl_field_info *fields;
  rl_index_node *indexes, *last_index;
  size_t index_count;
  bool has_bad_field; /* a field or key could not be parsed, so checks that need all of them are skipped */
} rl_model_info;

typedef struct rl_build {
  jmp_buf nomem;
  rl_arena temp;
  rl_arena *keep; /* the schema's arena */
  rl_schema *schema;
  rl_diagnostics *diagnostics;
  uint32_t *report_offsets; /* of the reports of this run, in order */
  size_t report_base, report_cap;
  size_t error_count, dropped;
  bool unclosed;        /* a block or comment has no end, or a file is not text: the formatter stops */
  uint32_t unclosed_at; /* the offset of that report */
  rl_str text;
  rl_file *files;
  size_t file_count;
  rl_block *blocks;
  rl_str datasource; /* name of the datasource block; empty: none */
  rl_span datasource_span;
  rl_model_info *models;
  rl_map names; /* type and enum name -> rl_block* */
  rl_map scratch;
} rl_build;

/* Fills the joined text and the file table. Returns false if the text is too large. */
bool rl_build_sources(rl_build *b, const rl_source *sources, size_t count);
void *rl_build_alloc(rl_build *b, rl_arena *arena, size_t count, size_t size); /* zeroed, never NULL */
#define RL_TEMP(b, type) ((type *)rl_build_alloc((b), &(b)->temp, 1, sizeof(type)))
#define RL_TEMP_ARRAY(b, type, n) ((type *)rl_build_alloc((b), &(b)->temp, (n), sizeof(type)))
#define RL_KEEP(b, type) ((type *)rl_build_alloc((b), (b)->keep, 1, sizeof(type)))
#define RL_KEEP_ARRAY(b, type, n) ((type *)rl_build_alloc((b), (b)->keep, (n), sizeof(type)))
void rl_build_put(rl_build *b, rl_map *map, rl_str key, void *value);
rl_str rl_build_format(rl_build *b, rl_arena *arena, const char *format, ...); /* terminated */
rl_str rl_build_join(rl_build *b, rl_arena *arena, const rl_str *parts, size_t count, const char *between);

#if defined(__GNUC__)
#define RL_PRINTF(at) __attribute__((format(printf, at, at + 1)))
#else
#define RL_PRINTF(at)
#endif
/* Reports an error, or a warning, at a span. */
void rl_report(rl_build *b, rl_span span, const char *format, ...) RL_PRINTF(3);
void rl_report_warning(rl_build *b, rl_span span, const char *format, ...) RL_PRINTF(3);
/* Returns " Did you mean `x`?" or an empty string, for the end of a message. */
rl_str rl_suggest(rl_build *b, rl_str written, const rl_str *candidates, size_t count);
rl_str rl_suggest_of(rl_build *b, rl_str written, const char *const *candidates); /* NULL-terminated list */

/* parser.c: fills b->blocks. */
void rl_parse_blocks(rl_build *b);

#endif
