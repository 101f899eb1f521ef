/* The public functions that read a schema. */
#include <rille/model.h>

#include "api/handle.h"
#include "schema/field_rules.h"
#include "tape/decimal.h"

static rille_text text_of(rl_str s) {
  return (rille_text){s.p, s.len};
}

static const rl_model *model_at(const rille_schema *s, int32_t model) {
  return model >= 0 && (size_t)model < s->schema->model_count ? s->schema->models[model] : NULL;
}

static const rl_field *field_at(const rille_schema *s, int32_t model, uint32_t field) {
  const rl_model *m = model_at(s, model);
  return m && field < m->field_count ? &m->fields[field] : NULL;
}

int rille_schema_model_get(const rille_schema *s, int32_t model, rille_model_info *out) {
  const rl_model *m = model_at(s, model);
  if (!m) return 0;
  rille_model_info full = {.field_count = (uint32_t)m->field_count,
                           .key_count = (uint32_t)m->index_count,
                           .view = m->is_view,
                           .ignored = m->ignored,
                           .name = text_of(m->name),
                           .snake = text_of(m->client_names[0]),
                           .camel = text_of(m->client_names[1]),
                           .table = text_of(m->table),
                           .schema_ = text_of(m->namespace_),
                           .doc = text_of(m->doc),
                           .touch_count = (uint32_t)m->touch_count};
  rl_write_struct(out, &full, sizeof full);
  return 1;
}

int rille_schema_touch_get(const rille_schema *s, int32_t model, uint32_t touch, int32_t *other) {
  const rl_model *m = model_at(s, model);
  if (!m || touch >= m->touch_count) return 0;
  *other = (int32_t)m->touches[touch]->index;
  return 1;
}

/* ------------------------------------------------------------------ fields */

static const char *const scalar_names[] = {
    [RL_STRING] = "String",     [RL_BOOLEAN] = "Boolean", [RL_INT] = "Int",
    [RL_BIGINT] = "BigInt",     [RL_FLOAT] = "Float",     [RL_DECIMAL] = "Decimal",
    [RL_DATETIME] = "DateTime", [RL_JSON] = "Json",       [RL_BYTES] = "Bytes"};

static const char *default_kind(const rl_field *f) {
  switch (f->def.kind) {
  case RL_DEFAULT_LITERAL: return "literal";
  case RL_DEFAULT_LIST: return "list";
  case RL_DEFAULT_AUTOINCREMENT: return "autoincrement";
  case RL_DEFAULT_NOW: return "now";
  case RL_DEFAULT_UUID4:
  case RL_DEFAULT_UUID7: return "uuid";
  case RL_DEFAULT_CUID:
  case RL_DEFAULT_CUID2: return "cuid";
  case RL_DEFAULT_ULID: return "ulid";
  case RL_DEFAULT_NANOID: return "nanoid";
  case RL_DEFAULT_DBGENERATED: return "dbgenerated";
  case RL_DEFAULT_SEQUENCE: return "sequence";
  default: return "";
  }
}

static void scalar_info(const rl_field *f, rille_field_info *out) {
  const rl_type *t = &f->type;
  out->column = text_of(f->column);
  out->native_count = t->native ? t->arg_count : 0;
  out->native_args[0] = t->args[0];
  out->native_args[1] = t->args[1];
  if (t->native) out->native = text_of(rl_str_of(rl_native_name(t->native)));
  if (t->scalar == RL_ENUM) {
    out->kind = RILLE_FIELD_ENUM;
    out->type = text_of(t->enumeration->name);
    for (size_t i = 0; i < f->model->schema->enum_count; i++)
      if (f->model->schema->enums[i] == t->enumeration) out->enum_ = (int32_t)i;
  } else if (t->scalar == RL_UNSUPPORTED) {
    out->kind = RILLE_FIELD_UNSUPPORTED;
    out->type = text_of(rl_str_of(t->unsupported));
  } else {
    out->kind = RILLE_FIELD_SCALAR;
    out->type = text_of(rl_str_of(scalar_names[t->scalar]));
  }
}

static const char *action_word(const rl_relation *relation, rl_action_ref action) {
  static const char *const words[] = {[RL_REF_CASCADE] = "Cascade",
                                      [RL_REF_RESTRICT] = "Restrict",
                                      [RL_REF_NO_ACTION] = "NoAction",
                                      [RL_REF_SET_NULL] = "SetNull",
                                      [RL_REF_SET_DEFAULT] = "SetDefault"};
  return relation->kind == RL_MANY_TO_MANY ? "" : words[action];
}

static void relation_info(const rille_schema *s, const rl_field *f, rille_field_info *out) {
  static const int32_t kinds[] = {[RL_ONE_TO_ONE] = RILLE_RELATION_ONE_TO_ONE,
                                  [RL_ONE_TO_MANY] = RILLE_RELATION_ONE_TO_MANY,
                                  [RL_MANY_TO_MANY] = RILLE_RELATION_MANY_TO_MANY};
  out->kind = RILLE_FIELD_RELATION;
  out->type = text_of(f->target->name);
  out->target = (int32_t)f->target->index;
  out->opposite = (int32_t)f->opposite->index;
  out->relation = kinds[f->relation->kind];
  out->holds_key = f->holds_key;
  out->pair_count = (uint32_t)f->relation->count;
  out->relation_name = text_of(f->relation->name);
  out->on_delete = action_word(f->relation, f->relation->on_delete);
  out->on_update = action_word(f->relation, f->relation->on_update);
  out->emulated = s->schema->relation_mode_prisma;
}

static uint32_t default_count(const rl_field *f) {
  if (f->def.kind == RL_DEFAULT_LITERAL) return 1;
  return f->def.kind == RL_DEFAULT_LIST ? (uint32_t)f->def.item_count : 0;
}

static uint32_t rule_count(const rl_field *f) {
  const rl_field_rules *r = f->rules;
  return r ? (uint32_t)(r->trim + r->lowercase + r->check_count + (r->message.len > 0)) : 0;
}

int rille_schema_field_get(const rille_schema *s, int32_t model, uint32_t field, rille_field_info *out) {
  const rl_field *f = field_at(s, model, field);
  if (!f) return 0;
  rille_field_info full = {.name = text_of(f->name),
                           .doc = text_of(f->doc),
                           .list = f->list,
                           .required = f->required,
                           .ignored = f->ignored,
                           .is_id = f->is_id,
                           .is_unique = f->is_unique,
                           .updated_at = f->updated_at,
                           .by_database = f->generated_by_db,
                           .has_default = f->def.kind != RL_DEFAULT_NONE || f->generated_by_db,
                           .default_kind = default_kind(f),
                           .rule_count = rule_count(f),
                           .default_count = default_count(f),
                           .expression = text_of(f->def.expression),
                           .enum_ = -1,
                           .target = -1,
                           .opposite = -1};
  if (f->is_relation)
    relation_info(s, f, &full);
  else
    scalar_info(f, &full);
  rl_write_struct(out, &full, sizeof full);
  return 1;
}

int rille_schema_pair_get(const rille_schema *s, int32_t model, uint32_t field, uint32_t pair, uint32_t *own,
                          uint32_t *other) {
  const rl_field *f = field_at(s, model, field);
  if (!f || !f->is_relation || pair >= f->relation->count) return 0;
  const rl_field *key = f->relation->fields[pair], *referenced = f->relation->references[pair];
  *own = f->holds_key ? key->index : referenced->index;
  *other = f->holds_key ? referenced->index : key->index;
  return 1;
}

/* ------------------------------------------------------------------ rules */

/* A check, or NULL and the kind of another rule; kind 0: there is none. */
static const rl_rule *rule_at(const rl_field *f, uint32_t number, int32_t *kind) {
  static const int32_t kinds[] = {[RL_RULE_LENGTH] = RILLE_RULE_LENGTH,   [RL_RULE_RANGE] = RILLE_RULE_RANGE,
                                  [RL_RULE_EMAIL] = RILLE_RULE_EMAIL,     [RL_RULE_URL] = RILLE_RULE_URL,
                                  [RL_RULE_PATTERN] = RILLE_RULE_PATTERN, [RL_RULE_ONE_OF] = RILLE_RULE_ONE_OF};
  const rl_field_rules *r = f ? f->rules : NULL;
  *kind = 0;
  if (!r || number >= rule_count(f)) return NULL;
  if (r->trim && number-- == 0) *kind = RILLE_RULE_TRIM;
  if (!*kind && r->lowercase && number-- == 0) *kind = RILLE_RULE_LOWERCASE;
  if (*kind) return NULL;
  if (number == r->check_count) *kind = RILLE_RULE_MESSAGE;
  if (*kind) return NULL;
  *kind = kinds[r->checks[number].kind];
  return &r->checks[number];
}

static rille_value bound_of(const rl_bound *b) {
  return b->given ? b->value : (rille_value){.kind = RILLE_NULL};
}

int rille_schema_rule_get(const rille_schema *s, int32_t model, uint32_t field, uint32_t rule, rille_rule_info *out) {
  const rl_field *f = field_at(s, model, field);
  int32_t kind;
  const rl_rule *r = rule_at(f, rule, &kind);
  if (!kind) return 0;
  rille_rule_info full = {.kind = kind};
  if (r) {
    full.word = text_of(rl_str_of(rl_rule_word(r->kind)));
    full.text = text_of(r->text);
    full.min_text = text_of(r->min.text);
    full.max_text = text_of(r->max.text);
    full.min = bound_of(&r->min);
    full.max = bound_of(&r->max);
    full.value_count = (uint32_t)r->item_count;
  } else {
    const char *word = kind == RILLE_RULE_TRIM ? "trim" : kind == RILLE_RULE_LOWERCASE ? "lowercase" : "message";
    full.word = text_of(rl_str_of(word));
    if (kind == RILLE_RULE_MESSAGE) full.text = text_of(f->rules->message);
  }
  rl_write_struct(out, &full, sizeof full);
  return 1;
}

int rille_schema_rule_value(const rille_schema *s, int32_t model, uint32_t field, uint32_t rule, uint32_t value,
                            rille_value *out) {
  int32_t kind;
  const rl_rule *r = rule_at(field_at(s, model, field), rule, &kind);
  if (!r || value >= r->item_count) return 0;
  *out = r->items[value];
  return 1;
}

/* ------------------------------------------------------------------ defaults */

static rille_value number_value(const rl_field *f, rl_str digits) {
  rille_value v = {.kind = RILLE_DECIMAL, .len = (uint32_t)digits.len, .as.p = digits.p};
  rl_decimal *d = NULL;
  if (f->type.scalar == RL_DECIMAL || rl_decimal_parse(digits, &d, NULL) != RILLE_OK) return v;
  if (f->type.scalar == RL_FLOAT) v = (rille_value){.kind = RILLE_FLOAT, .as.f = rl_decimal_to_float(d)};
  int64_t i;
  if (f->type.scalar != RL_FLOAT && rl_decimal_to_int(d, &i)) v = (rille_value){.kind = RILLE_INT, .as.i = i};
  rl_decimal_free(d);
  return v;
}

int rille_schema_default_get(const rille_schema *s, int32_t model, uint32_t field, uint32_t element, rille_value *out) {
  const rl_field *f = field_at(s, model, field);
  if (!f || element >= default_count(f)) return 0;
  const rl_literal *l = f->def.kind == RL_DEFAULT_LIST ? &f->def.items[element] : &f->def.literal;
  *out = (rille_value){.kind = f->type.scalar == RL_JSON ? RILLE_JSON : RILLE_TEXT, .len = (uint32_t)l->text.len};
  out->as.p = l->text.p;
  if (l->kind == RL_LITERAL_BOOL) *out = (rille_value){.kind = RILLE_BOOL, .as.i = rl_str_is(l->text, "true")};
  if (l->kind == RL_LITERAL_NUMBER && f->type.scalar != RL_JSON) *out = number_value(f, l->text);
  return 1;
}

/* ------------------------------------------------------------------ keys */

static const rl_index *key_at(const rille_schema *s, int32_t model, uint32_t key) {
  const rl_model *m = model_at(s, model);
  return m && key < m->index_count ? &m->indexes[key] : NULL;
}

int rille_schema_key_get(const rille_schema *s, int32_t model, uint32_t key, rille_key_info *out) {
  const rl_index *k = key_at(s, model, key);
  if (!k) return 0;
  rille_key_info full = {.kind = k->kind == RL_INDEX_PRIMARY  ? RILLE_KEY_PRIMARY
                                 : k->kind == RL_INDEX_UNIQUE ? RILLE_KEY_UNIQUE
                                                              : RILLE_KEY_INDEX,
                         .field_count = (uint32_t)k->count,
                         .names_row = rl_index_names_row(k),
                         .client_name = text_of(k->client_name),
                         .name = text_of(k->name)};
  rl_write_struct(out, &full, sizeof full);
  return 1;
}

int rille_schema_key_field(const rille_schema *s, int32_t model, uint32_t key, uint32_t position, uint32_t *field) {
  const rl_index *k = key_at(s, model, key);
  if (!k || position >= k->count) return 0;
  *field = k->fields[position].field->index;
  return 1;
}

/* ------------------------------------------------------------------ enums */

uint32_t rille_schema_enum_count(const rille_schema *s) {
  return (uint32_t)s->schema->enum_count;
}

int rille_schema_enum_get(const rille_schema *s, uint32_t number, rille_enum_info *out) {
  if (number >= s->schema->enum_count) return 0;
  const rl_enum *e = s->schema->enums[number];
  rille_enum_info full = {
      .value_count = (uint32_t)e->count, .name = text_of(e->name), .type = text_of(e->table), .doc = text_of(e->doc)};
  rl_write_struct(out, &full, sizeof full);
  return 1;
}

int rille_schema_enum_value_get(const rille_schema *s, uint32_t number, uint32_t value, rille_enum_value_info *out) {
  if (number >= s->schema->enum_count || value >= s->schema->enums[number]->count) return 0;
  const rl_enum_value *v = &s->schema->enums[number]->values[value];
  rille_enum_value_info full = {.name = text_of(v->name), .value = text_of(v->column), .doc = text_of(v->doc)};
  rl_write_struct(out, &full, sizeof full);
  return 1;
}
