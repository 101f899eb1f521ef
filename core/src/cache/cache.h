/* The cache of a database: answers, what they depend on, what is being written, and who computes what. docs/caching.md
 * has the rules and why they hold. One cache per process and database, whoever opens it; any thread may use it. Nothing
 * here blocks, except rl_seat_wait. It knows no query, no plan and no connection: run asks it.
 *
 * The order of a cached read:      rl_cache_ask -> HIT: the entry.
 *                                  COMPUTE: rl_flight_note before each statement, then rl_flight_land or _fail.
 *                                  WAIT: the seat, until it is called; then rl_cache_ask again, or the entry it got.
 * The order of a write:            rl_cache_write_begins before COMMIT (or the single statement) is sent,
 *                                  rl_cache_write_ends when its outcome is known. */
#ifndef RL_CACHE_CACHE_H
#define RL_CACHE_CACHE_H

#include "base/bell.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/wait.h"
#include "cache/names.h"

typedef struct rl_cache rl_cache;
typedef struct rl_cache_entry rl_cache_entry;
typedef struct rl_flight rl_flight;

/* ------------------------------------------------------------------ life: registry.c */

typedef struct rl_cache_limits {
  int64_t max_bytes; /* of all entries; 0: 64 MiB */
  int64_t max_entry; /* of one; 0: 1 MiB */
} rl_cache_limits;

/* Returns the cache of a database in this process, by its identity (a text that names server and database), with one
 * more reference. Until it is activated, it only counts writes under way. NULL when out of memory. */
rl_cache *rl_cache_of_database(rl_str identity);
/* Returns one that belongs to the caller alone, active, without a database: the memo of a request. NULL when out of
 * memory. */
rl_cache *rl_cache_new_private(const rl_cache_limits *limits);
rl_cache *rl_cache_retain(rl_cache *c);
void rl_cache_release(rl_cache *c);
/* Makes it keep answers. The largest limits of all callers count. Returns false when out of memory. */
bool rl_cache_activate(rl_cache *c, const rl_cache_limits *limits);
bool rl_cache_is_active(const rl_cache *c);
uint64_t rl_cache_serial(const rl_cache *c); /* of all caches of the process, only this one has it */
/* After a fork, makes *c the child's own, empty one, active if the parent's was. Any thread. Returns false when out of
 * memory; *c must not be used then. */
bool rl_cache_own(rl_cache *_Atomic *c);
void rl_cache_clear(rl_cache *c); /* drops all entries; computations under way are not kept either */

/* ------------------------------------------------------------------ what was written: ledger.c */

/* The state of the whole database at one moment, for reads in a transaction that begins now. */
typedef struct rl_snapshot {
  uint64_t epoch, stamp;
  bool usable; /* false: something was being written */
} rl_snapshot;
rl_snapshot rl_cache_snapshot(rl_cache *c);
/* Returns whether nothing at all was written since the snapshot, or is being written. */
bool rl_cache_is_still(const rl_cache *c, const rl_snapshot *s);

typedef enum rl_write_outcome {
  RL_WRITE_FAILED,  /* nothing was written: rolled back */
  RL_WRITE_DONE,    /* committed */
  RL_WRITE_UNKNOWN, /* it may be committed, now or soon */
} rl_write_outcome;

/* A write under way. From rl_cache_write_begins on, nothing that depends on the names is given or kept. At its end,
 * `done` is stale (NULL: the names of the beginning). On a cache that is not active, names may be NULL: it is counted,
 * and if the cache was activated meanwhile, everything is stale at its end. After an unknown outcome nothing that
 * depends on it is given or kept for RL_UNKNOWN_MS, because the commit may still happen. */
#define RL_UNKNOWN_MS 30000
typedef struct rl_writing {
  rl_cache *cache; /* borrowed; NULL: no write is under way */
  rl_names names;  /* owned */
  bool counted_only;
  struct rl_writing_shared *shared; /* owned: its mark in a server that processes share; NULL: none yet */
} rl_writing;
void rl_cache_write_begins(rl_cache *c, rl_writing *w, const rl_names *names);
void rl_cache_write_ends(rl_writing *w, rl_write_outcome outcome, const rl_names *done);
/* Makes what depends on the names stale: written elsewhere, or revalidated. */
void rl_cache_touch(rl_cache *c, const rl_names *names);
void rl_cache_touch_everything(rl_cache *c);

/* ------------------------------------------------------------------ asking: flight.c, store.c */

typedef enum rl_cache_answer {
  RL_CACHE_HIT,
  RL_CACHE_STALE_HIT, /* older than its ttl, while another caller renews it */
  RL_CACHE_COMPUTE,   /* the caller computes; nobody else does */
  RL_CACHE_ALONE,     /* the caller computes, but is not to wait, and others do not wait for it: see rl_cache_ask */
  RL_CACHE_WAIT,      /* another caller computes it */
} rl_cache_answer;

typedef struct rl_seat_link {
  struct rl_seat *next, *previous;
} rl_seat_link;
/* The queue of its flight; the seats within one computation; those of threads that stand. */
enum { RL_SEAT_QUEUE, RL_SEAT_INNER, RL_SEAT_STANDING, RL_SEAT_LISTS };

/* A place in the queue of a flight, in the caller's memory. It is called when the flight ends. */
typedef struct rl_seat {
  rl_flight *flight; /* retained; NULL: it has left */
  rl_bell *bell;     /* borrowed: rung when it is called; NULL: it is asked again and again, or blocks */
  rl_waiter waiter;
  bool shared_bell; /* the bell has a list of called waiters */
  uint64_t number;  /* of the flight that it waits for, or waited for */
  /* The rest belongs to the room. */
  bool blocking;
  bool waiting;           /* it is in the lists below */
  bool dismissed;         /* called before the end: the answer may be older than the seat */
  uint64_t thread;        /* that stands, if it blocks */
  rl_flight *within;      /* retained */
  pthread_cond_t *signal; /* while it is in rl_seat_wait */
  rl_seat_link links[RL_SEAT_LISTS];
} rl_seat;

typedef struct rl_question {
  rl_str key;        /* everything that decides the answer; borrowed */
  int64_t ttl_ms;    /* > 0; INT64_MAX: no limit */
  int64_t stale_ms;  /* after ttl_ms: how long the old answer may be given while it is renewed */
  bool blocking;     /* the caller's thread stands while it waits */
  rl_flight *within; /* the innermost computation that the caller is part of; NULL: none */
  uint32_t label;    /* for figures: rl_cache_label */
  bool by_ttl_only;  /* what is within it makes it older, and not stale */
} rl_question;

/* Asks. HIT, STALE_HIT: *entry is retained. COMPUTE: *flight is the caller's, to be ended once. WAIT: the seat waits;
 * its bell must be set before, and the seat stays where it is until rl_seat_leave. ALONE: it is being computed by the
 * caller's own thread or coroutine, or the wait would be a circle, or memory is short: compute without a flight, and
 * keep nothing. */
rl_cache_answer rl_cache_ask(rl_cache *c, const rl_question *q, rl_cache_entry **entry, rl_flight **flight,
                             rl_seat *seat);

typedef enum rl_seat_state {
  RL_SEAT_WAITING,
  RL_SEAT_LANDED, /* *entry is retained: the answer, whether it was kept or not */
  RL_SEAT_FAILED, /* *err: the error of the computation, a copy */
  RL_SEAT_AGAIN,  /* it was given up, or failed in another way: ask again */
} rl_seat_state;
rl_seat_state rl_seat_look(rl_seat *s, rl_cache_entry **entry, rl_error *err);
/* Blocks until the seat is called or the time has come. */
void rl_seat_wait(rl_seat *s, int64_t until_ms);
/* It has waited its full time, so the owner of the computation may be gone. Nobody joins it any more. all: the others
 * that wait are called too, and ask again. */
void rl_seat_despair(rl_seat *s, bool all);
void rl_seat_leave(rl_seat *s); /* any time; idempotent */

/* The four below, and the end, are for the owner of the computation. Before a statement is sent: notes what its answer
 * depends on. A value is kept only if nothing that was noted is being written or was written since. */
void rl_flight_note(rl_flight *f, const rl_names *names);
/* A hit inside the computation, or what a seat got. The value is as old as the oldest of them. An entry of another
 * cache spoils it: its stamps mean nothing here. */
void rl_flight_note_entry(rl_flight *f, const rl_cache_entry *e);
void rl_flight_note_age(rl_flight *f, const rl_cache_entry *e); /* only its age, not what it depends on */
/* Reads in a transaction: everything that was committed since the transaction began counts. */
void rl_flight_note_snapshot(rl_flight *f, const rl_snapshot *s);
/* After the last row, when more is known: from now on the answer depends on `names` only. If something that was noted
 * has been written, it is not kept. */
void rl_flight_narrow(rl_flight *f, const rl_names *names);
/* It will not be kept: what it read cannot be told. */
void rl_flight_spoil(rl_flight *f);
/* Both ends pass on to the computation that it is `within` what it depends on; one that failed spoils that, because it
 * may go on without the answer. A private cache passes nothing on.
 * Ends it with an answer, which all who wait get. keep: it is kept if what was noted holds, and if it is no longer than
 * an entry may be. The bytes are copied. Returns whether it was kept. */
bool rl_flight_land(rl_flight *f, rl_str bytes, bool keep);
/* Ends it with an error, which all who wait get; NULL: one of them computes again. */
void rl_flight_fail(rl_flight *f, const rl_error *err);

rl_str rl_cache_entry_bytes(const rl_cache_entry *e); /* as long as the entry is retained */
rl_cache_entry *rl_cache_entry_retain(rl_cache_entry *e);
void rl_cache_entry_release(rl_cache_entry *e);

/* ------------------------------------------------------------------ shared with other processes: shared.c */

/* Sets the server that has the answers of this database for several processes (cache/redis/remote.h). Then writes and
 * touches are told there, and this cache only decides who computes. Returns false if it has another one. */
struct rl_remote;
bool rl_cache_share(rl_cache *c, struct rl_remote *r);
struct rl_remote *rl_cache_remote(const rl_cache *c); /* borrowed; NULL: none */
/* Returns a number of the server and its prefix, if it has the mark of a write; otherwise 0. */
uint64_t rl_writing_server(const rl_writing *w);
uint64_t rl_cache_server(const rl_cache *c); /* the number of the server; 0: there is none */
/* Makes names stale here only: the server has been told by who wrote. */
void rl_cache_touch_here(rl_cache *c, const rl_names *names);
/* Between the beginning of a write and its sending: tells the server. AGAIN: wait, then call again. OK: it knows, or it
 * cannot be told now. It is told of the end without waiting. */
rille_status rl_cache_write_told(rl_writing *w, rl_wait *wait);
/* Ends a flight with an answer that is not kept here, and says what it counts as: one that came from the server, or one
 * that the server keeps or not. bytes.p NULL: those who wait ask again. */
typedef enum rl_given { RL_GIVEN, RL_GIVEN_KEPT, RL_GIVEN_REFUSED } rl_given;
void rl_flight_give(rl_flight *f, rl_str bytes, rl_given as);
/* Returns the number of the last flight of the process. What a later one gives was read later. */
uint64_t rl_flights_last(void);
bool rl_flight_holds(rl_flight *f); /* nothing that was noted is being written or was written since */
/* Builds an entry of bytes that came from outside; what it depends on is not known here. NULL when out of memory. */
rl_cache_entry *rl_cache_entry_outside(rl_str bytes);
/* Counts what counted as a miss as a hit. */
void rl_cache_count_outside(rl_cache *c, uint32_t label, bool stale);

/* ------------------------------------------------------------------ figures: figures.c */

typedef struct rl_cache_figures {
  int64_t hits, misses, stale_hits, waits, kept, refused; /* refused: computed, but not kept */
  int64_t entries, bytes, evictions;                      /* bytes: of entries, keys and their bookkeeping */
} rl_cache_figures;
enum { RL_MOST_LABELS = 1000 };
/* Returns the number of a label: the name of a model, or a `key` of cached. 0 is "", and so are the thousandth and all
 * later ones. Keep the number rather than ask for it in each call. */
uint32_t rl_cache_label(rl_cache *c, rl_str name);
void rl_cache_count(const rl_cache *c, rl_cache_figures *out);
/* By label, from 0. Returns false if there is none with this number. *name is borrowed for the life of the cache. */
bool rl_cache_count_label(const rl_cache *c, uint32_t label, rl_str *name, rl_cache_figures *out);

/* ------------------------------------------------------------------ rows as bytes: pack.c */

/* Appends a row. */
void rl_pack_row(rl_buf *out, const rille_row *row);
/* Reads the next row of packed rows. Cells are in `cells`, which has room for row->count of the node, and their texts
 * are in the packed bytes; lists are in the arena. ROW, DONE, or an error (P2023): bytes that are no rows, which only
 * bytes from outside can be. Whether the node exists, has this number of cells, and has a parent with this number, is
 * for the caller to check: only it knows the layout. JSON is not checked either. */
typedef struct rl_unpack {
  const char *at, *end;
  rl_value *cells;
  size_t cells_cap;
  rl_arena *arena;
  bool out_of_memory; /* set by rl_unpack_row, which then returns NOMEM */
} rl_unpack;
rille_status rl_unpack_row(rl_unpack *u, rille_row *row, rl_error *err);
/* Appends the values of a tape in a form that is the same for the same values, for keys. */
void rl_pack_values(rl_buf *out, const rl_value *values, size_t count);

#endif
