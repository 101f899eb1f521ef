/* The type families of SQLite. */
#include <strings.h>

#include "migrate/sqlite/sqlite.h"

/* Returns the type that Prisma distinguishes on SQLite, where any name may be declared. NULL: none. */
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
