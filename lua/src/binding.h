/* What the files of the binding share: the state of the binding, its userdata, and the functions that a file offers.
 *
 * The first two upvalues of every C function are the binding (userdata) and its references (table). So a metatable or a
 * sentinel costs one array access. A userdata exists before it gets a resource: any Lua call that allocates may raise
 * an error and leave the function. */
#ifndef RL_LUA_BINDING_H
#define RL_LUA_BINDING_H

#include <rille/rille.h>

#include "compat.h"

/* The numbers of the references in their table. */
enum {
  RL_REF_NULL = 1,
  RL_REF_JSON_NULL,
  RL_REF_DB_NULL,
  RL_REF_ANY_NULL,
  RL_REF_ALL,
  RL_REF_SENTINEL, /* metatables from here */
  RL_REF_ARRAY,    /* of rille's own tables, in pairs: see rl_own_table */
  RL_REF_OBJECT,
  RL_REF_DECODED_JSON_ARRAY,
  RL_REF_DECODED_JSON_OBJECT,
  RL_REF_DECODED_FORM_ARRAY,
  RL_REF_DECODED_FORM_OBJECT,
  RL_REF_DECIMAL,
  RL_REF_FIELD,
  RL_REF_ERROR,
  RL_REF_SCOPE,
  RL_REF_MODEL,
  RL_REF_COOPERATIVE, /* metatable of the models of a cooperative client */
  RL_REF_OP,
  RL_REF_WATCHER,
  RL_REF_SCHEMA,
  RL_REF_BOX,
  RL_REF_MIGRATIONS,
  RL_REF_SHADOW,
  RL_REF_DEV,
  RL_REF_CONTEXT,
  RL_REF_LAYOUTS, /* number of a layout -> rl_layout */
  RL_REF_OLD_LAYOUTS,
  RL_REF_METHODS,
  RL_REF_COOPERATIVE_METHODS,
  RL_REF_ENTRIES, /* names of the functions that applications call */
  RL_REF_MODULE,
  RL_REF_STRICT,   /* the function that builds the metatables of strict rows */
  RL_REF_BOX_KEPT, /* the box of the binding: rl_lua_box_take */
  RL_REF_END
};

#define RL_OPEN_BUCKETS 256

struct rl_lua_op;
struct rl_lua_tx;
struct rl_lua_context;
typedef struct rl_binding {
  const void *identity[RL_REF_END]; /* addresses of the referenced objects; valid until the state ends */
  int layout_count, layout_keys;    /* of the newer generation */
  struct rl_lua_op *running;        /* list of the operation objects whose operation was started and has not ended */
  int held;                         /* number of open transactions and locks */
  int open_count; /* number of transactions whose function runs; `open` has them, hashed by coroutine */
  struct rl_lua_tx *open[RL_OPEN_BUCKETS];
  int context_count; /* number of computations and requests whose function runs; `contexts` has them, hashed by
                        coroutine */
  struct rl_lua_context *contexts[RL_OPEN_BUCKETS];
  rille_bell *bell;   /* shared by the jobs that queue for a connection; NULL: each has its own */
  uint32_t tickets;   /* number of jobs that were started */
  int64_t look_us;    /* rl_now_us: not before this, the collector may free connections that are no longer referenced */
  int listeners;      /* open ones */
  int listener_limit; /* from this number on, the collector frees listeners that are no longer referenced */
  struct rl_lua_box *box; /* kept, with its tape; NULL: there is none, or it is in use */
  rille_json *json;       /* of rille.json.decode; NULL while it is in use */
  size_t home_len;        /* 0: unknown */
  int is_jit;
  char home[512]; /* common start of the sources of rille's own chunks: "@/usr/share/lua/5.4/rille/" */
} rl_binding;

#define RL_REFS lua_upvalueindex(2)
static inline rl_binding *rl_binding_of(lua_State *L) {
  return (rl_binding *)lua_touserdata(L, lua_upvalueindex(1));
}
static inline void rl_push_ref(lua_State *L, int ref) {
  lua_rawgeti(L, RL_REFS, ref);
}

/* Makes room for `size` values on the stack. With a small number this fails only if Lua is out of memory. */
static inline void rl_check_stack(lua_State *L, int size) {
  if (lua_checkstack(L, size)) return;
  lua_pushliteral(L, "not enough memory");
  lua_error(L);
}

/* What a table with one of rille's own metatables is. */
typedef struct rl_own_table {
  int is_array, is_object; /* both 0: the metatable is not rille's */
  int32_t decoded;         /* RILLE_DECODED_JSON, RILLE_DECODED_FORM, or 0 */
} rl_own_table;
static inline rl_own_table rl_own_table_of(const rl_binding *b, const void *metatable) {
  rl_own_table own = {0, 0, 0};
  for (int ref = RL_REF_ARRAY; metatable && ref <= RL_REF_DECODED_FORM_OBJECT; ref++) {
    if (metatable != b->identity[ref]) continue;
    own.is_array = (ref - RL_REF_ARRAY) % 2 == 0;
    own.is_object = !own.is_array;
    own.decoded = (ref - RL_REF_ARRAY) / 2;
    break;
  }
  return own;
}

/* Pushes an empty list with the metatable of rille.array, so it is [] in JSON. */
static inline void rl_new_list(lua_State *L, int size) {
  lua_createtable(L, size, 0);
  rl_push_ref(L, RL_REF_ARRAY);
  lua_setmetatable(L, -2);
}

/* module.c */
/* Puts functions into the table at the top. */
void rl_set_functions(lua_State *L, const luaL_Reg *functions);
/* Returns the userdata at index if its metatable is that of ref, otherwise NULL. */
static inline void *rl_is(lua_State *L, const rl_binding *b, int index, int ref) {
  void *p = lua_touserdata(L, index);
  if (!p || !lua_getmetatable(L, index)) return NULL;
  int same = lua_topointer(L, -1) == b->identity[ref];
  lua_pop(L, 1);
  return same ? p : NULL;
}

/* place.c: pushes the line of the application that called rille, "file:line". A ~ in front: a tail call has lost that
 * line, and this is the nearest one. Returns 0 and pushes nothing if there is none. */
int rl_push_place(lua_State *L);
void rl_place_setup(lua_State *L);

/* error.c */
void rl_push_error(lua_State *L, const rille_error *e); /* NULL: out of memory */
int rl_lua_raise(lua_State *L, const char *code, const char *format, ...) RL_NORETURN;
const char *rl_type_name(lua_State *L, int index); /* for messages, with its article: "a string", "an integer", "nil" */
/* Returns the string at index, which the core reads to the first zero byte. Raises VALIDATION if it contains one. NULL
 * if it is not a string; rl_string_arg raises then. what: for the message. */
const char *rl_string(lua_State *L, int index, const char *what);
const char *rl_string_arg(lua_State *L, int arg, const char *what);
void rl_error_setup(lua_State *L);

/* Resources from the core, until they have become Lua values. Frees them if an error is raised in between. */
typedef struct rl_lua_box {
  rille_error *err;
  char *text;
  rille_decimal *decimal[3];
  rille_diagnostics *diagnostics;
  rille_json *json;
  rille_diff *diff;
  rille_faults *faults;
  const rille_client_event *event;
  rille_tape *tape;
  rille_sql_reader *reader;
  rille_tape *options[2]; /* of an input: what it allows, what it requires */
  rille_input *input;
} rl_lua_box;
rl_lua_box *rl_lua_box_push(lua_State *L);
void rl_lua_box_clear(rl_lua_box *box);
/* Takes the box that the binding keeps, or pushes a new one. It has an empty tape. So a call that is made often does
 * not cost a finalizer and a tape each time. */
rl_lua_box *rl_lua_box_take(lua_State *L);
void rl_lua_box_give(lua_State *L, int index); /* clears the box at index, and keeps it with its tape */
int rl_lua_box_push_text(lua_State *L, rl_lua_box *box,
                         size_t len); /* pushes box->text; returns 1, the number of results */
int rl_lua_box_throw(lua_State *L, rl_lua_box *box) RL_NORETURN; /* raises box->err */
static inline void rl_lua_box_check(lua_State *L, rl_lua_box *box, rille_status status) {
  if (status < 0) rl_lua_box_throw(L, box);
}

/* inside.c: a call inside a transaction of the same coroutine, but not on its object. */
typedef enum rl_inside {
  RL_INSIDE_NONE,
  RL_INSIDE_DATABASE, /* on another pool of the same database: may wait for the transaction */
  RL_INSIDE_POOL      /* on the same pool: probably a mistake */
} rl_inside;

/* A transaction. The last scope or operation object that references it frees it. */
typedef struct rl_lua_tx {
  rille_tx *tx;
  int refs;
  struct rl_binding *binding;      /* counts it in `held` until tx is NULL */
  rl_inside inside;                /* where it was begun */
  const lua_State *thread;         /* the coroutine that runs its function; NULL: not running */
  const rille_client *client;      /* of the scope, while the function runs */
  struct rl_lua_tx *newer, *older; /* in its bucket of `open` */
} rl_lua_tx;

/* The watcher of a client, its derived clients and transactions. Its user value is a table of functions: after, call,
 * inside. */
typedef struct rl_watcher {
  int what; /* RL_WATCH_... */
} rl_watcher;
#define RL_WATCH_EVENTS 1 /* after() is called after each operation */
#define RL_WATCH_CALLS 2  /* call(...) is called before a read */

/* What calls are made on: a client, or a transaction of one. Its user value is a table, the anchors: idle operation
 * objects from 1 on, and what must stay alive. */
typedef struct rl_scope {
  rille_client *client; /* NULL: closed */
  rl_lua_tx *tx;        /* NULL: not in a transaction */
  int idle;             /* number of operation objects in the anchors */
  int keep_nulls;
  int strict;          /* rows refuse keys that were not read */
  int cooperative;     /* 1: has a wait hook; 2: the hook can wake a sleeping coroutine */
  rl_watcher *watcher; /* borrowed from the anchors */
  int traced;          /* the anchors have a function that returns the traceparent of a call */
  int depth;           /* 0: client, 1: transaction, more: savepoints */
  int ended;
} rl_scope;

/* A model of a scope. Its user value is the scope's anchors. */
typedef struct rl_lua_model {
  rl_scope *scope;
  int32_t model;
} rl_lua_model;

/* An operation object: an operation with its tape and error, used again and again. */
typedef struct rl_lua_op {
  rille_op *core;
  rille_tape *tape;
  rille_json *json;
  rille_error *err;
  char *text;
  rl_lua_tx *tx; /* counted reference, while the operation runs in it */
  int keep_nulls;
  const rille_schema *strict; /* of strict rows; NULL: rows are plain tables */
  rl_inside inside;
  int running;
  int job;            /* kind of the job, see job.c; 0: not a job */
  rl_scope *scope;    /* of the job; its table keeps it alive */
  rille_tape **tapes; /* of a batch: one per call */
  int tape_count;
  int stream;     /* rows are read in batches */
  int in_context; /* it was part of a computation or a request when it was taken last */
  rl_binding *binding;
  uint32_t ticket;                 /* of the job: its number for the bell */
  int64_t stepped_us;              /* of a job: rl_now_us of its last step */
  struct rl_lua_op *newer, *older; /* in the list `running` of the binding */
} rl_lua_op;

/* op_object.c */
/* Pushes the anchors and an idle operation object. owner: stack index of the scope or of one of its models. */
rl_lua_op *rl_lua_op_take(lua_State *L, rl_scope *scope, int owner);
/* The same for an operation that sends nothing. */
rl_lua_op *rl_lua_op_take_offline(lua_State *L, rl_scope *scope, int owner);
/* Returns whether anything else in this Lua state may hold a connection. */
static inline int rl_lua_op_shares(const rl_lua_op *op) {
  const rl_binding *b = op->binding;
  return b->held > 0 || (b->running && (b->running != op || op->older));
}
/* Waits for a connection. Collects garbage meanwhile, to release connections that are no longer referenced. */
void rl_lua_op_wait_turn(lua_State *L, rl_lua_op *op);
/* The same before the first row of a blocking call, if this state may hold connections. */
static inline void rl_lua_op_connect(lua_State *L, rl_lua_op *op) {
  if (rl_lua_op_shares(op)) rl_lua_op_wait_turn(L, op);
}
/* Collects garbage if the job is waiting for a connection. Does not wait. */
void rl_lua_op_free_unowned(lua_State *L, rl_lua_op *op);
/* Returns the operation object to its scope. anchors: stack index where rl_lua_op_take pushed them. */
void rl_lua_op_release(lua_State *L, rl_scope *scope, rl_lua_op *op, int anchors);
/* Raises op->err, and releases the operation object. */
int rl_lua_op_throw(lua_State *L, rl_scope *scope, rl_lua_op *op, int anchors) RL_NORETURN;
/* Pushes op->err, and records its place in the transaction. */
void rl_lua_op_push_error(lua_State *L, rl_lua_op *op);
void rl_lua_op_stop(rl_lua_op *op); /* cancels the operation if it is running */
void rl_lua_op_dispose(rl_lua_op *op);
void rl_lua_op_begin(rl_lua_op *op, rl_scope *scope); /* before the operation is started */
static inline rille_tx *rl_lua_op_tx(const rl_lua_op *op) {
  return op->tx ? op->tx->tx : NULL;
}
/* inside.c */
/* Called before a call while a transaction is open. Warns of a call on the pool of the transaction. owner: as in
 * rl_lua_op_take. */
rl_inside rl_inside_check(lua_State *L, const rl_scope *scope, int owner);
void rl_inside_explain(lua_State *L,
                       const rl_lua_op *op); /* adds the cause to the error at the top if it is about waiting */
void rl_inside_leave(rl_lua_tx *tx);         /* its function has ended; may be called twice */
void rl_inside_setup(lua_State *L);
void rl_provider_setup(lua_State *L);
/* Creates the transaction of a scope, without a handle yet. The scope has its only reference. Raises if out of memory.
 */
rl_lua_tx *rl_lua_tx_new(lua_State *L, rl_lua_box *box, rl_scope *scope);
void rl_lua_tx_release(rl_lua_tx *tx);
/* Rolls back now, even if there are other references. All its scopes end. */
void rl_lua_tx_roll_back(rl_lua_tx *tx);
void rl_lua_op_setup(lua_State *L);

/* walk.c: writes a Lua value to the tape. Raises VALIDATION with the path. Returns the number of tokens written. */
#define RL_WALK_COPY 1 /* strings are copied: the value may change before the operation ends */
size_t rl_walk(lua_State *L, const rl_binding *b, rille_tape *tape, int index, int flags);

/* What the arguments of a call say about its result. It does not change the query, and is not part of the shape. */
typedef struct rl_answer {
  int json;      /* `as = "json"` */
  int bigint;    /* `bigint` was given */
  uint32_t how;  /* as in rille_op_set_json */
  int cached;    /* `cache` was given */
  rl_lua_op *op; /* its next start asks the cache if `cache` was given; NULL: that has no effect */
} rl_answer;
/* Does the same for the arguments of a model's method. */
size_t rl_walk_call(lua_State *L, const rl_binding *b, rille_tape *tape, int index, int flags, rl_answer *out);

/* answer.c: takes the value at the top if its key is about the result. Returns 0 for any other key. */
int rl_answer_take(lua_State *L, rl_answer *out, const char *key, size_t len);
/* Raises VALIDATION if the action has no such result. */
void rl_answer_check(lua_State *L, const rl_answer *answer, rille_action action);
/* Passes it to the operation, before a start. */
void rl_answer_apply(const rl_lua_op *op, const rl_scope *scope, const rl_answer *answer);
/* Pushes the text of an operation that has ended, or of a batch of a stream. Returns -1 and pushes nothing if op->err
 * says what failed. */
int rl_answer_push(lua_State *L, rl_lua_op *op);

/* cached.c: takes the value at the top as the argument `cache`. Raises VALIDATION. */
void rl_cached_take(lua_State *L, rl_answer *out);

/* plain.c: returns 1 if the table at the absolute index has metamethods for its content, and pushes a plain table with
 * that content. Otherwise 0; *why is then the reason it cannot be read, or NULL: the table is plain. */
int rl_plain_table(lua_State *L, const rl_binding *b, int index, const char **why);

/* plain.c: returns whether reading the table runs metamethods. */
int rl_runs_code(lua_State *L, int index);
/* Returns whether a table has no keys, without metamethods. */
int rl_is_empty_table(lua_State *L, int index);
void rl_plain_setup(lua_State *L);

/* kept.c: makes the operation part of the computation and the request in which this coroutine runs. */
void rl_context_apply(lua_State *L, rl_lua_op *op);
void rl_kept_setup(lua_State *L);

/* value.c */
void rl_value_setup(lua_State *L);
void rl_pack_setup(lua_State *L); /* pack.c */
void rl_push_value(lua_State *L, rl_lua_op *op, const rille_value *v);
typedef struct rl_lua_field {
  size_t len;
  char text[1];
} rl_lua_field;

/* decimal.c: a decimal is its text, so reading one costs no more than reading a string. */
typedef struct rl_lua_decimal {
  size_t len;
  char text[1];
} rl_lua_decimal;
void rl_lua_decimal_push(lua_State *L, const char *text, size_t len);
void rl_lua_decimal_setup(lua_State *L);

/* json.c: pushes the value of a JSON text. Raises P2023, after stopping op, the operation that delivered it, or NULL.
 */
void rl_json_push(lua_State *L, rille_json *reader, rl_lua_op *op, rille_error **err, const char *text, size_t len);
void rl_json_setup(lua_State *L);
void rl_input_setup(lua_State *L);  /* input.c */
void rl_encode_setup(lua_State *L); /* encode.c */

/* layout.c: what is known of one node of a result. */
typedef struct rl_layout_node {
  uint32_t parent;
  uint32_t home; /* itself, or the node that it continues: has the array of its rows */
  int last;      /* it continues a node, and no level below was read */
  uint32_t columns;
  int list;
  int first_key; /* number of the key of its first column */
  int name_key;  /* key in the parent; not for the root */
  int size;      /* number of keys of a row */
  int children;
  const int *group; /* per column: number of the key of its group, or -1; NULL: no column has a group */
} rl_layout_node;
/* What is known of a result. */
typedef struct rl_layout {
  uint64_t id;
  int key_count;
  int rows; /* number in the last result: a hint for the size of the list */
  uint32_t node_count;
  rl_layout_node nodes[1];
} rl_layout;
/* Pushes the layout and all its keys above it. */
rl_layout *rl_layout_push(lua_State *L, rl_binding *b, const rille_op *core);
/* The key that the metatables of strict rows have. */
#define RL_STRICT_ROW "rille.row"
/* strict.c: pushes the table of the metatables of strict rows, by node + 1; false: rows of no model. keys: stack index
 * of the layout's key 0. */
void rl_strict_push(lua_State *L, const rl_lua_op *op, const rl_layout *layout, int keys);
void rl_strict_setup(lua_State *L);

/* rows.c: pulls all rows of a started operation and pushes its result, one value. Returns 0, or -1 with op->err. */
int rl_push_result(lua_State *L, rl_binding *b, rl_lua_op *op);
/* Pulls one batch of a stream and pushes the list of its rows. Returns the status that ended it. */
rille_status rl_push_batch(lua_State *L, rl_binding *b, rl_lua_op *op);
/* Pulls all rows and drops them. */
rille_status rl_drain(rl_lua_op *op);

/* Add functions to the module, which is at the top of the stack. */
void rl_op_setup(lua_State *L);
void rl_raw_setup(lua_State *L);
void rl_sql_setup(lua_State *L);
void rl_job_setup(lua_State *L);
void rl_alarm_setup(lua_State *L);
int64_t rl_now_us(void); /* monotonic; alarm.c */
/* alarm.c: rounds up to whole milliseconds, at most 1e12. */
int64_t rl_span_ms(lua_Number ms);
void rl_listen_setup(lua_State *L);
void rl_lock_setup(lua_State *L);
void rl_client_setup(lua_State *L);
void rl_observe_setup(lua_State *L);

/* observe.c */
void rl_watcher_push(lua_State *L, rl_scope *scope); /* creates the watcher of the scope, which is at the top */
void rl_watcher_inherit(lua_State *L, rl_scope *scope, const rl_scope *from); /* stack: anchors of scope, of from */
/* Pushes a function of the watcher, or nil. */
void rl_watcher_function(lua_State *L, int anchors, const char *name);
/* Calls the handlers with the recorded events. Leaves the stack as it was, and raises nothing. */
void rl_report_events(lua_State *L, int anchors);
void rl_report_call(lua_State *L, const rl_scope *scope, int owner, const char *name);
void rl_set_trace(lua_State *L, rl_lua_op *op); /* stack: anchors, op */
static inline void rl_after(lua_State *L, const rl_scope *scope, int anchors) {
  if (scope->watcher->what & RL_WATCH_EVENTS) rl_report_events(L, anchors);
}
static inline void rl_before_read(lua_State *L, const rl_scope *scope, int owner, const char *name) {
  if (scope->watcher->what & RL_WATCH_CALLS) rl_report_call(L, scope, owner, name);
}
void rl_lua_tx_setup(lua_State *L);
void rl_revalidate_setup(lua_State *L);
void rl_lua_schema_setup(lua_State *L);
void rl_files_setup(lua_State *L);
void rl_models_setup(lua_State *L);
void rl_backup_setup(lua_State *L);
typedef struct rl_lua_migrations {
  rille_migrations *m; /* NULL: closed */
  int borrowed;        /* another handle frees it */
} rl_lua_migrations;
/* Pushes a handle that belongs to the userdata at `owner`. The user value of that one keeps it as "migrations". */
void rl_lua_migrations_borrow(lua_State *L, int owner, rille_migrations *m);
void rl_lua_migrations_setup(lua_State *L);
void rl_lua_dev_setup(lua_State *L); /* dev.c */

/* job.c: pushes what to wait for: mode, fd, seconds. Returns 3. */
int rl_push_wait(lua_State *L, const rille_wait *wait);

/* Start the operation of a job. Each leaves anchors and op at the top of the stack. */
void rl_job_prepare(rl_lua_op *op, const rl_scope *scope); /* between rl_lua_op_take and rl_lua_op_begin */
rl_lua_op *rl_op_job(lua_State *L, rl_scope **scope, uint32_t batch);
rl_lua_op *rl_raw_job(lua_State *L, rl_scope *scope, int query);
rl_lua_op *rl_script_job(lua_State *L, rl_scope *scope);
rl_lua_op *rl_revalidate_job(lua_State *L, rl_scope *scope);
/* raw.c: tells the next raw statement which models it is about: a list at a stack index, or nil. */
rille_status rl_raw_touches(lua_State *L, rl_lua_op *op, int list);
typedef rille_status rl_lua_tx_step(rille_op *, rille_tx *, rille_error **);
rl_lua_op *rl_lua_tx_job(lua_State *L, rl_scope *scope, rl_lua_tx_step *start);
rl_lua_op *rl_batch_job(lua_State *L, rl_scope *scope, int cooperative);
rille_action rl_check_action(lua_State *L, int index);
int rl_action_at(rille_action action, rille_action_info *out); /* returns 0 if there is none */
rl_lua_model *rl_lua_model_at(lua_State *L, const rl_binding *b, int index);
rl_lua_tx_step *rl_lua_tx_ending(const rl_scope *scope, int commit);

/* client.c */
rl_scope *rl_scope_check(lua_State *L, int index); /* raises if it is not a scope, or is closed */
void rl_scope_must_be_open(lua_State *L, const rl_scope *scope);
/* Pushes a scope with its anchors. */
rl_scope *rl_scope_push(lua_State *L);
rille_schema *rl_lua_schema_check(lua_State *L, int index);
void rl_model_facts_push(lua_State *L, const rille_schema *s, int32_t model); /* models.c */
const rille_schema *rl_lua_schema_at(lua_State *L, int index); /* models.c: of a schema, or of a client */

#endif
