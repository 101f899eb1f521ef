/* Inside foreign.h: a way to notice writes of others, one per pool and address to listen at. Any thread may look. */
#ifndef RL_RUN_FOREIGN_INSIDE_H
#define RL_RUN_FOREIGN_INSIDE_H

#include <pthread.h>

#include "cache/cache.h"
#include "run/foreign_proof.h"
#include "run/listen.h"
#include "run/pool_inside.h"
#include "run/tick.h"

typedef struct rl_foreign rl_foreign;

typedef struct rl_foreign_kind {
  bool (*look)(rl_foreign *f, rl_client *c, rl_cache *cache);
  /* Brings it up to date with a writer that the caller has. NULL: nothing to do. */
  void (*settle)(rl_foreign *f, rl_cache *cache, const rl_lease *writer);
  void (*close)(rl_foreign *f);
} rl_foreign_kind;

/* What the writer of the pool has said last. */
typedef struct rl_writer_version {
  uint64_t connection; /* its number in the pool; 0: it was never asked */
  int64_t version;
} rl_writer_version;

struct rl_foreign {
  rl_pool_guest guest;
  const rl_foreign_kind *kind; /* NULL: there are no others, or they cannot be noticed */
  rl_pool *pool;               /* owns it */
  rl_str listen_url;           /* empty: where the pool connects */
  rl_arena arena;
  rl_conn_options options; /* of its own connection */
  _Atomic bool warned;     /* that it does not listen, since it did */
  pthread_mutex_t lock;    /* of everything below, except quiet_ms */
  /* foreign_listen.c */
  rl_listener listener;
  rl_cache *cache;          /* retained: that of the last look; NULL: none */
  rl_tick tick;             /* reads it while nobody looks */
  rl_proof proof;           /* that notices arrive there */
  _Atomic int64_t quiet_ms; /* when a look last found that all had been read; 0: it is not known what others do */
  /* foreign_version.c */
  rl_conn *conn; /* NULL: closed */
  bool connected;
  int64_t again_ms; /* no attempt to open it before */
  int64_t version;
  rl_writer_version writer;
};

extern const rl_foreign_kind rl_foreign_listens, rl_foreign_asks_version;

/* For tests: the limit of silence, and how long a look waits for a sign of life, in milliseconds; how often a listener
 * is read within the limit while nobody looks. */
extern _Atomic int64_t rl_foreign_silence_ms, rl_foreign_answer_ms;
extern _Atomic int rl_foreign_ticks;

#endif
