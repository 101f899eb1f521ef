/* Bringing a database into the form of a schema. */
#ifndef RILLE_MIGRATE_H
#define RILLE_MIGRATE_H

#include <rille/client.h>

RILLE_BEGIN_DECLS

typedef struct rille_push_options {
  uint32_t struct_size;     /* sizeof(rille_push_options) */
  int32_t reset;            /* 1: everything in the database (PostgreSQL: in its schema) is dropped first */
  int32_t accept_data_loss; /* 1: go on although rows or columns may be lost */
  int32_t reserved;         /* 0 */
  const char *url;          /* required */
  rille_schema *schema;     /* required; borrowed */
} rille_push_options;

/* Makes the database of the schema. The database itself is created when it does not exist. A database that is not empty
 * and lacks what the schema has is an error until it is reset. Blocking. Errors: P1xxx, P3000, P3005 and what the
 * database says. */
RILLE_API rille_status rille_push(const rille_push_options *options, rille_error **err);

/* The SQL that push would run on an empty database; *out is owned by the caller: rille_free. No round trip. provider:
 * "postgresql" or "sqlite". */
RILLE_API rille_status rille_schema_sql(const rille_schema *schema, const char *provider, char **out, size_t *len,
                                        rille_error **err);

RILLE_END_DECLS
#endif
