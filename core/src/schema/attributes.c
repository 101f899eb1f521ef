/* Attributes of fields, models and enums: which exist, how often, and where. Keys, defaults and relations are passed
 * on.
 */
#include "schema/resolve.h"

static bool is_native_attribute(const rl_attr *a) {
  return memchr(a->name.p, '.', a->name.len) != NULL;
}

/* Returns the attribute with this name, marks it as taken, and reports others with the same name. */
static rl_attr *take_attribute(rl_build *b, rl_attr *attrs, const char *name) {
  rl_attr *found = NULL;
  for (rl_attr *a = attrs; a; a = a->next) {
    if (!rl_str_is(a->name, name)) continue;
    if (found)
      rl_report(b, a->span, "`%.*s` can be given only once.", RL_STR_ARG(rl_attr_label(b, a)));
    else
      found = a;
    a->taken = true;
  }
  return found;
}

static void check_no_arguments(rl_build *b, rl_attr *a) {
  if (a->count) rl_report(b, a->span, "`%.*s` has no arguments.", RL_STR_ARG(rl_attr_label(b, a)));
}

static bool read_mapped_name(rl_build *b, rl_attr *a, rl_str *out) {
  static const char *const known[] = {"name", NULL};
  bool ok = false;
  if (!a->count)
    rl_report(b, a->span, "`%.*s` needs the name in the database: `%.*s(\"name\")`.", RL_STR_ARG(rl_attr_label(b, a)),
              RL_STR_ARG(rl_attr_label(b, a)));
  else
    ok = rl_attr_text(b, a, "name", true, out);
  rl_attr_finish(b, a, known);
  return ok;
}

static void report_unknown_attributes(rl_build *b, rl_attr *attrs, const char *const *known, const char *where) {
  for (rl_attr *a = attrs; a; a = a->next) {
    if (a->taken) continue;
    rl_str label = rl_attr_label(b, a), hint = rl_suggest_of(b, a->name, known);
    rl_report(b, a->span, "There is no attribute `%.*s` for %s.%.*s", RL_STR_ARG(label), where, RL_STR_ARG(hint));
  }
}

/* ---- fields */

static void report_relation(rl_build *b, rl_attr *a, const rl_field *f, const char *hint) {
  rl_report(b, a->span, "`%.*s` belongs to a scalar field; `%.*s` is a relation.%s", RL_STR_ARG(rl_attr_label(b, a)),
            RL_STR_ARG(f->name), hint);
}

static void resolve_column(rl_build *b, rl_field_info *fi) {
  rl_attr *a = take_attribute(b, fi->ast->attrs, "map");
  if (!a) return;
  if (fi->field->is_relation)
    report_relation(b, a, fi->field, " Map the fields of its key instead.");
  else if (read_mapped_name(b, a, &fi->field->column))
    rl_check_name_length(b, a->span, fi->field->column, "A column's name");
}

static void resolve_ignore(rl_build *b, rl_field_info *fi, bool model_ignored) {
  rl_attr *a = take_attribute(b, fi->ast->attrs, "ignore");
  if (!a) return;
  check_no_arguments(b, a);
  if (fi->field->type.scalar == RL_UNSUPPORTED && !fi->field->is_relation)
    rl_report(b, a->span, "A field of type Unsupported is always ignored: leave out `@ignore`.");
  if (model_ignored && !fi->field->is_relation)
    rl_report(b, a->span, "The whole model is ignored: leave out `@ignore`.");
  fi->field->ignored = true;
}

static void resolve_updated_at(rl_build *b, rl_field_info *fi) {
  rl_attr *a = take_attribute(b, fi->ast->attrs, "updatedAt");
  if (!a) return;
  check_no_arguments(b, a);
  if (fi->field->is_relation || fi->field->type.scalar != RL_DATETIME)
    rl_report(b, a->span, "`@updatedAt` belongs to a field of type DateTime.");
  else if (fi->field->list)
    rl_report(b, a->span, "`@updatedAt` cannot be on a list.");
  else
    fi->field->updated_at = true;
}

static void resolve_native(rl_build *b, rl_field_info *fi) {
  rl_attr *found = NULL;
  for (rl_attr *a = fi->ast->attrs; a; a = a->next) {
    if (!is_native_attribute(a)) continue;
    a->taken = true;
    if (found)
      rl_report(b, a->span, "A field can have only one native type.");
    else
      rl_resolve_native(b, fi, a);
    found = a;
  }
}

static void resolve_key_attribute(rl_build *b, rl_model_info *m, rl_field_info *fi, const char *name,
                                  rl_index_kind kind) {
  rl_attr *a = take_attribute(b, fi->ast->attrs, name);
  if (!a) return;
  if (fi->field->is_relation)
    report_relation(b, a, fi->field, " Put it on the fields of its key.");
  else
    rl_resolve_field_key(b, m, fi, a, kind);
}

static void resolve_field(rl_build *b, rl_model_info *m, rl_field_info *fi) {
  static const char *const known[] = {"id", "unique", "default", "relation", "map", "updatedAt", "ignore", NULL};
  rl_attr *attrs = fi->ast->attrs, *a;
  resolve_ignore(b, fi, m->model->ignored);
  resolve_updated_at(b, fi);
  resolve_native(b, fi);
  resolve_key_attribute(b, m, fi, "id", RL_INDEX_PRIMARY);
  resolve_key_attribute(b, m, fi, "unique", RL_INDEX_UNIQUE);
  if ((a = take_attribute(b, attrs, "default"))) {
    if (fi->field->is_relation)
      report_relation(b, a, fi->field, " A relation has no default.");
    else
      rl_resolve_default(b, fi, a);
  }
  if ((a = take_attribute(b, attrs, "relation"))) {
    if (fi->field->is_relation)
      rl_resolve_relation_attribute(b, m, fi, a);
    else
      rl_report(b, a->span, "`@relation` belongs to a field whose type is a model; `%.*s` is %s.",
                RL_STR_ARG(fi->field->name), rl_scalar_name(fi->field->type.scalar));
  }
  if (rl_rules(b)->shard_keys) take_attribute(b, attrs, "shardKey");
  rl_check_unsupported(b, fi);
  report_unknown_attributes(b, attrs, known, "a field");
}

/* ---- blocks */

/* Joins the attributes of a block, one per line, into one list. */
static rl_attr *block_attributes(rl_block *block) {
  rl_attr *first = NULL, **end = &first;
  for (rl_item *i = block->items; i; i = i->next) {
    if (i->kind != RL_ITEM_ATTRIBUTE) continue;
    *end = i->attrs;
    end = &i->attrs->next;
  }
  *end = NULL;
  return first;
}

static void resolve_namespace(rl_build *b, rl_attr *attrs, const rl_block *block, rl_str *out) {
  rl_schema *s = b->schema;
  rl_attr *a = take_attribute(b, attrs, "schema");
  if (!a) {
    if (s->namespace_count && rl_rules(b)->known && rl_rules(b)->namespaces)
      rl_report(b, block->name_span,
                "The datasource lists several schemas, so `%.*s` must name its schema: `@@schema(\"%.*s\")`.",
                RL_STR_ARG(block->name), RL_STR_ARG(s->namespaces[0]));
    return;
  }
  if (!read_mapped_name(b, a, out)) return;
  if (!rl_rules(b)->namespaces) {
    rl_report(b, a->span, "%s has no schemas inside a database: leave out `@@schema`.", rl_title(b));
    return;
  }
  for (size_t i = 0; i < s->namespace_count; i++)
    if (rl_str_eq(s->namespaces[i], *out)) return;
  if (b->schema->provider == RL_PROVIDER_NONE) return;
  if (!s->namespace_count) {
    rl_report(b, a->span, "`@@schema` needs a list in the datasource: `schemas = [\"%.*s\"]`.", RL_STR_ARG(*out));
    return;
  }
  rl_str hint = rl_suggest(b, *out, s->namespaces, s->namespace_count);
  rl_report(b, a->span, "The schema `%.*s` is not in the datasource's list `schemas`.%.*s", RL_STR_ARG(*out),
            RL_STR_ARG(hint));
}

static void resolve_table(rl_build *b, rl_attr *attrs, rl_str *out) {
  rl_attr *a = take_attribute(b, attrs, "map");
  if (a && read_mapped_name(b, a, out)) rl_check_name_length(b, a->span, *out, "A name");
}

static void resolve_indexes(rl_build *b, rl_model_info *m, rl_attr *attrs, const char *name, rl_index_kind kind) {
  for (rl_attr *a = attrs; a; a = a->next) {
    if (a->taken || !rl_str_is(a->name, name)) continue;
    a->taken = true;
    rl_resolve_block_index(b, m, a, kind);
  }
}

/* Resolves them in the order of the block, which rl_model.indexes keeps. */
static void resolve_keys_of(rl_build *b, rl_model_info *m, rl_attr *attrs) {
  static const struct {
    const char *name;
    rl_index_kind kind;
  } kinds[] = {{"id", RL_INDEX_PRIMARY},
               {"unique", RL_INDEX_UNIQUE},
               {"index", RL_INDEX_NORMAL},
               {"fulltext", RL_INDEX_FULLTEXT}};
  for (rl_attr *a = attrs; a; a = a->next) {
    rl_attr *rest = a->next;
    a->next = NULL;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) resolve_indexes(b, m, a, kinds[k].name, kinds[k].kind);
    a->next = rest;
  }
}

static void resolve_model(rl_build *b, rl_model_info *m) {
  static const char *const known[] = {"id", "unique", "index", "fulltext", "map", "schema", "ignore", NULL};
  rl_attr *attrs = block_attributes(m->ast), *a;
  resolve_table(b, attrs, &m->model->table);
  resolve_namespace(b, attrs, m->ast, &m->model->namespace_);
  if ((a = take_attribute(b, attrs, "ignore"))) {
    check_no_arguments(b, a);
    m->model->ignored = true;
  }
  for (size_t i = 0; i < m->model->field_count; i++) resolve_column(b, &m->fields[i]);
  for (size_t i = 0; i < m->model->field_count; i++) resolve_field(b, m, &m->fields[i]);
  resolve_keys_of(b, m, attrs);
  if (rl_rules(b)->shard_keys) take_attribute(b, attrs, "shardKey");
  report_unknown_attributes(b, attrs, known, m->model->is_view ? "a view" : "a model");
}

static void resolve_enum(rl_build *b, rl_block *block, rl_enum *e) {
  static const char *const known[] = {"map", "schema", NULL}, *const known_of_value[] = {"map", NULL};
  rl_attr *attrs = block_attributes(block);
  resolve_table(b, attrs, &e->table);
  resolve_namespace(b, attrs, block, &e->namespace_);
  report_unknown_attributes(b, attrs, known, "an enum");
  size_t n = 0;
  rl_map_dispose(&b->scratch);
  for (rl_item *i = block->items; i; i = i->next) {
    if (i->kind != RL_ITEM_VALUE) continue;
    rl_enum_value *v = &e->values[n++];
    rl_attr *a = take_attribute(b, i->attrs, "map");
    if (a) read_mapped_name(b, a, &v->column);
    report_unknown_attributes(b, i->attrs, known_of_value, "a value of an enum");
    if (rl_map_get(&b->scratch, v->column) && !rl_str_eq(v->column, v->name))
      rl_report(b, i->span, "Two values of the enum `%.*s` have the name `%.*s` in the database.", RL_STR_ARG(e->name),
                RL_STR_ARG(v->column));
    rl_build_put(b, &b->scratch, v->column, v);
  }
}

void rl_resolve_attributes(rl_build *b) {
  size_t n = 0;
  for (rl_block *block = b->blocks; block; block = block->next)
    if (block->kind == RL_BLOCK_ENUM) resolve_enum(b, block, b->schema->enums[n++]);
  for (size_t i = 0; i < b->schema->model_count; i++) resolve_model(b, &b->models[i]);
}
