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
  const char *url; /* NULL, or the database URL; it gives the provider if there is no datasource block, and must agree
                      with that block otherwise */
} rille_schema_options;

/* Creates a schema; the caller owns one reference. Errors: P1012 (the first error; all of them are in *diagnostics if
 * diagnostics is not NULL; the caller owns it, and it is NULL after a success without warnings), P1013 (URL). No round
 * trip. */
RILLE_API rille_status rille_schema_open(const rille_schema_options *options, rille_schema **out,
                                         rille_diagnostics **diagnostics, rille_error **err);
RILLE_API rille_schema *rille_schema_retain(rille_schema *s);
RILLE_API void rille_schema_release(rille_schema *s);

/* Returns "postgresql", "sqlite", or "" if neither datasource nor URL says it; static. */
RILLE_API const char *rille_schema_provider(const rille_schema *s);
/* Returns the URL of the datasource block: *env is NAME of url = env("NAME"), or NULL; *text is the literal, or NULL.
 * Borrowed from the schema. */
RILLE_API void rille_schema_url(const rille_schema *s, const char **env, const char **text);

/* Returns the number of a model by any of its client names (blog_post, blogPost, BlogPost), or -1. */
RILLE_API int32_t rille_schema_model(const rille_schema *s, const char *name, size_t len);
RILLE_API int32_t rille_schema_model_count(const rille_schema *s);
RILLE_API const char *rille_schema_model_name(const rille_schema *s,
                                              int32_t model); /* as written; borrowed; NULL if out of range */
RILLE_API const char *rille_schema_model_client(const rille_schema *s, int32_t model); /* snake_case; borrowed */
/* Returns the model name nearest to a wrong one, in snake_case, or NULL. */
RILLE_API const char *rille_schema_model_nearest(const rille_schema *s, const char *name, size_t len);

/* Returns the relation that could have read in one call what calls on model `to` read one by one: a field of model
 * `from` whose target is `to`, and whose key fields in `to` are `keys`. Its name is borrowed and not terminated. NULL:
 * there is none. */
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
RILLE_API void rille_free(void *p); /* frees what a rille function returned as a plain pointer */

RILLE_END_DECLS
#endif
