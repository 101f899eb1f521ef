/* The steps from the syntax tree to the resolved schema, in the order in which schema.c calls them. Each reports all
 * errors that it finds. */
#ifndef RL_SCHEMA_RESOLVE_H
#define RL_SCHEMA_RESOLVE_H

#include "schema/build.h"
#include "schema/rules.h"

/* config.c */
void rl_resolve_config(rl_build *b);
/* types.c: models, enums, fields and their types */
void rl_resolve_types(rl_build *b);
/* attributes.c: everything after @ and @@; it passes on keys, defaults and relations */
void rl_resolve_attributes(rl_build *b);
/* field_rules.c: rl_field.rules */
void rl_resolve_field_rules(rl_build *b);
/* touches.c: rl_model.touches */
void rl_resolve_touches(rl_build *b);
/* keys.c: turns the collected keys and indexes into rl_model.indexes, and marks unique fields */
void rl_resolve_keys(rl_build *b);
/* relations.c: pairs relation fields and builds rl_relation */
void rl_resolve_relations(rl_build *b);
/* names.c: names in the database and for the client, and their conflicts */
void rl_resolve_index_names(rl_build *b);
void rl_resolve_names(rl_build *b);

/* names.c */
void rl_check_identifier(rl_build *b, rl_span span, rl_str name, const char *what);
/* Reports a name that is too long for the database. `what` is like "A column's name". */
void rl_check_name_length(rl_build *b, rl_span span, rl_str name, const char *what);

/* native.c */
void rl_resolve_native(rl_build *b, rl_field_info *f, rl_attr *attr);
void rl_check_unsupported(rl_build *b, rl_field_info *f);

/* defaults.c */
void rl_resolve_default(rl_build *b, rl_field_info *f, rl_attr *attr);

/* indexes.c */
void rl_resolve_field_key(rl_build *b, rl_model_info *m, rl_field_info *f, rl_attr *attr, rl_index_kind kind);
void rl_resolve_block_index(rl_build *b, rl_model_info *m, rl_attr *attr, rl_index_kind kind);

/* predicate.c: the SQL of `where: raw("...")` or `where: { field: value }` */
void rl_resolve_predicate(rl_build *b, rl_model_info *m, rl_ast_arg *arg, rl_str *out);

/* relation_checks.c */
void rl_resolve_relation_attribute(rl_build *b, rl_model_info *m, rl_field_info *f, rl_attr *attr);
void rl_check_inline(rl_build *b, rl_field_info *key, rl_field_info *other);
void rl_check_many_to_many(rl_build *b, rl_field_info *a, rl_field_info *z);

/* args.c: arguments of an attribute */
rl_str rl_attr_label(const rl_build *b, const rl_attr *attr); /* "@@unique" */
/* Returns the argument with this name, or the unnamed one if `positional`; NULL: none. Marks it as taken. */
rl_ast_arg *rl_attr_take(rl_attr *attr, const char *name, bool positional);
/* Reads a string that is not empty. Returns false if it is absent, and after a report. */
bool rl_attr_text(rl_build *b, rl_attr *attr, const char *name, bool positional, rl_str *out);
bool rl_attr_bool(rl_build *b, rl_attr *attr, const char *name, bool *out);
bool rl_expr_int(const rl_ast_expr *e, int64_t *out);
/* Returns the list of an argument; NULL: not a list. As in Prisma, a single name counts as a list of one. */
rl_ast_expr *rl_ast_list(rl_build *b, const rl_ast_arg *arg);
/* Reports arguments that were not taken. `known` is NULL-terminated. */
void rl_attr_finish(rl_build *b, rl_attr *attr, const char *const *known);
const char *rl_expr_noun(const rl_ast_expr *e); /* "a number" */

/* Lookups */
rl_field_info *rl_info_field(rl_build *b, const rl_model_info *m, rl_str name); /* NULL: unknown */
rl_str rl_suggest_field(rl_build *b, const rl_model_info *m, rl_str written);
const char *rl_scalar_name(rl_scalar s);
static inline const rl_schema_rules *rl_rules(const rl_build *b) {
  return rl_rules_of(b->schema->provider);
}
static inline const char *rl_title(const rl_build *b) {
  return rl_provider_title(b->schema->provider);
}

#endif
