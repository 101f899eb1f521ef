/* Pairs the relation fields of two models, and builds a relation from each pair. */
#include "schema/resolve.h"

static rl_model_info *info_of(rl_build *b, const rl_model *m) {
  return &b->models[m->index];
}

static bool same_relation(const rl_field_info *a, const rl_field_info *z) {
  return a->field->target == z->field->target && rl_str_eq(a->relation_name, z->relation_name);
}

/* Counts the relation fields of this model with the same target and the same name. */
static size_t group_of(rl_model_info *m, const rl_field_info *fi, rl_str *names, bool *first) {
  size_t count = 0;
  for (size_t i = 0; i < m->model->relation_count; i++) {
    const rl_field_info *other = &m->fields[m->model->relations[i]->index];
    if (!same_relation(fi, other)) continue;
    if (!count) *first = other == fi;
    names[count++] = other->field->name;
  }
  return count;
}

/* A model has one field per relation, or two if it relates to itself. Names distinguish several relations. */
static void check_ambiguity(rl_build *b, rl_model_info *m, rl_field_info *fi) {
  bool first = false, self = fi->field->target == m->model, named = fi->relation_name.len > 0;
  rl_str *names = RL_TEMP_ARRAY(b, rl_str, m->model->relation_count);
  size_t count = group_of(m, fi, names, &first);
  if (count < 2 || (self && named && count == 2)) return;
  fi->bad_relation = true;
  if (!first) return;
  rl_str list = rl_build_join(b, &b->temp, names, count, ", ");
  rl_str target = fi->field->target->name;
  if (self && !named)
    rl_report(b, fi->ast->name_span,
              "`%.*s` relates to itself through the fields %.*s: name the relation on both of its sides, with "
              "`@relation(\"name\")`.",
              RL_STR_ARG(target), RL_STR_ARG(list));
  else if (named)
    rl_report(b, fi->ast->name_span,
              "The fields %.*s all belong to the relation \"%.*s\": each relation needs its own name.",
              RL_STR_ARG(list), RL_STR_ARG(fi->relation_name));
  else
    rl_report(b, fi->ast->name_span,
              "The fields %.*s all lead to `%.*s`: give each relation a name, with `@relation(\"name\")` on "
              "both sides.",
              RL_STR_ARG(list), RL_STR_ARG(target));
}

static rl_field_info *find_opposite(rl_build *b, const rl_field_info *fi) {
  rl_model_info *t = info_of(b, fi->field->target);
  for (size_t i = 0; i < t->model->relation_count; i++) {
    rl_field_info *other = &t->fields[t->model->relations[i]->index];
    if (other != fi && other->field->target == fi->field->model && rl_str_eq(other->relation_name, fi->relation_name))
      return other;
  }
  return NULL;
}

static void report_missing_opposite(rl_build *b, const rl_field_info *fi) {
  const rl_model *target = fi->field->target;
  if (info_of(b, target)->has_bad_field || fi->bad_relation) return;
  rl_str name = fi->relation_name, model = fi->field->model->name, hint;
  char first = model.p[0] >= 'A' && model.p[0] <= 'Z' ? (char)(model.p[0] - 'A' + 'a') : model.p[0];
  rl_str rest = rl_str_make(model.p + 1, model.len - 1);
  rl_str quoted = name.len ? rl_build_format(b, &b->temp, "\"%.*s\"", RL_STR_ARG(name)) : RL_STR("");
  if (fi->field->list)
    hint = rl_build_format(b, &b->temp, "%c%.*s %.*s @relation(%.*s%sfields: [...], references: [...])", first,
                           RL_STR_ARG(rest), RL_STR_ARG(model), RL_STR_ARG(quoted), name.len ? ", " : "");
  else
    hint = rl_build_format(b, &b->temp, "%c%.*ss %.*s[]%s%.*s%s", first, RL_STR_ARG(rest), RL_STR_ARG(model),
                           name.len ? " @relation(" : "", RL_STR_ARG(quoted), name.len ? ")" : "");
  rl_report(b, fi->ast->name_span, "The relation `%.*s` has no opposite field on `%.*s`: add one there, like `%.*s`.",
            RL_STR_ARG(fi->field->name), RL_STR_ARG(target->name), RL_STR_ARG(hint));
}

static void check_ignored(rl_build *b, const rl_field_info *fi) {
  if (!fi->field->target->ignored || fi->field->ignored || fi->field->model->ignored) return;
  rl_report(b, fi->ast->span, "The model `%.*s` is ignored, so the relation `%.*s` needs `@ignore` too.",
            RL_STR_ARG(fi->field->target->name), RL_STR_ARG(fi->field->name));
}

/* Orders the sides if nothing else decides: by the names of the models, then of the fields. */
static bool comes_first(const rl_field_info *a, const rl_field_info *z) {
  int order = rl_str_cmp(a->field->model->name, z->field->model->name);
  return order ? order < 0 : rl_str_cmp(a->field->name, z->field->name) <= 0;
}

/* Returns whether the field is the referencing side, or is meant to be. */
static bool is_key_side(const rl_field_info *fi, const rl_field_info *other) {
  if (fi->field->list != other->field->list) return !fi->field->list;
  if (fi->field->list) return comes_first(fi, other);
  bool mine = fi->fields_arg != NULL, theirs = other->fields_arg != NULL;
  if (mine != theirs) return mine;
  if (fi->field->required != other->field->required) return fi->field->required;
  return comes_first(fi, other);
}

static rl_str default_name(rl_build *b, const rl_field_info *a, const rl_field_info *z) {
  rl_str x = a->field->model->name, y = z->field->model->name;
  if (rl_str_cmp(x, y) > 0) {
    rl_str swap = x;
    x = y;
    y = swap;
  }
  rl_str parts[] = {x, y};
  return rl_build_join(b, b->keep, parts, 2, "To");
}

/* A key of several fields is required if one of them is. */
static rl_action_ref default_on_delete(const rl_field_info *key) {
  for (size_t i = 0; i < key->field_count; i++)
    if (key->fields[i]->required) return RL_REF_RESTRICT;
  return key->field->required ? RL_REF_RESTRICT : RL_REF_SET_NULL;
}

static void fill_key(rl_relation *r, const rl_field_info *key) {
  r->fields = key->fields;
  r->references = key->references;
  r->count = key->field_count;
  r->on_delete_given = key->on_delete_arg != NULL;
  r->on_update_given = key->on_update_arg != NULL;
  r->on_delete = r->on_delete_given ? key->on_delete : default_on_delete(key);
  r->on_update = r->on_update_given ? key->on_update : RL_REF_CASCADE;
  if (key->map_arg && key->map_arg->value) r->constraint = key->map_arg->value->value;
}

static void build_relation(rl_build *b, rl_field_info *key, rl_field_info *other) {
  bool many = key->field->list;
  if (many)
    rl_check_many_to_many(b, key, other);
  else
    rl_check_inline(b, key, other);
  rl_relation *r = RL_KEEP(b, rl_relation);
  r->name = key->relation_name.len ? key->relation_name : default_name(b, key, other);
  r->kind = many ? RL_MANY_TO_MANY : other->field->list ? RL_ONE_TO_MANY : RL_ONE_TO_ONE;
  r->key_side = key->field;
  r->other_side = other->field;
  key->field->relation = other->field->relation = r;
  key->field->opposite = other->field;
  other->field->opposite = key->field;
  if (many) {
    r->on_delete = r->on_update = RL_REF_CASCADE;
    r->join_namespace = key->field->model->namespace_;
  } else if (key->fields && key->references && key->field_count == key->reference_count) {
    key->field->holds_key = true;
    fill_key(r, key);
  }
  b->schema->relations[b->schema->relation_count++] = r;
}

static void pair_field(rl_build *b, rl_field_info *fi) {
  check_ignored(b, fi);
  if (fi->bad_relation && !fi->fields_arg && !fi->references_arg) return;
  rl_field_info *other = find_opposite(b, fi);
  if (!other)
    report_missing_opposite(b, fi);
  else if (!fi->field->relation && !other->field->relation && is_key_side(fi, other))
    build_relation(b, fi, other);
}

void rl_resolve_relations(rl_build *b) {
  rl_schema *s = b->schema;
  size_t count = 0;
  for (size_t i = 0; i < s->model_count; i++) {
    rl_model_info *m = &b->models[i];
    count += m->model->relation_count;
    for (size_t k = 0; k < m->model->relation_count; k++)
      check_ambiguity(b, m, &m->fields[m->model->relations[k]->index]);
  }
  s->relations = RL_KEEP_ARRAY(b, rl_relation *, count);
  for (size_t i = 0; i < s->model_count; i++) {
    rl_model_info *m = &b->models[i];
    for (size_t k = 0; k < m->model->relation_count; k++) pair_field(b, &m->fields[m->model->relations[k]->index]);
  }
}
