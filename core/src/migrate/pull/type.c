/* Types of columns as a schema writes them. */
#include <strings.h>

#include "migrate/pull/pull.h"

typedef struct known_type {
  const char *type, *scalar, *native; /* native: what is behind @db.; NULL: the
                                         default of the scalar */
} known_type;

static const known_type postgres[] = {{"TEXT", "String", NULL},
                                      {"VARCHAR", "String", "VarChar"},
                                      {"CHAR", "String", "Char"},
                                      {"BIT", "String", "Bit"},
                                      {"VARBIT", "String", "VarBit"},
                                      {"UUID", "String", "Uuid"},
                                      {"XML", "String", "Xml"},
                                      {"INET", "String", "Inet"},
                                      {"CITEXT", "String", "Citext"},
                                      {"BOOLEAN", "Boolean", NULL},
                                      {"INTEGER", "Int", NULL},
                                      {"SMALLINT", "Int", "SmallInt"},
                                      {"OID", "Int", "Oid"},
                                      {"BIGINT", "BigInt", NULL},
                                      {"DOUBLE PRECISION", "Float", NULL},
                                      {"REAL", "Float", "Real"},
                                      {"DECIMAL", "Decimal", "Decimal"},
                                      {"MONEY", "Decimal", "Money"},
                                      {"TIMESTAMP", "DateTime", "Timestamp"},
                                      {"TIMESTAMPTZ", "DateTime", "Timestamptz"},
                                      {"DATE", "DateTime", "Date"},
                                      {"TIME", "DateTime", "Time"},
                                      {"TIMETZ", "DateTime", "Timetz"},
                                      {"JSON", "Json", "Json"},
                                      {"JSONB", "Json", NULL},
                                      {"BYTEA", "Bytes", NULL}};

static const known_type sqlite[] = {
    {"INTEGER", "Int", NULL},     {"BIGINT", "BigInt", NULL},     {"REAL", "Float", NULL},
    {"DECIMAL", "Decimal", NULL}, {"TEXT", "String", NULL},       {"BLOB", "Bytes", NULL},
    {"BOOLEAN", "Boolean", NULL}, {"DATETIME", "DateTime", NULL}, {"JSONB", "Json", NULL}};

static const known_type *find(const known_type *all, size_t count, rl_str name) {
  for (size_t i = 0; i < count; i++)
    if (strlen(all[i].type) == name.len && strncasecmp(all[i].type, name.p, name.len) == 0) return &all[i];
  return NULL;
}

static bool is_default(rl_str type) {
  return rl_str_is(type, "DECIMAL(65,30)") || rl_str_is(type, "TIMESTAMP(3)");
}

static rl_str of_element(rl_str type) {
  if (type.len > 2 && rl_str_ends(type, RL_STR("[]"))) type.len -= 2;
  return type;
}

/* *len: of its name, without arguments. */
static const known_type *postgres_known(rl_str type, size_t *len) {
  const char *open = memchr(type.p, '(', type.len);
  *len = open ? (size_t)(open - type.p) : type.len;
  return find(postgres, sizeof postgres / sizeof *postgres, rl_str_make(type.p, *len));
}

static const known_type *sqlite_known(rl_str type) {
  const char *family = rl_sqlite_family(type);
  return family ? find(sqlite, sizeof sqlite / sizeof *sqlite, rl_str_of(family)) : NULL;
}

bool rl_pull_same_scalar(const rl_db *db, const rl_db_column *a, const rl_db_column *b) {
  if (a->enum_name.len || b->enum_name.len)
    return rl_str_eq(a->enum_name, b->enum_name) && rl_str_eq(a->enum_namespace, b->enum_namespace);
  bool types = rl_ddl_has_types(db->dialect);
  size_t len;
  const known_type *x = types ? postgres_known(of_element(a->type), &len) : sqlite_known(a->type);
  const known_type *y = types ? postgres_known(of_element(b->type), &len) : sqlite_known(b->type);
  return x && y && strcmp(x->scalar, y->scalar) == 0;
}

static bool postgres_type(rl_puller *p, rl_str type, rl_str *scalar, rl_str *native) {
  size_t len;
  type = of_element(type);
  const known_type *t = postgres_known(type, &len);
  if (!t) return false;
  *scalar = rl_str_of(t->scalar);
  bool times = rl_str_is(scalar[0], "DateTime") && !rl_str_is(rl_str_of(t->type), "DATE");
  bool single = rl_str_is(type, "CHAR") || rl_str_is(type, "BIT");
  if (single)
    *native = rl_str_of(rl_pull_printf(p, "%s(1)", t->native));
  else if (t->native && times && type.len == len)
    *native = rl_str_of(rl_pull_printf(p, "%s(6)", t->native)); /* what it is without a number */
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
  if (rl_ddl_has_types(p->db->dialect)) return postgres_type(p, c->type, scalar, native);
  const known_type *t = sqlite_known(c->type);
  if (t) *scalar = rl_str_of(t->scalar);
  return t != NULL;
}
