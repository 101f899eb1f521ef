/* A call under way: a program with its inputs, how far it has come, and the rows on their way out. It knows nothing of
 * pools, transactions and deadlines: those are the operation's (op.h), which lends it a connection (exchange.h). */
#ifndef RL_RUN_CALL_H
#define RL_RUN_CALL_H

#include "input/input.h"
#include "run/exchange.h"

/* Finds the parents of a row: key cells -> ordinals of the parent rowset. */
typedef struct rl_key_map {
  uint32_t *slots; /* ordinal + 1 of the first row with a key; 0 is free */
  uint32_t mask;
  uint32_t *next; /* by ordinal: the next with the same key, + 1 */
  size_t base;    /* rows of the parent rowset from here on are the parents */
  /* recursive reads: the level that the map is for, and where its own rows begin in the rowset */
  int64_t depth;
  size_t level_base;
  /* the first node of a recursive read: the row above each row of the rowset; of level 1 (the first so many) it is one
   * of the parent's rowset, of others one of the same */
  uint32_t *above;
  size_t above_cap, level_one;
} rl_key_map;

/* The caller's own SQL: raw.c. */
typedef struct rl_raw {
  const rl_driver *driver;
  rl_stmt stmt;
  const rl_value *params;
  rille_node node; /* of the result, once it is described */
  bool described;
} rl_raw;

/* Statements that go out together. */
typedef struct rl_group {
  size_t steps; /* that were sent */
  bool waits;   /* a check of one of them must be awaited */
} rl_group;

/* What a call is like, by what was called: one table per kind. `counted_as`, `atomic`, `outdated` and `head` may be
 * NULL, the other functions are not. */
typedef struct rl_call_kind {
  bool of_model;      /* a method of a model: `compiled` is set, and names the model */
  bool script;        /* any number of statements in one text, which share a pipeline with nothing */
  bool suits_replica; /* when it writes nothing */
  bool own_sql;       /* the caller's: it may begin a transaction, and nobody knows whose fields its parameters are */
  const char *(*action)(const rl_call *);       /* as in events: "find_many", "query_raw"; static */
  int32_t (*counted_as)(const rl_call *);       /* its number in metrics, of rille/types.h; NULL: it is in none */
  bool (*writes)(const rl_call *);              /* it needs the connection that may write */
  bool (*may_write)(const rl_call *);           /* ... or does something else that leaves traces, such as locks */
  bool (*repeats)(const rl_call *);             /* nobody notices that it is sent twice: it only reads */
  bool (*atomic)(const rl_call *, bool within); /* it needs a transaction of its own; within: there is one around it */
  bool (*outdated)(const rl_call *, rl_code);   /* it has failed because rows have come or changed since it looked */
  /* Rows that are known without asking the database, until DONE. */
  rille_status (*head)(rl_call *, rille_row *, rl_error *);
  bool (*is_sent)(const rl_call *); /* to its end */
  /* Queues its next statements, without the end of the pipeline. */
  rille_status (*send)(rl_call *, rl_exchange *, rl_group *, rl_error *);
  /* A row that has come, in call->view. ROW when it is shown, OK when it is only kept. */
  rille_status (*row)(rl_call *, rl_exchange *, const rl_sent *, rille_row *, rl_error *);
  /* The end of a statement. AGAIN: another was sent in its place. */
  rille_status (*answered)(rl_call *, rl_exchange *, const rl_sent *, int64_t affected, rl_error *);
  void (*failed)(const rl_call *, rl_error *); /* puts the error into the words of the schema */
  void (*rewind)(rl_call *);                   /* to be sent again from the start */
  uint64_t (*shape)(const rl_call *, const rille_node **, uint32_t *count);
  rille_result (*result)(const rl_call *);
} rl_call_kind;

struct rl_call {
  const rl_call_kind *kind;
  const rl_compile_context *context; /* borrowed from the client */
  rl_arena *arena;                   /* the operation's, of one execution */
  uint32_t index;                    /* among the calls of a batch */

  /* a model's: set by model.c, but for params and bulks (steps.c, bulk.c) */
  const rl_tape *tape;
  rl_compiled *compiled; /* owned */
  rl_inputs inputs;
  rl_value **params; /* by step: those that depend on no earlier step, taken and checked before anything is sent; NULL:
                        not yet */
  struct rl_bulk **bulks; /* by step, likewise; NULL when the program has none */
  struct rl_bulk *bulk;   /* a bulk insert under way */

  /* how far it has come */
  uint32_t pc;        /* next step to send */
  uint64_t filling;   /* rowsets that the group at hand will fill */
  uint64_t step_rows; /* of the statement at hand */
  int64_t affected;
  uint32_t failed; /* the step whose statement the database refused, + 1; 0: none */
  /* a read in portions: of the root's statement */
  uint32_t portion; /* rows at a time; 0: all at once */
  rl_cursor cursor;
  bool root_ended; /* it has no more rows */

  /* rows on their way out: emit.c */
  rl_row_view view;
  uint64_t *node_rows; /* rows shown so far, by node */
  rl_key_map *maps;    /* by node, made when its step is read */
  rl_value *mapped;    /* cells with enum names translated; NULL when none are */
  uint32_t mapped_cap;
  uint32_t emit_next; /* a row that is shown to several parents: ordinal + 1 of the next; 0: none */
  uint32_t emit_node; /* the node it is shown as */
  uint32_t emit_map;  /* whose map has its parents */
  rl_value *kept;     /* the row's kept cells, copied once */

  rl_raw *raw;                /* NULL: it is of a model */
  struct rl_explain *explain; /* explain.c */
};

#endif
