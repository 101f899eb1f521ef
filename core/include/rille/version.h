/* The version of the library these headers belong to. */
#ifndef RILLE_VERSION_H
#define RILLE_VERSION_H

#include <rille/types.h>

#define RILLE_VERSION_MAJOR 0
#define RILLE_VERSION_MINOR 1
#define RILLE_VERSION_PATCH 0
#define RILLE_VERSION_TEXT "0.1.0"

RILLE_BEGIN_DECLS

/* "0.1.0" of the library that is loaded; static. */
RILLE_API const char *rille_version(void);

/* 1 when a program built against headers of this major and minor version may use the loaded library, else 0. For
 * callers that dlopen; a linked program has the soname for it. Decides loading only: which fields of a struct are there
 * is told by its struct_size. */
RILLE_API int rille_version_check(int major, int minor);

/* The versions of the databases' own libraries that are loaded; "" for one that this build goes without. */
typedef struct rille_libraries {
  uint32_t struct_size;
  char libpq[24];  /* "15.4", or "" */
  char sqlite[24]; /* "3.40.1", or "" */
} rille_libraries;

/* Fills in the struct, whose struct_size the caller has set. Any thread. */
RILLE_API void rille_libraries_get(rille_libraries *out);

RILLE_END_DECLS
#endif
