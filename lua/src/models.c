/* A schema as plain tables, for code that generates types, diagrams or rows. */
#include <string.h>

#include "binding.h"

static void set_text(lua_State *L, const char *key, rille_text text) {
  lua_pushlstring(L, text.p ? text.p : "", text.len);
  lua_setfield(L, -2, key);
}

/* Sets nothing if the text is empty. */
static void set_nonempty(lua_State *L, const char *key, rille_text text) {
  if (text.len) set_text(L, key, text);
}

/* Sets true, or nothing. */
static void set_flag(lua_State *L, const char *key, int32_t on) {
  if (!on) return;
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, key);
}

static void push_field_name(lua_State *L, const rille_schema *s, int32_t model, uint32_t field) {
  rille_field_info f;
  memset(&f, 0, sizeof f);
  f.struct_size = (uint32_t)sizeof f;
  rille_schema_field_get(s, model, field, &f);
  lua_pushlstring(L, f.name.p ? f.name.p : "", f.name.len);
}

static void push_model_name(lua_State *L, const rille_schema *s, int32_t model) {
  lua_pushstring(L, rille_schema_model_name(s, model));
}

/* Sets the two lists of fields of the foreign key. */
static void set_key_pairs(lua_State *L, const rille_schema *s, int32_t model, uint32_t field,
                          const rille_field_info *f) {
  uint32_t own = 0, other = 0;
  lua_createtable(L, (int)f->pair_count, 0);
  lua_createtable(L, (int)f->pair_count, 0);
  for (uint32_t i = 0; i < f->pair_count; i++) {
    rille_schema_pair_get(s, model, field, i, &own, &other);
    push_field_name(L, s, model, own);
    lua_rawseti(L, -3, (int)i + 1);
    push_field_name(L, s, f->target, other);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_setfield(L, -3, "other_fields");
  lua_setfield(L, -2, "own_fields");
}

static void set_relation(lua_State *L, const rille_schema *s, int32_t model, uint32_t field,
                         const rille_field_info *f) {
  static const char *const kinds[] = {"", "one_to_one", "one_to_many", "many_to_many"};
  push_model_name(L, s, f->target);
  lua_setfield(L, -2, "target");
  push_field_name(L, s, f->target, (uint32_t)f->opposite);
  lua_setfield(L, -2, "opposite");
  lua_pushstring(L, f->relation > 0 && f->relation < 4 ? kinds[f->relation] : "");
  lua_setfield(L, -2, "relation");
  set_text(L, "relation_name", f->relation_name);
  set_flag(L, "holds_key", f->holds_key);
  if (f->on_delete && *f->on_delete) {
    lua_pushstring(L, f->on_delete);
    lua_setfield(L, -2, "on_delete");
    lua_pushstring(L, f->on_update);
    lua_setfield(L, -2, "on_update");
  }
  set_flag(L, "emulated", f->emulated);
  set_key_pairs(L, s, model, field, f);
}

static void set_native_type(lua_State *L, const rille_field_info *f) {
  set_nonempty(L, "native", f->native);
  if (!f->native_count) return;
  lua_createtable(L, f->native_count, 0);
  for (int i = 0; i < f->native_count && i < 2; i++) {
    lua_pushinteger(L, f->native_args[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "native_args");
}

/* Decimals, date-times and JSON as the schema has them, which is text. */
static void push_plain(lua_State *L, const rille_value *v) {
  if (v->kind == RILLE_BOOL || v->kind == RILLE_INT || v->kind == RILLE_FLOAT)
    rl_push_value(L, NULL, v);
  else
    lua_pushlstring(L, v->as.p ? v->as.p : "", v->len);
}

/* Sets a bound of a rule: numbers as numbers, everything else as written. */
static void set_bound(lua_State *L, const char *key, const rille_value *v, rille_text text) {
  if (v->kind == RILLE_NULL) return;
  if (v->kind == RILLE_INT || v->kind == RILLE_FLOAT)
    push_plain(L, v);
  else
    lua_pushlstring(L, text.p, text.len);
  lua_setfield(L, -2, key);
}

/* Pushes what a rule says: true, a text, { min, max } or the list of values. */
static void push_rule(lua_State *L, const rille_schema *s, int32_t model, uint32_t field, uint32_t rule,
                      const rille_rule_info *r) {
  rille_value v;
  if (r->kind == RILLE_RULE_PATTERN || r->kind == RILLE_RULE_MESSAGE) {
    lua_pushlstring(L, r->text.p, r->text.len);
  } else if (r->kind == RILLE_RULE_LENGTH || r->kind == RILLE_RULE_RANGE) {
    lua_createtable(L, 0, 2);
    set_bound(L, "min", &r->min, r->min_text);
    set_bound(L, "max", &r->max, r->max_text);
  } else if (r->kind == RILLE_RULE_ONE_OF) {
    rl_new_list(L, (int)r->value_count);
    for (uint32_t i = 0; rille_schema_rule_value(s, model, field, rule, i, &v); i++) {
      push_plain(L, &v);
      lua_rawseti(L, -2, (int)i + 1);
    }
  } else {
    lua_pushboolean(L, 1);
  }
}

static void set_rules(lua_State *L, const rille_schema *s, int32_t model, uint32_t field, uint32_t count) {
  if (!count) return;
  lua_createtable(L, 0, (int)count);
  for (uint32_t i = 0; i < count; i++) {
    rille_rule_info r;
    memset(&r, 0, sizeof r);
    r.struct_size = (uint32_t)sizeof r;
    rille_schema_rule_get(s, model, field, i, &r);
    if (r.kind == RILLE_RULE_ONE_OF)
      lua_pushliteral(L, "one_of"); /* a name in Lua */
    else
      lua_pushlstring(L, r.word.p, r.word.len);
    push_rule(L, s, model, field, i, &r);
    lua_rawset(L, -3);
  }
  lua_setfield(L, -2, "rules");
}

static void set_default(lua_State *L, const rille_schema *s, int32_t model, uint32_t field, const rille_field_info *f) {
  rille_value v;
  if (strcmp(f->default_kind, "list") == 0) {
    rl_new_list(L, (int)f->default_count);
    for (uint32_t i = 0; rille_schema_default_get(s, model, field, i, &v); i++) {
      push_plain(L, &v);
      lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "default");
  } else if (rille_schema_default_get(s, model, field, 0, &v)) {
    push_plain(L, &v);
    lua_setfield(L, -2, "default");
  }
  set_nonempty(L, "expression", f->expression);
}

static void push_field(lua_State *L, const rille_schema *s, int32_t model, uint32_t field) {
  static const char *const kinds[] = {"unsupported", "scalar", "enum", "relation", "unsupported"};
  rille_field_info f;
  memset(&f, 0, sizeof f);
  f.struct_size = (uint32_t)sizeof f;
  rille_schema_field_get(s, model, field, &f);
  lua_createtable(L, 0, 16);
  set_text(L, "name", f.name);
  set_text(L, "type", f.type);
  set_nonempty(L, "column", f.column);
  set_nonempty(L, "doc", f.doc);
  lua_pushstring(L, f.kind >= 0 && f.kind <= 4 ? kinds[f.kind] : kinds[0]);
  lua_setfield(L, -2, "kind");
  set_native_type(L, &f);
  set_flag(L, "list", f.list);
  set_flag(L, "required", f.required);
  set_flag(L, "ignored", f.ignored);
  set_flag(L, "is_id", f.is_id);
  set_flag(L, "is_unique", f.is_unique);
  set_flag(L, "updated_at", f.updated_at);
  set_flag(L, "has_default", f.has_default);
  set_flag(L, "by_database", f.by_database);
  if (*f.default_kind) {
    lua_pushstring(L, f.default_kind);
    lua_setfield(L, -2, "default_kind");
  }
  set_default(L, s, model, field, &f);
  set_rules(L, s, model, field, f.rule_count);
  if (f.kind == RILLE_FIELD_RELATION) set_relation(L, s, model, field, &f);
}

static void push_key(lua_State *L, const rille_schema *s, int32_t model, uint32_t key) {
  static const char *const kinds[] = {"index", "primary", "unique", "index"};
  rille_key_info k;
  uint32_t field = 0;
  memset(&k, 0, sizeof k);
  k.struct_size = (uint32_t)sizeof k;
  rille_schema_key_get(s, model, key, &k);
  lua_createtable(L, 0, 5);
  lua_pushstring(L, k.kind > 0 && k.kind < 4 ? kinds[k.kind] : kinds[0]);
  lua_setfield(L, -2, "kind");
  set_nonempty(L, "client_name", k.client_name);
  set_nonempty(L, "name", k.name);
  set_flag(L, "names_row", k.names_row);
  lua_createtable(L, (int)k.field_count, 0);
  for (uint32_t i = 0; i < k.field_count; i++) {
    rille_schema_key_field(s, model, key, i, &field);
    push_field_name(L, s, model, field);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_setfield(L, -2, "fields");
}

/* Sets `touches`: the names of the models that triggers write too; nothing if there are none. */
static void push_touches(lua_State *L, const rille_schema *s, int32_t model, uint32_t count) {
  if (!count) return;
  lua_createtable(L, (int)count, 0);
  for (uint32_t i = 0; i < count; i++) {
    int32_t other = 0;
    rille_model_info m;
    memset(&m, 0, sizeof m);
    m.struct_size = (uint32_t)sizeof m;
    rille_schema_touch_get(s, model, i, &other);
    rille_schema_model_get(s, other, &m);
    lua_pushlstring(L, m.name.p, m.name.len);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_setfield(L, -2, "touches");
}

void rl_model_facts_push(lua_State *L, const rille_schema *s, int32_t model) {
  rille_model_info m;
  memset(&m, 0, sizeof m);
  m.struct_size = (uint32_t)sizeof m;
  rille_schema_model_get(s, model, &m);
  lua_createtable(L, 0, 11);
  set_text(L, "name", m.name);
  set_text(L, "snake", m.snake);
  set_text(L, "camel", m.camel);
  set_text(L, "table", m.table);
  set_nonempty(L, "schema", m.schema_);
  set_nonempty(L, "doc", m.doc);
  set_flag(L, "view", m.view);
  set_flag(L, "ignored", m.ignored);
  push_touches(L, s, model, m.touch_count);
  lua_createtable(L, (int)m.field_count, 0);
  for (uint32_t i = 0; i < m.field_count; i++) {
    push_field(L, s, model, i);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_setfield(L, -2, "fields");
  lua_createtable(L, (int)m.key_count, 0);
  for (uint32_t i = 0; i < m.key_count; i++) {
    push_key(L, s, model, i);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_setfield(L, -2, "keys");
}

/* core.model_facts(model), or (schema or scope, name): returns one element of `models` of core.schema_models; nil if no
 * model has the name. */
static int push_model_facts(lua_State *L) {
  if (lua_type(L, 2) == LUA_TSTRING) {
    size_t len;
    const char *name = lua_tolstring(L, 2, &len);
    const rille_schema *s = rl_lua_schema_at(L, 1);
    int32_t number = rille_schema_model(s, name, len);
    if (number < 0) return 0;
    rl_model_facts_push(L, s, number);
    return 1;
  }
  const rl_lua_model *m = rl_lua_model_at(L, rl_binding_of(L), 1);
  if (!m) rl_lua_raise(L, "VALIDATION", "expected a model, got %s", rl_type_name(L, 1));
  rl_scope_must_be_open(L, m->scope);
  rl_model_facts_push(L, rille_client_schema(m->scope->client), m->model);
  return 1;
}

static void push_enum(lua_State *L, const rille_schema *s, uint32_t number) {
  rille_enum_info e;
  memset(&e, 0, sizeof e);
  e.struct_size = (uint32_t)sizeof e;
  rille_schema_enum_get(s, number, &e);
  lua_createtable(L, 0, 4);
  set_text(L, "name", e.name);
  set_text(L, "type", e.type);
  set_nonempty(L, "doc", e.doc);
  lua_createtable(L, (int)e.value_count, 0);
  for (uint32_t i = 0; i < e.value_count; i++) {
    rille_enum_value_info v;
    memset(&v, 0, sizeof v);
    v.struct_size = (uint32_t)sizeof v;
    rille_schema_enum_value_get(s, number, i, &v);
    lua_createtable(L, 0, 3);
    set_text(L, "name", v.name);
    set_text(L, "value", v.value);
    set_nonempty(L, "doc", v.doc);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_setfield(L, -2, "values");
}

const rille_schema *rl_lua_schema_at(lua_State *L, int index) {
  rl_scope *scope = (rl_scope *)rl_is(L, rl_binding_of(L), index, RL_REF_SCOPE);
  if (!scope) return rl_lua_schema_check(L, index);
  return rille_client_schema(rl_scope_check(L, index)->client);
}

/* core.schema_models(schema or scope): returns { provider, models = { { name, snake, camel, table, schema, doc, view,
 * ignored, fields, keys } }, enums = { { name, type, doc, values } } }, in the order of the schema. Flags are true or
 * absent. */
static int push_schema_models(lua_State *L) {
  const rille_schema *s = rl_lua_schema_at(L, 1);
  int32_t models = rille_schema_model_count(s);
  uint32_t enums = rille_schema_enum_count(s);
  lua_createtable(L, 0, 3);
  lua_pushstring(L, rille_schema_provider(s));
  lua_setfield(L, -2, "provider");
  lua_createtable(L, models, 0);
  for (int32_t i = 0; i < models; i++) {
    rl_model_facts_push(L, s, i);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "models");
  lua_createtable(L, (int)enums, 0);
  for (uint32_t i = 0; i < enums; i++) {
    push_enum(L, s, i);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_setfield(L, -2, "enums");
  return 1;
}

void rl_models_setup(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"schema_models", push_schema_models}, {"model_facts", push_model_facts}, {NULL, NULL}};
  rl_set_functions(L, functions);
}
