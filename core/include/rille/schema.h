/* A schema: the text of schema.prisma, checked and resolved. Immutable and reference-counted; any thread may use it. */
#ifndef RILLE_SCHEMA_H
#define RILLE_SCHEMA_H

#include <rille/error.h>

RILLE_BEGIN_DECLS

typedef struct rille_schema rille_schema;
typedef struct rille_diagnostics rille_diagnostics;

typedef struct rille_schema_options {
  uint32_t struct_size; /* sizeof(rille_schema_options) */
  uint32_t reserved;    /* 0 */
  const char *path;     /* a file, or a folder whose *.prisma files are one schema; or NULL and then: */
  const char *text;     /* the schema's text, UTF-8 */
  size_t text_len;
  const char *url; /* NULL, or the database URL whose kind fills in for a missing datasource block and must agree with
                      one that is there */
} rille_schema_options;

/* Makes a schema; the caller owns one reference. Errors: P1012 (first fault; all of them in *diagnostics when that is
 * not NULL: owned by the caller, NULL after a success without warnings), P1013 (URL). No round trip. */
RILLE_API rille_status rille_schema_open(const rille_schema_options *options, rille_schema **out,
                                         rille_diagnostics **diagnostics, rille_error **err);
RILLE_API rille_schema *rille_schema_retain(rille_schema *s);
RILLE_API void rille_schema_release(rille_schema *s);

/* "postgresql", "sqlite", or "" when neither datasource nor URL told; static. */
RILLE_API const char *rille_schema_provider(const rille_schema *s);
/* The URL of the datasource block: *env is the variable's name of url = env("NAME") or NULL, *text the literal or NULL;
 * borrowed from the schema. */
RILLE_API void rille_schema_url(const rille_schema *s, const char **env, const char **text);

/* Number of a model by any of its client names (blog_post, blogPost, BlogPost), -1 when there is none. */
RILLE_API int32_t rille_schema_model(const rille_schema *s, const char *name, size_t len);
RILLE_API int32_t rille_schema_model_count(const rille_schema *s);
RILLE_API const char *rille_schema_model_name(const rille_schema *s,
                                              int32_t model); /* as written; borrowed; NULL when out of range */
RILLE_API const char *rille_schema_model_client(const rille_schema *s, int32_t model); /* snake_case; borrowed */
/* The model's name nearest to a wrong one, snake_case, or NULL. */
RILLE_API const char *rille_schema_model_nearest(const rille_schema *s, const char *name, size_t len);

/* The relation that could have given together what calls on model `to` give one by one: a field of model `from` whose
 * target is `to`, such that a where with these keys (field names of `to`) names the rows by it. Its name, which is not
 * terminated; borrowed. NULL when there is none. */
RILLE_API const char *rille_schema_relation(const rille_schema *s, int32_t from, int32_t to, const char *const *keys,
                                            size_t count, size_t *len);

typedef struct rille_diagnostic {
  uint32_t struct_size;
  int32_t line, column, end_column; /* from 1; columns count characters */
  int32_t warning;
  const char *file, *message, *source_line; /* borrowed from the diagnostics */
} rille_diagnostic;
RILLE_API size_t rille_diagnostics_count(const rille_diagnostics *d);
RILLE_API void rille_diagnostics_get(const rille_diagnostics *d, size_t index,
                                     rille_diagnostic *out); /* out->struct_size set by the caller */
RILLE_API const char *
rille_diagnostics_text(const rille_diagnostics *d); /* all, with source lines and carets; borrowed */
RILLE_API void rille_diagnostics_free(rille_diagnostics *d);

/* Formats schema text as Prisma does. *out is owned by the caller: rille_free. Errors: P1012. */
RILLE_API rille_status rille_schema_format(const char *text, size_t len, char **out, size_t *out_len,
                                           rille_error **err);
RILLE_API void rille_free(void *p); /* what a rille function handed over as a plain pointer */

RILLE_END_DECLS
#endif
