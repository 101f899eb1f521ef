/* What the files of this room share. A cache has three parts: the ledger (atomic numbers, no lock), the store (its own
 * lock), and its flights (one lock for those of all caches). The lock of flights is taken before that of a store, and
 * the lock of the registry with none of them. */
#ifndef RL_CACHE_INSIDE_H
#define RL_CACHE_INSIDE_H

#include <stdatomic.h>

#include "base/map.h"
#include "cache/cache.h"

/* ------------------------------------------------------------------ ledger */

/* How often something was written, and how many write it now: a stamp above RL_WORD_STAMP, writes under way below. One
 * number, so a reader sees both at one moment. */
typedef uint64_t rl_word;
#define RL_WORD_STAMP ((rl_word)1 << 20)
#define RL_WORD_WRITES (RL_WORD_STAMP - 1)

/* What an answer depends on: a word without writes under way, with the number of its place in the low bits. */
typedef uint64_t rl_stamp;

typedef struct rl_ledger {
  uint32_t mask;                  /* number of places - 1 */
  _Atomic int64_t *unknown_until; /* by place: until when a write of unknown outcome may happen */
  _Atomic rl_word words[];
} rl_ledger;

rl_ledger *rl_ledger_new(uint32_t places); /* a power of 2; NULL when out of memory */
size_t rl_ledger_bytes(uint32_t places);
/* Returns whether nothing of it was written since, or is being written. `all` is the cache's own word at that time. */
bool rl_ledger_holds(const rl_cache *c, rl_word all, const rl_stamp *stamps, size_t count);
/* Returns whether it will never hold again. What is only being written may, if the write fails. */
bool rl_ledger_is_over(const rl_cache *c, rl_word all, const rl_stamp *stamps, size_t count);
/* Reads the present stamp of a name. Returns false if it is being written, or may be by a write of unknown outcome. */
bool rl_ledger_note(const rl_cache *c, rl_name name, int64_t now, rl_stamp *out);
bool rl_ledger_note_all(const rl_cache *c, int64_t now, rl_word *out); /* the same for the cache's own word */

/* ------------------------------------------------------------------ entries */

struct rl_cache_entry {
  _Atomic int references;
  uint32_t label;
  bool spoiled;    /* what it depends on is not known */
  uint64_t serial; /* of its cache */
  uint64_t hash;
  int64_t birth_ms;
  int64_t cost; /* in bytes, with what the allocator adds */
  rl_word all;
  rl_cache_entry *next, *newer, *older; /* of the store */
  size_t stamp_count, key_len, len;
  const char *bytes; /* the key, then the value, behind the stamps */
  rl_stamp stamps[];
};

/* ------------------------------------------------------------------ figures */

enum {
  RL_COUNT_HITS,
  RL_COUNT_MISSES,
  RL_COUNT_STALE_HITS,
  RL_COUNT_WAITS,
  RL_COUNT_KEPT,
  RL_COUNT_REFUSED,
  RL_COUNT_ENTRIES,
  RL_COUNT_BYTES,
  RL_COUNT_EVICTIONS,
  RL_COUNTS
};
typedef struct rl_label {
  rl_str name; /* in the same block */
  uint32_t number;
  _Atomic int64_t counts[RL_COUNTS];
} rl_label;
typedef struct rl_labels {
  rl_map by_name; /* under the lock of the store */
  _Atomic uint32_t count;
  rl_label *_Atomic items[RL_MOST_LABELS]; /* from 1 on; 0 is in the cache */
} rl_labels;

void rl_count(rl_cache *c, uint32_t label, int what, int64_t more);
void rl_labels_dispose(rl_cache *c);

/* ------------------------------------------------------------------ store */

typedef struct rl_store {
  pthread_mutex_t lock;
  rl_cache_entry **buckets;
  size_t bucket_count; /* a power of 2; 0: not active */
  rl_cache_entry *newest, *oldest;
  size_t entries;
  int64_t bytes, fixed_bytes; /* of entries; of what does not depend on them */
  int64_t max_bytes, max_entry;
} rl_store;

typedef enum rl_found {
  RL_FOUND_NONE,
  RL_FOUND_OLD, /* older than its ttl, but not too old to be given while it is renewed */
  RL_FOUND_FRESH,
} rl_found;

/* Finds a valid entry and retains it. What is not valid any more is dropped. */
rl_found rl_store_find(rl_cache *c, const rl_question *q, uint64_t hash, int64_t now, rl_cache_entry **out);
bool rl_store_takes(rl_cache *c, size_t size); /* whether an entry, key and bytes, may have this size */
/* Keeps an entry in place of that with the same key. Returns false if it is too large. *dropped: what went, to be freed
 * with rl_entries_free when no lock is held. */
bool rl_store_put(rl_cache *c, rl_cache_entry *e, rl_cache_entry **dropped);
void rl_entries_free(rl_cache_entry *dropped);
bool rl_store_activate(rl_cache *c, const rl_cache_limits *limits, uint32_t places);
void rl_store_clear(rl_cache *c);
/* Builds an entry with one reference. NULL when out of memory. */
rl_cache_entry *rl_entry_new(rl_str key, rl_str bytes, const rl_stamp *stamps, size_t stamp_count);

/* ------------------------------------------------------------------ the cache */

struct rl_cache {
  rl_str identity; /* owned; empty: a private one */
  bool is_private;
  long pid;        /* of the process that created it: others leave it alone */
  uint64_t serial; /* unique in the process */
  _Atomic int references;
  rl_cache *next; /* of the registry */
  /* The ledger. `all` is what everything depends on; `total` counts each write of anything, for snapshots. */
  _Atomic rl_word all, total;
  _Atomic int64_t all_unknown_until, any_unknown_until;
  rl_ledger *_Atomic ledger; /* NULL: not active */
  rl_store store;
  rl_label unnamed; /* label 0 */
  rl_labels *_Atomic labels;
  struct rl_remote *_Atomic remote; /* retained; NULL: it is not shared. Set once */
};

void rl_touch_remote(const rl_cache *c, const rl_names *names); /* NULL: everything */
void rl_writing_end_shared(rl_writing *w, rl_write_outcome outcome, const rl_names *done);

/* ------------------------------------------------------------------ flights: flight.c, seat.c, circle.c */

typedef enum rl_flight_state {
  RL_FLIGHT_UNDER_WAY,
  RL_FLIGHT_LANDED,
  RL_FLIGHT_FAILED,
  RL_FLIGHT_GIVEN_UP,
} rl_flight_state;

struct rl_flight {
  _Atomic int references; /* its owner, its seats, and what is within it */
  rl_cache *cache;        /* retained */
  long pid;               /* a child of this process only drops its references */
  uint64_t number;        /* they count up, in the order in which they began */
  uint64_t hash, thread;
  uint32_t label;
  int64_t born_ms;   /* when it began, or when the oldest entry that is part of it was born; under the lock */
  rl_flight *within; /* retained */
  bool by_ttl_only;  /* as of its question */
  /* The rest is under the lock of flights. */
  rl_flight *next; /* of the table */
  bool listed;     /* in the table */
  bool spoiled;    /* not kept, and nobody may join */
  rl_flight_state state;
  rl_word all;
  rl_stamp *stamps; /* owned; sorted by place. Only its owner changes them */
  size_t stamp_count, stamp_cap;
  bool has_snapshot;
  rl_snapshot snapshot;                              /* the oldest one */
  rl_seat *first, *last;                             /* its queue */
  rl_seat *inner;                                    /* seats of callers that are part of it */
  rl_flight *children, *next_child, *previous_child; /* computations that are part of it */
  uint64_t seen, goal;                               /* numbers of walks: circle.c */
  rl_flight *to_do;
  rl_cache_entry *entry; /* LANDED: owned */
  rl_error error;        /* FAILED */
  size_t key_len;
  char key[];
};

void rl_flights_lock(void); /* in a forked child, forgets the flights of the parent */
void rl_flights_unlock(void);
pthread_mutex_t *rl_flights_mutex(void); /* for conditions */
bool rl_flight_is_own(const rl_flight *f);
rl_flight *rl_flight_of_question(const rl_question *q); /* what it is within, retained; NULL: none of this process */
uint64_t rl_this_thread(void);
rl_flight *rl_flight_retain(rl_flight *f);
void rl_flight_release(rl_flight *f); /* without a lock */

/* Under the lock of flights: */
void rl_seat_join(rl_seat *s, rl_flight *f, const rl_question *q);
void rl_flight_call_seats(rl_flight *f, bool dismissed);
void rl_flight_hide(rl_flight *f); /* takes it out of the table: nobody joins it any more */
/* Returns whether a caller that waits for `target` would wait for itself. */
bool rl_wait_is_circle(rl_flight *target, const rl_question *q);
bool rl_flight_is_part(const rl_flight *within, const rl_flight *of); /* of it, or the same */
void rl_standing_forget(void);
rl_seat *rl_first_standing(uint64_t thread); /* the list of this thread, and of some others */

#endif
