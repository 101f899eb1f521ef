/* Types of columns, as databases declare them and as a schema writes them. */
#include <strings.h>

#include "migrate/structure/structure.h"

/* The types that Prisma distinguishes on SQLite, where any name may be declared. */
const char *rl_sqlite_family(rl_str type) {
  static const struct {
    const char *name, *family;
  } all[] = {{"INTEGER", "INTEGER"},
             {"INT", "INTEGER"},
             {"TINYINT", "INTEGER"},
             {"SMALLINT", "INTEGER"},
             {"MEDIUMINT", "INTEGER"},
             {"BIGINT", "BIGINT"},
             {"UNSIGNED BIG INT", "BIGINT"},
             {"INT8", "BIGINT"},
             {"REAL", "REAL"},
             {"DOUBLE", "REAL"},
             {"DOUBLE PRECISION", "REAL"},
             {"FLOAT", "REAL"},
             {"DECIMAL", "DECIMAL"},
             {"NUMERIC", "DECIMAL"},
             {"TEXT", "TEXT"},
             {"VARCHAR", "TEXT"},
             {"CHAR", "TEXT"},
             {"CHARACTER", "TEXT"},
             {"NVARCHAR", "TEXT"},
             {"CLOB", "TEXT"},
             {"BLOB", "BLOB"},
             {"BOOLEAN", "BOOLEAN"},
             {"BOOL", "BOOLEAN"},
             {"DATETIME", "DATETIME"},
             {"DATE", "DATETIME"},
             {"TIMESTAMP", "DATETIME"},
             {"JSONB", "JSONB"},
             {"JSON", "JSONB"}};
  size_t len = 0;
  while (len < type.len && type.p[len] != '(') len++;
  while (len && type.p[len - 1] == ' ') len--;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (strlen(all[i].name) == len && strncasecmp(all[i].name, type.p, len) == 0) return all[i].family;
  return NULL;
}

typedef rl_db_known_type known_type;

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

static const known_type *find_type(const known_type *all, size_t count, rl_str name) {
  for (size_t i = 0; i < count; i++)
    if (strlen(all[i].type) == name.len && strncasecmp(all[i].type, name.p, name.len) == 0) return &all[i];
  return NULL;
}

rl_str rl_db_element_type(rl_str type) {
  if (type.len > 2 && rl_str_ends(type, RL_STR("[]"))) type.len -= 2;
  return type;
}

/* *len: the length of the type's name, without arguments. */
static const known_type *postgres_known(rl_str type, size_t *len) {
  const char *open = memchr(type.p, '(', type.len);
  *len = open ? (size_t)(open - type.p) : type.len;
  return find_type(postgres, sizeof postgres / sizeof *postgres, rl_str_make(type.p, *len));
}

static const known_type *sqlite_known(rl_str type) {
  const char *family = rl_sqlite_family(type);
  return family ? find_type(sqlite, sizeof sqlite / sizeof *sqlite, rl_str_of(family)) : NULL;
}

const rl_db_known_type *rl_db_known_type_of(const rl_dialect *dialect, rl_str type, size_t *len) {
  *len = type.len;
  return rl_ddl_has_types(dialect) ? postgres_known(rl_db_element_type(type), len) : sqlite_known(type);
}

bool rl_db_same_scalar(const rl_db *db, const rl_db_column *a, const rl_db_column *b) {
  if (a->enum_name.len || b->enum_name.len)
    return rl_str_eq(a->enum_name, b->enum_name) && rl_str_eq(a->enum_namespace, b->enum_namespace);
  size_t len;
  const known_type *x = rl_db_known_type_of(db->dialect, a->type, &len);
  const known_type *y = rl_db_known_type_of(db->dialect, b->type, &len);
  return x && y && strcmp(x->scalar, y->scalar) == 0;
}
