/* Types of columns as a schema writes them. */
#include "migrate/pull/pull.h"

static bool is_default(rl_str type) {
  return rl_str_is(type, "DECIMAL(65,30)") || rl_str_is(type, "TIMESTAMP(3)");
}

static bool exact_type(rl_puller *p, rl_str type, rl_str *scalar, rl_str *native) {
  size_t len;
  type = rl_db_element_type(type);
  const rl_db_known_type *t = rl_db_known_type_of(p->db->dialect, type, &len);
  if (!t) return false;
  *scalar = rl_str_of(t->scalar);
  bool times = rl_str_is(scalar[0], "DateTime") && !rl_str_is(rl_str_of(t->type), "DATE");
  bool single = rl_str_is(type, "CHAR") || rl_str_is(type, "BIT");
  if (single)
    *native = rl_str_of(rl_pull_printf(p, "%s(1)", t->native));
  else if (t->native && times && type.len == len)
    *native = rl_str_of(rl_pull_printf(p, "%s(6)", t->native)); /* the default without a number */
  else if (t->native && !is_default(type))
    *native = rl_str_of(rl_pull_printf(p, "%s%.*s", t->native, (int)(type.len - len), type.p + len));
  return true;
}

bool rl_pull_known_type(const rl_type *t, rl_str *scalar) {
  static const char *const names[] = {[RL_STRING] = "String", [RL_BOOLEAN] = "Boolean",   [RL_INT] = "Int",
                                      [RL_BIGINT] = "BigInt", [RL_FLOAT] = "Float",       [RL_DECIMAL] = "Decimal",
                                      [RL_JSON] = "Json",     [RL_DATETIME] = "DateTime", [RL_BYTES] = "Bytes"};
  if (t->scalar == RL_UNSUPPORTED) return false;
  *scalar = t->scalar == RL_ENUM ? t->enumeration->name : rl_str_of(names[t->scalar]);
  return true;
}

bool rl_pull_type(rl_puller *p, const rl_db_column *c, rl_str *scalar, rl_str *native) {
  *native = rl_str_make("", 0);
  if (c->enum_name.len) {
    const rl_db_enum *e = rl_db_enum_of(p->db, c->enum_namespace, c->enum_name);
    if (e) *scalar = rl_pull_enum_name(p, e);
    return e != NULL;
  }
  if (rl_ddl_features_of(p->db->dialect)->exact_types) return exact_type(p, c->type, scalar, native);
  size_t len;
  const rl_db_known_type *t = rl_db_known_type_of(p->db->dialect, c->type, &len);
  if (t) *scalar = rl_str_of(t->scalar);
  return t != NULL;
}
