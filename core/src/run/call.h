/* A call under way: a program with its inputs, its progress, and its rows on their way out. It does not know pools,
 * transactions or deadlines. The operation (op.h) knows them, and lends it a connection (exchange.h). */
#ifndef RL_RUN_CALL_H
#define RL_RUN_CALL_H

#include "input/input.h"
#include "run/exchange.h"

/* A hash map from key cells to the ordinals of parent rows. */
typedef struct rl_key_map {
  uint32_t *slots; /* ordinal + 1 of the first row with a key; 0 is free */
  uint32_t mask;
  uint32_t *next; /* by ordinal: the next row with the same key, + 1 */
  size_t base;    /* the parents are the rows of the parent rowset from here on */
  /* of recursive reads: the level of the map, and where its own rows begin in the rowset */
  int64_t depth;
  size_t level_base;
  /* of the first node of a recursive read: the parent of each row of the rowset. For the first level_one rows it is a
   * row of the parent's rowset, for the others one of the same rowset. */
  uint32_t *above;
  size_t above_cap, level_one;
} rl_key_map;

/* The caller's own SQL: raw.c. */
typedef struct rl_raw {
  const rl_driver *driver;
  rl_stmt stmt;
  const rl_value *params;
  const rl_model **models; /* that it reads or writes, as the caller says */
  size_t model_count;      /* 0: unknown */
  rille_node node;         /* of the result, once the database has described it */
  bool described;
} rl_raw;

/* The statements that are sent together. */
typedef struct rl_group {
  size_t steps; /* how many were sent */
  bool waits;   /* one of them has a check whose answer must be awaited */
} rl_group;

/* The properties and functions of a kind of call. `counted_as`, `atomic`, `outdated` and `head` may be NULL. */
typedef struct rl_call_kind {
  bool of_model;      /* a method of a model: `compiled` is set, and names the model */
  bool script;        /* any number of statements in one text, sent apart from everything else */
  bool suits_replica; /* a replica may run it if it writes nothing */
  bool own_sql; /* the SQL is the application's: it may begin a transaction, and its parameters belong to no field */
  const char *(*action)(const rl_call *);       /* as in events: "find_many", "query_raw"; static */
  int32_t (*counted_as)(const rl_call *);       /* its number in metrics (rille/types.h); NULL: not counted */
  bool (*writes)(const rl_call *);              /* it needs a connection that may write */
  bool (*may_write)(const rl_call *);           /* ... or has other effects, such as locks */
  bool (*repeats)(const rl_call *);             /* it only reads: sending it twice has no effect */
  bool (*atomic)(const rl_call *, bool within); /* it needs a transaction, or a savepoint if within */
  bool (*outdated)(const rl_call *, rl_code);   /* it failed because rows were added or changed since it read them */
  /* Returns the rows that are known without asking the database. DONE: no more. */
  rille_status (*head)(rl_call *, rille_row *, rl_error *);
  bool (*is_sent)(const rl_call *); /* all its statements were sent */
  /* Queues its next statements. The operation ends the pipeline. */
  rille_status (*send)(rl_call *, rl_exchange *, rl_group *, rl_error *);
  /* Takes the row in call->view. ROW: it is delivered in `row`, OK: it is only kept. */
  rille_status (*row)(rl_call *, rl_exchange *, const rl_sent *, rille_row *, rl_error *);
  /* Takes the end of a statement. AGAIN: another one was sent in its place. */
  rille_status (*answered)(rl_call *, rl_exchange *, const rl_sent *, int64_t affected, rl_error *);
  void (*failed)(const rl_call *, rl_error *); /* translates the error to terms of the schema */
  void (*rewind)(rl_call *);                   /* prepares it to be sent again from the start */
  uint64_t (*shape)(const rl_call *, const rille_node **, uint32_t *count);
  rille_result (*result)(const rl_call *);
} rl_call_kind;

struct rl_call {
  const rl_call_kind *kind;
  const rl_compile_context *context; /* borrowed from the client */
  rl_arena *arena;                   /* the operation's; lives as long as one execution */

  /* of a method of a model: set by model.c, except params and bulks (steps.c, bulk.c) */
  const rl_tape *tape;
  rl_compiled *compiled; /* owned */
  rl_inputs inputs;
  rl_value **params;      /* by step; NULL: the values depend on earlier steps */
  struct rl_bulk **bulks; /* by step, the same for bulk steps; NULL: the program has none */
  struct rl_bulk *bulk;   /* the bulk step under way */

  /* progress */
  uint32_t index;     /* among the calls of a batch */
  uint32_t pc;        /* the next step to send */
  uint64_t filling;   /* rowsets that the current group will fill */
  uint64_t step_rows; /* rows of the current statement so far */
  int64_t affected;
  uint32_t failed; /* the step whose statement the database refused, + 1; 0: none */
  /* of a stream: the root's statement */
  uint32_t portion; /* rows per portion; 0: no portions */
  rl_cursor cursor;
  bool root_ended; /* no more rows */

  /* rows on their way out: emit.c */
  rl_row_view view;
  uint64_t *node_rows; /* rows delivered so far, by node */
  rl_key_map *maps;    /* by node, built when its step is read */
  rl_value *mapped;    /* cells with translated enum names; NULL: none were needed */
  uint32_t mapped_cap;
  uint32_t emit_next; /* of a row with several parents: ordinal + 1 of the next parent; 0: none */
  uint32_t emit_node; /* the node as which it is delivered */
  uint32_t emit_map;  /* the node whose map has its parents */
  rl_value *kept;     /* the cells of the row that are kept, copied once */

  struct rl_cached *cached;     /* borrowed from the operation; NULL: its rows are not collected for the cache */
  struct rl_document *document; /* borrowed from the operation; NULL: the caller gets the rows */
  rl_raw *raw;                  /* NULL: a method of a model */
  struct rl_explain *explain;   /* explain.c */
};

/* ------------------------------------------------------------------ for kinds in which it is always so */

static inline bool rl_call_never(const rl_call *c) {
  (void)c;
  return false;
}

static inline bool rl_call_always(const rl_call *c) {
  (void)c;
  return true;
}

/* The end of a statement of which nothing is kept. */
static inline rille_status rl_call_ignore_end(rl_call *c, rl_exchange *io, const rl_sent *sent, int64_t affected,
                                              rl_error *err) {
  (void)c;
  (void)io;
  (void)sent;
  (void)affected;
  (void)err;
  return RILLE_OK;
}

#endif
