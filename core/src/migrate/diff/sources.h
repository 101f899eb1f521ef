/* The difference of two sources: nothing, a schema, a live database. */
#ifndef RL_MIGRATE_COMPARE_SOURCES_H
#define RL_MIGRATE_COMPARE_SOURCES_H

#include "migrate/structure/describe.h"
#include "migrate/diff/diff.h"
#include "migrate/diff/rename_hints.h"
#include "run/client.h"

typedef struct rl_diff_source {
  const rl_schema *schema; /* or */
  rl_str url;              /* or neither: an empty database */
} rl_diff_source;

typedef struct rl_comparison {
  rl_arena arena;
  rl_session sessions[2];
  bool open[2];
  const rl_dialect *dialect;
  rl_db structures[2]; /* from, to */
  rl_diff diff;
  rl_renames guesses; /* what might be renames; borrowed from the structures */
} rl_comparison;

/* Beyond the sources; NULL: nothing. */
typedef struct rl_comparison_hints {
  const rl_schema *names;    /* whose database schemas are read where both sides are live */
  const rl_renames *renames; /* confirmed ones */
  bool mirror;               /* the way back: what the schema of `from` renamed is named back */
  const char *past;          /* see rille_diff_options */
} rl_comparison_hints;

/* Fills *c, which the caller disposes of in any case. */
rille_status rl_compare_sources(rl_comparison *c, const rl_diff_source *from, const rl_diff_source *to,
                                const rl_comparison_hints *hints, rl_error *err);
void rl_comparison_dispose(rl_comparison *c);

/* A warning that the rows of a database make true. */
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

/* Counts the rows that the warnings are about. Those about no row are left out. */
rille_status rl_diff_count(rl_session *s, const rl_diff *diff, rl_arena *arena, rl_counted_warnings *out,
                           rl_error *err);

#endif
