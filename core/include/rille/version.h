/* The version of these headers and of the loaded library. */
#ifndef RILLE_VERSION_H
#define RILLE_VERSION_H

#include <rille/types.h>

#define RILLE_VERSION_MAJOR 0
#define RILLE_VERSION_MINOR 1
#define RILLE_VERSION_PATCH 0
#define RILLE_VERSION_TEXT "0.1.0"

RILLE_BEGIN_DECLS

/* Returns the version of the loaded library, "0.1.0"; static. */
RILLE_API const char *rille_version(void);

/* Returns 1 if a program built with headers of this major and minor version may use the loaded library. For callers of
 * dlopen; a linked program has the soname for it. It is about loading only: struct_size says which fields a struct has.
 */
RILLE_API int rille_version_check(int major, int minor);

/* The versions of two client libraries as loaded; "" for one that this build does not have. rille_provider_get
 * returns those of every database. */
typedef struct rille_libraries {
  uint32_t struct_size;
  char libpq[24];  /* "15.4", or "" */
  char sqlite[24]; /* "3.40.1", or "" */
} rille_libraries;

/* Fills in the struct; the caller sets struct_size. Any thread. */
RILLE_API void rille_libraries_get(rille_libraries *out);

RILLE_END_DECLS
#endif
