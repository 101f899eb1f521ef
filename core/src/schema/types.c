/* Models, views, enums and the types of fields. Names are collected first, so the order of blocks does not matter. */
#include "schema/resolve.h"

static const char *const scalars[] = {"String",  "Boolean",  "Int",  "BigInt", "Float",
                                      "Decimal", "DateTime", "Json", "Bytes"};
enum { SCALAR_COUNT = sizeof scalars / sizeof scalars[0] };

static bool is_scalar(rl_str name, rl_scalar *out) {
  for (int i = 0; i < SCALAR_COUNT; i++) {
    if (!rl_str_is(name, scalars[i])) continue;
    *out = (rl_scalar)i;
    return true;
  }
  return false;
}

static bool is_model(const rl_block *block) {
  return block->kind == RL_BLOCK_MODEL || block->kind == RL_BLOCK_VIEW;
}
static bool is_named(const rl_block *block) {
  return is_model(block) || block->kind == RL_BLOCK_ENUM || block->kind == RL_BLOCK_TYPE;
}

static void collect_name(rl_build *b, rl_block *block) {
  rl_scalar scalar;
  rl_check_identifier(b, block->name_span, block->name, "block");
  if (is_scalar(block->name, &scalar) || rl_str_is(block->name, "Unsupported"))
    rl_report(b, block->name_span, "`%.*s` is the name of a built-in type; choose another.", RL_STR_ARG(block->name));
  else if (rl_is_reserved(block->name))
    rl_report(b, block->name_span,
              "`%.*s` is a reserved name; choose another (and keep the table with `@@map(\"%.*s\")`).",
              RL_STR_ARG(block->name), RL_STR_ARG(block->name));
  rl_block *other = rl_map_get(&b->names, block->name);
  if (other) {
    rl_report(b, block->name_span, "There is already a%s %.*s `%.*s`.", other->kind == RL_BLOCK_ENUM ? "n" : "",
              RL_STR_ARG(other->keyword), RL_STR_ARG(block->name));
    return;
  }
  if (block->kind == RL_BLOCK_TYPE)
    rl_report(b, block->span,
              "Composite types exist only on MongoDB. Make `%.*s` a model, or use a field of type Json.",
              RL_STR_ARG(block->name));
  rl_build_put(b, &b->names, block->name, block);
}

/* ---- enums */

static void resolve_values(rl_build *b, rl_block *block, rl_enum *e) {
  size_t count = 0;
  for (rl_item *i = block->items; i; i = i->next) count += i->kind == RL_ITEM_VALUE;
  e->values = RL_KEEP_ARRAY(b, rl_enum_value, count);
  rl_map_dispose(&b->scratch);
  for (rl_item *i = block->items; i; i = i->next) {
    if (i->kind != RL_ITEM_VALUE) continue;
    rl_check_identifier(b, i->name_span, i->name, "value");
    if (rl_map_get(&b->scratch, i->name))
      rl_report(b, i->name_span, "The enum `%.*s` has the value `%.*s` twice.", RL_STR_ARG(block->name),
                RL_STR_ARG(i->name));
    rl_build_put(b, &b->scratch, i->name, i);
    e->values[e->count++] = (rl_enum_value){i->name, i->name, i->doc};
  }
  if (!count) rl_report(b, block->name_span, "The enum `%.*s` has no values.", RL_STR_ARG(block->name));
}

static void resolve_enums(rl_build *b) {
  rl_schema *s = b->schema;
  size_t count = 0;
  for (rl_block *block = b->blocks; block; block = block->next) count += block->kind == RL_BLOCK_ENUM;
  s->enums = RL_KEEP_ARRAY(b, rl_enum *, count);
  for (rl_block *block = b->blocks; block; block = block->next) {
    if (block->kind != RL_BLOCK_ENUM) continue;
    rl_enum *e = RL_KEEP(b, rl_enum);
    e->name = e->table = block->name;
    e->doc = block->doc;
    e->schema = s;
    s->enums[s->enum_count++] = e;
    if (!rl_map_get(&s->enums_by_name, e->name)) rl_build_put(b, &s->enums_by_name, e->name, e);
    resolve_values(b, block, e);
  }
}

/* ---- models */

static void new_model(rl_build *b, rl_block *block, rl_model_info *info) {
  rl_schema *s = b->schema;
  rl_model *m = RL_KEEP(b, rl_model);
  rl_map_init(&m->by_name);
  info->ast = block;
  info->model = m;
  m->name = m->table = block->name;
  m->doc = block->doc;
  m->is_view = block->kind == RL_BLOCK_VIEW;
  m->index = (uint32_t)s->model_count;
  m->schema = s;
  s->models[s->model_count++] = m;
  if (!rl_map_get(&s->models_by_name, m->name)) rl_build_put(b, &s->models_by_name, m->name, m);
  size_t count = 0;
  for (rl_item *i = block->items; i; i = i->next) count += i->kind == RL_ITEM_FIELD;
  m->fields = RL_KEEP_ARRAY(b, rl_field, count);
  m->columns = RL_KEEP_ARRAY(b, const rl_field *, count);
  m->relations = RL_KEEP_ARRAY(b, const rl_field *, count);
  info->fields = RL_TEMP_ARRAY(b, rl_field_info, count);
}

static void report_unknown_type(rl_build *b, const rl_item *item) {
  size_t count = SCALAR_COUNT;
  rl_str *names = RL_TEMP_ARRAY(b, rl_str, SCALAR_COUNT + b->names.count);
  for (size_t i = 0; i < SCALAR_COUNT; i++) names[i] = rl_str_of(scalars[i]);
  for (size_t i = 0; i < b->names.count; i++) names[count++] = b->names.entries[i].key;
  rl_str hint = rl_suggest(b, item->type, names, count);
  rl_report(b, item->type_span, "The type `%.*s` is unknown: it is not a built-in type, model or enum.%.*s",
            RL_STR_ARG(item->type), RL_STR_ARG(hint));
}

static void resolve_type(rl_build *b, rl_model_info *m, rl_field_info *info) {
  rl_field *f = info->field;
  rl_item *item = info->ast;
  if (item->unsupported) {
    f->type.scalar = RL_UNSUPPORTED;
    f->ignored = true;
    rl_str text = item->unsupported->value;
    char *copy = RL_KEEP_ARRAY(b, char, text.len + 1);
    memcpy(copy, text.p, text.len);
    f->type.unsupported = copy;
    return;
  }
  if (is_scalar(item->type, &f->type.scalar)) return;
  const rl_block *block = rl_map_get(&b->names, item->type);
  if (block && is_model(block)) {
    f->is_relation = true;
    f->target = rl_map_get(&b->schema->models_by_name, item->type);
  } else if (block && block->kind == RL_BLOCK_ENUM) {
    f->type.scalar = RL_ENUM;
    f->type.enumeration = rl_map_get(&b->schema->enums_by_name, item->type);
  } else {
    /* a composite type was reported at its definition */
    f->type.scalar = RL_UNSUPPORTED;
    f->type.unsupported = "";
    m->has_bad_field = true;
    if (!block) report_unknown_type(b, item);
  }
}

static void check_list(rl_build *b, const rl_field_info *info) {
  const rl_field *f = info->field;
  bool unknown = f->type.scalar == RL_UNSUPPORTED && !info->ast->unsupported;
  if (!f->list || f->is_relation || unknown || rl_rules(b)->scalar_lists) return;
  rl_report(b, info->ast->type_span,
            "%s has no lists: the field `%.*s` cannot be `%.*s[]`. Use a separate model, or Json.", rl_title(b),
            RL_STR_ARG(f->name), RL_STR_ARG(info->ast->type_text));
}

static void add_field(rl_build *b, rl_model_info *info, rl_item *item) {
  rl_model *m = info->model;
  rl_check_identifier(b, item->name_span, item->name, "field");
  if (rl_map_get(&m->by_name, item->name)) {
    rl_report(b, item->name_span, "The %.*s `%.*s` already has a field `%.*s`.", RL_STR_ARG(info->ast->keyword),
              RL_STR_ARG(m->name), RL_STR_ARG(item->name));
    return;
  }
  rl_field *f = &m->fields[m->field_count];
  rl_field_info *fi = &info->fields[m->field_count];
  fi->ast = item;
  fi->field = f;
  f->index = (uint32_t)m->field_count++;
  f->name = item->name;
  f->doc = item->doc;
  f->model = m;
  f->list = f->type.list = item->arity == RL_ARITY_LIST;
  f->required = item->arity == RL_ARITY_REQUIRED;
  rl_build_put(b, &m->by_name, f->name, f);
  resolve_type(b, info, fi);
  check_list(b, fi);
  if (f->is_relation) {
    m->relations[m->relation_count++] = f;
  } else {
    f->column = f->name;
    f->column_index = (uint32_t)m->column_count;
    m->columns[m->column_count++] = f;
  }
}

void rl_resolve_types(rl_build *b) {
  rl_schema *s = b->schema;
  size_t models = 0;
  for (rl_block *block = b->blocks; block; block = block->next) {
    if (is_named(block)) collect_name(b, block);
    models += is_model(block);
  }
  resolve_enums(b);
  s->models = RL_KEEP_ARRAY(b, rl_model *, models);
  b->models = RL_TEMP_ARRAY(b, rl_model_info, models);
  for (rl_block *block = b->blocks; block; block = block->next)
    if (is_model(block)) new_model(b, block, &b->models[s->model_count]);
  for (size_t i = 0; i < s->model_count; i++) {
    for (rl_item *item = b->models[i].ast->items; item; item = item->next) {
      if (item->kind == RL_ITEM_FIELD) add_field(b, &b->models[i], item);
      if (item->kind == RL_ITEM_RAW) b->models[i].has_bad_field = true;
    }
  }
}

rl_field_info *rl_info_field(rl_build *b, const rl_model_info *m, rl_str name) {
  (void)b;
  const rl_field *f = rl_map_get(&m->model->by_name, name);
  return f ? &m->fields[f->index] : NULL;
}

rl_str rl_suggest_field(rl_build *b, const rl_model_info *m, rl_str written) {
  rl_str *names = RL_TEMP_ARRAY(b, rl_str, m->model->field_count);
  for (size_t i = 0; i < m->model->field_count; i++) names[i] = m->model->fields[i].name;
  return rl_suggest(b, written, names, m->model->field_count);
}
