/* Which database. Each room that must know one database from another has one table, made by including providers.def
 * and indexed by rl_provider, and asks that table. No room compares names. A new row of providers.def does not compile
 * until every room has its part: see "Where to add" in docs/architecture.md. */
#ifndef RL_BASE_PROVIDER_H
#define RL_BASE_PROVIDER_H

#include "base/buf.h"
#include "base/str.h"

typedef enum rl_provider {
  RL_PROVIDER_NONE, /* no database is named */
#define RL_PROVIDER(ID, id, name, title, built) RL_PROVIDER_##ID,
#include "base/providers.def"
#undef RL_PROVIDER
  RL_PROVIDER_OTHER, /* one that rille does not speak to */
  RL_PROVIDER_COUNT = RL_PROVIDER_OTHER - 1,
  RL_PROVIDER_SLOTS = RL_PROVIDER_OTHER + 1 /* length of a table indexed by provider: NONE and OTHER have a place too */
} rl_provider;

/* for (RL_EACH_PROVIDER(p)) visits the rows of providers.def in order. */
#define RL_EACH_PROVIDER(p)                                                                                            \
  rl_provider p = RL_PROVIDER_NONE + 1;                                                                                \
  p < RL_PROVIDER_OTHER;                                                                                               \
  p++

/* `x` when the driver of a row is built in, else NULL. */
#define RL_IF_BUILT(built, x) RL_IF_BUILT_EXPANDED(built, x)
#define RL_IF_BUILT_EXPANDED(built, x) RL_IF_BUILT_##built(x)
#define RL_IF_BUILT_1(x) (x)
#define RL_IF_BUILT_0(x) NULL

/* As a schema writes it ("postgresql"); "" for NONE and OTHER. */
const char *rl_provider_name(rl_provider p);
/* As a sentence writes it ("PostgreSQL"); "" for NONE and OTHER. */
const char *rl_provider_title(rl_provider p);
/* OTHER when no row has this name or identifier. */
rl_provider rl_provider_by_name(rl_str name);
/* All names, each between `before` and `after`, for a message: `postgresql` and `sqlite`, where `last` is " and ". */
void rl_provider_names(rl_buf *out, const char *before, const char *after, const char *last);

#endif
