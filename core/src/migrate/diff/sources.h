/* The difference between two sources. Each is a schema, a live database or nothing. */
#ifndef RL_MIGRATE_COMPARE_SOURCES_H
#define RL_MIGRATE_COMPARE_SOURCES_H

#include "migrate/structure/describe.h"
#include "migrate/diff/diff.h"
#include "migrate/diff/rename_hints.h"
#include "run/client.h"

/* A schema or a URL. Neither: an empty database. */
typedef struct rl_diff_source {
  const rl_schema *schema;
  rl_str url;
} rl_diff_source;

typedef struct rl_comparison {
  rl_arena arena;
  rl_session sessions[2];
  bool open[2];
  const rl_dialect *dialect;
  rl_db structures[2]; /* from, to */
  rl_diff diff;
  rl_renames guesses; /* pairs that might be renames; texts are borrowed from the structures */
} rl_comparison;

/* What a comparison may use in addition to the sources. NULL: nothing. */
typedef struct rl_comparison_hints {
  const rl_schema *names;    /* its database schemas are read if both sides are live */
  const rl_renames *renames; /* confirmed renames */
  bool mirror;               /* undo the renames of the schema `from` */
  const char *past;          /* see rille_diff_options */
} rl_comparison_hints;

/* Fills *c. The caller disposes of it even after an error. */
rille_status rl_compare_sources(rl_comparison *c, const rl_diff_source *from, const rl_diff_source *to,
                                const rl_comparison_hints *hints, rl_error *err);
void rl_comparison_dispose(rl_comparison *c);

/* A warning that applies to a database, with its number of rows. */
typedef struct rl_counted_warning {
  const rl_diff_warning *about;
  int64_t rows; /* -1: it does not depend on rows */
  rl_str text;
} rl_counted_warning;

typedef struct rl_counted_warnings {
  rl_counted_warning *items;
  size_t count;
  bool blocked; /* one of them makes a step impossible */
} rl_counted_warnings;

/* Counts the rows of each warning. A warning without rows is left out. */
rille_status rl_diff_count(rl_session *s, const rl_diff *diff, rl_arena *arena, rl_counted_warnings *out,
                           rl_error *err);

#endif
