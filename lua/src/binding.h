/* What the files of the binding share: the state of the binding, its userdata, and who offers what.
 *
 * Every C function here is a closure over the same two first upvalues: the binding (userdata) and its references
 * (table), so that a metatable or a sentinel is one array access away. Userdata come before resources: what the core
 * hands over is stored in a userdata that exists already, since any Lua call that allocates may jump away. */
#ifndef RL_LUA_BINDING_H
#define RL_LUA_BINDING_H

#include <rille/rille.h>

#include "compat.h"

/* References, by their number in the table. */
enum {
  RL_REF_NULL = 1,
  RL_REF_JSON_NULL,
  RL_REF_DB_NULL,
  RL_REF_ANY_NULL,
  RL_REF_ALL,
  RL_REF_SENTINEL, /* metatables from here */
  RL_REF_ARRAY,
  RL_REF_OBJECT,
  RL_REF_DECIMAL,
  RL_REF_FIELD,
  RL_REF_ERROR,
  RL_REF_SCOPE,
  RL_REF_MODEL,
  RL_REF_COOPERATIVE, /* of the models of a cooperative client */
  RL_REF_OP,
  RL_REF_WATCHER,
  RL_REF_SCHEMA,
  RL_REF_BOX,
  RL_REF_MIGRATIONS,
  RL_REF_SHADOW,
  RL_REF_DEV,
  RL_REF_LAYOUTS, /* shape id -> rl_layout */
  RL_REF_OLD_LAYOUTS,
  RL_REF_METHODS,
  RL_REF_COOPERATIVE_METHODS,
  RL_REF_ENTRIES, /* the names of the functions that programs call */
  RL_REF_MODULE,
  RL_REF_END
};

#define RL_OPEN_BUCKETS 256

struct rl_lua_op;
struct rl_lua_tx;
typedef struct rl_binding {
  const void *identity[RL_REF_END]; /* addresses of the referenced objects, which live as long as the state */
  int layout_count, layout_keys;    /* of the newer generation */
  struct rl_lua_op *running;        /* operation objects whose operation was started and has not ended */
  int held;                         /* transactions and locks that are open */
  int open_count;                   /* transactions whose function runs, in `open`: chains by coroutine */
  struct rl_lua_tx *open[RL_OPEN_BUCKETS];
  rille_bell *bell;   /* of the jobs that queue for a connection; NULL: each has one of its own */
  uint32_t tickets;   /* how many jobs have begun */
  int64_t look_us;    /* when the collector may next look for those that nobody has any more; of rl_now_us */
  int listeners;      /* open */
  int listener_limit; /* so many, and the collector looks for those that nobody hears any more */
  rille_tape *tape;   /* of rille.json.encode */
  rille_json *json;   /* of rille.json.decode, while nobody uses it */
  size_t home_len;    /* 0: unknown */
  int is_jit;
  char home[512]; /* how the sources of rille's own chunks begin: "@/usr/share/lua/5.4/rille/" */
} rl_binding;

#define RL_REFS lua_upvalueindex(2)
static inline rl_binding *rl_binding_of(lua_State *L) {
  return (rl_binding *)lua_touserdata(L, lua_upvalueindex(1));
}
static inline void rl_push_ref(lua_State *L, int ref) {
  lua_rawgeti(L, RL_REFS, ref);
}

/* Room for so many values. Where a small number has none, memory is short. */
static inline void rl_check_stack(lua_State *L, int size) {
  if (lua_checkstack(L, size)) return;
  lua_pushliteral(L, "not enough memory");
  lua_error(L);
}

/* An empty list of the caller's: with the metatable of rille.array, so that it is [] in Json. */
static inline void rl_new_list(lua_State *L, int size) {
  lua_createtable(L, size, 0);
  rl_push_ref(L, RL_REF_ARRAY);
  lua_setmetatable(L, -2);
}

/* module.c */
/* Puts functions into the table at the top; extra upvalues (0 or more) lie above the table and are taken. */
void rl_set_functions(lua_State *L, const luaL_Reg *functions);
/* A field of the table of options that is the first argument; the text stays on the stack, which keeps it alive. */
const char *rl_option_text(lua_State *L, const char *key);
int rl_option_flag(lua_State *L, const char *key);
/* The userdata at index when its metatable is that of ref, else NULL. */
static inline void *rl_is(lua_State *L, const rl_binding *b, int index, int ref) {
  void *p = lua_touserdata(L, index);
  if (!p || !lua_getmetatable(L, index)) return NULL;
  int same = lua_topointer(L, -1) == b->identity[ref];
  lua_pop(L, 1);
  return same ? p : NULL;
}

/* place.c: pushes where the caller of rille is, "file:line", with a ~ in front when a tail call has lost that line and
 * this is the nearest one left. 0 and nothing pushed when there is none. */
int rl_push_place(lua_State *L);
void rl_place_setup(lua_State *L);

/* error.c */
void rl_push_error(lua_State *L, const rille_error *e); /* NULL: memory is short */
int rl_lua_raise(lua_State *L, const char *code, const char *format, ...) RL_NORETURN;
/* A text for what reads to the first byte 0: VALIDATION when one lies within. NULL when there is no text; arg: there
 * must be one. what: for the message */
const char *rl_ztext(lua_State *L, int index, const char *what);
const char *rl_ztext_arg(lua_State *L, int arg, const char *what);
void rl_error_setup(lua_State *L);

/* Holds what the core handed over until it has become Lua's. */
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
} rl_lua_box;
rl_lua_box *rl_lua_box_push(lua_State *L);
void rl_lua_box_clear(rl_lua_box *box);
int rl_lua_box_push_text(lua_State *L, rl_lua_box *box, size_t len); /* box->text as a string, the one result */
int rl_lua_box_throw(lua_State *L, rl_lua_box *box) RL_NORETURN;     /* raises box->err */
static inline void rl_lua_box_check(lua_State *L, rl_lua_box *box, rille_status status) {
  if (status < 0) rl_lua_box_throw(L, box);
}

/* inside.c: whether a call is made inside a transaction of the same coroutine, but not on its object. */
typedef enum rl_inside {
  RL_INSIDE_NONE,
  RL_INSIDE_DATABASE, /* on another pool of the same database: it may wait for the transaction */
  RL_INSIDE_POOL      /* on the same pool: most likely by mistake */
} rl_inside;

/* A transaction's handle is freed by the last of the scopes and operation objects that know it. */
typedef struct rl_lua_tx {
  rille_tx *tx;
  int refs;
  struct rl_binding *binding;      /* counts it among what is held, while tx is there */
  rl_inside inside;                /* it was begun inside another one */
  const lua_State *thread;         /* the coroutine that its function runs in; NULL: it does not run */
  const rille_client *client;      /* the scope's, while its function runs */
  struct rl_lua_tx *newer, *older; /* in the chain of its bucket */
} rl_lua_tx;

/* Who watches a client and all that comes of it. Its user value is a table of functions: after, call. */
typedef struct rl_watcher {
  int what; /* RL_WATCH_... */
} rl_watcher;
#define RL_WATCH_EVENTS 1 /* after() is called when an operation has ended */
#define RL_WATCH_CALLS 2  /* call(...) is called before a read */

/* A client, or a transaction of it: what calls are made on. Its user value is a table, the anchors: idle operation
 * objects from 1 on, and what must live as long. */
typedef struct rl_scope {
  rille_client *client; /* NULL: closed */
  rl_lua_tx *tx;        /* NULL: not in a transaction */
  int idle;             /* operation objects that wait in the anchors */
  int keep_nulls;
  int cooperative;     /* its models have the methods of the cooperative table; 2: its hook can wake a sleeper */
  rl_watcher *watcher; /* of the anchors */
  int traced;          /* the anchors have a function that gives the traceparent of a call */
  int depth;           /* 0: client, 1: transaction, more: savepoints */
  int ended;
} rl_scope;

/* A model of a scope. Its user value is the scope's anchors. */
typedef struct rl_lua_model {
  rl_scope *scope;
  int32_t model;
} rl_lua_model;

/* One operation and what it needs, used again and again. */
typedef struct rl_lua_op {
  rille_op *core;
  rille_tape *tape;
  rille_json *json;
  rille_error *err;
  char *text;
  rl_lua_tx *tx; /* while it runs there */
  int keep_nulls;
  rl_inside inside;
  int running;
  int job;            /* driven from Lua: which kind, see job.c; 0: not */
  rl_scope *scope;    /* of the job, which keeps it alive */
  rille_tape **tapes; /* of a batch, a tape a call */
  int tape_count;
  int stream; /* it is read in batches, between which anything may happen */
  rl_binding *binding;
  uint32_t ticket;                 /* of the job: what the bell calls it by */
  int64_t stepped_us;              /* of a job: when it was last seen to, of rl_now_us */
  struct rl_lua_op *newer, *older; /* in the list of those that run */
} rl_lua_op;

/* op_object.c */
/* Pushes the anchors and an operation object that is ready for a start. owner: stack index of the scope or of one of
 * its models. */
rl_lua_op *rl_lua_op_take(lua_State *L, rl_scope *scope, int owner);
/* The same for what does not ask the database. */
rl_lua_op *rl_lua_op_take_offline(lua_State *L, rl_scope *scope, int owner);
/* Whether anything but the operation object may hold a connection of this state. */
static inline int rl_lua_op_shares(const rl_lua_op *op) {
  const rl_binding *b = op->binding;
  return b->held > 0 || (b->running && (b->running != op || op->older));
}
void rl_lua_op_queue(lua_State *L, rl_lua_op *op);
/* Before the first row of a blocking call: waits for its connection. Where there is none, and this state may hold some
 * for nobody, a collection gives those back. */
static inline void rl_lua_op_connect(lua_State *L, rl_lua_op *op) {
  if (rl_lua_op_shares(op)) rl_lua_op_queue(L, op);
}
/* The same for a job that has to wait; it returns at once. */
void rl_lua_op_look(lua_State *L, rl_lua_op *op);
/* The operation object goes back to its scope; anchors and op lie where take pushed them. */
void rl_lua_op_give(lua_State *L, rl_scope *scope, rl_lua_op *op, int anchors);
/* Raises op->err; the operation object is ready for another start. */
int rl_lua_op_throw(lua_State *L, rl_scope *scope, rl_lua_op *op, int anchors) RL_NORETURN;
/* Pushes op->err; the transaction that the operation object runs in is told where in the program it was met. */
void rl_lua_op_push_error(lua_State *L, rl_lua_op *op);
void rl_lua_op_stop(rl_lua_op *op); /* ends what runs */
void rl_lua_op_dispose(rl_lua_op *op);
void rl_lua_op_begin(rl_lua_op *op, rl_scope *scope); /* before a start */
static inline rille_tx *rl_lua_op_tx(const rl_lua_op *op) {
  return op->tx ? op->tx->tx : NULL;
}
/* inside.c */
/* Before a call while a transaction is open: warns of one on its pool. owner: as of rl_lua_op_take. */
rl_inside rl_inside_look(lua_State *L, const rl_scope *scope, int owner);
void rl_inside_explain(lua_State *L, const rl_lua_op *op); /* names the cause in the error at the top, of a wait */
void rl_inside_leave(rl_lua_tx *tx);                       /* its function is over; again does nothing */
void rl_inside_setup(lua_State *L);
void rl_provider_setup(lua_State *L);
/* A transaction of the scope, empty yet; the scope holds its one reference. Raises when memory is out. */
rl_lua_tx *rl_lua_tx_make(lua_State *L, rl_lua_box *box, rl_scope *scope);
void rl_lua_tx_drop(rl_lua_tx *tx);
/* Rolls back now, whoever still has a reference; all its scopes are over. */
void rl_lua_tx_cut(rl_lua_tx *tx);
void rl_lua_op_setup(lua_State *L);

/* walk.c: a Lua value to the tape, keys and tables as they are. Raises VALIDATION with the path. */
#define RL_WALK_COPY 1 /* texts are copied: the value may change before the operation ends */
/* Returns how many tokens were written. */
size_t rl_walk(lua_State *L, const rl_binding *b, rille_tape *tape, int index, int flags);

/* plain.c: 1 when the table at the absolute index answers by metamethods; what they give is pushed as a plain table.
 * Else 0; then *why says what is wrong with it, or is NULL: it is to be walked as it is. */
int rl_plain_table(lua_State *L, const rl_binding *b, int index, const char **why);

/* plain.c: whether following the table's metamethods runs a program's code. */
int rl_runs_code(lua_State *L, int index);
void rl_plain_setup(lua_State *L);

/* value.c */
void rl_value_setup(lua_State *L);
void rl_push_value(lua_State *L, rl_lua_op *op, const rille_value *v);
typedef struct rl_lua_field {
  size_t len;
  char text[1];
} rl_lua_field;

/* decimal.c: a decimal is its text, so that a row of them costs no more than one of strings. */
typedef struct rl_lua_decimal {
  size_t len;
  char text[1];
} rl_lua_decimal;
void rl_lua_decimal_push(lua_State *L, const char *text, size_t len);
void rl_lua_decimal_setup(lua_State *L);

/* json.c: pushes the value of a Json text; raises P2023. op: of the operation that has read it, which is ended first;
 * or NULL. */
void rl_json_push(lua_State *L, rille_json *reader, rl_lua_op *op, rille_error **err, const char *text, size_t len);
void rl_json_setup(lua_State *L);
void rl_encode_setup(lua_State *L); /* encode.c */

/* layout.c: what is known of the layout of a result, once. */
typedef struct rl_layout_node {
  uint32_t parent;
  uint32_t home; /* itself, or the node that it continues: where its rows are kept */
  int last;      /* it continues one, and nothing was looked for below */
  uint32_t columns;
  int list;
  int first_key; /* number of its first column's key among the keys */
  int name_key;  /* key in the parent; not for the root */
  int size;      /* keys of a row */
  int children;
  const int *group; /* per column the number of the group's key, or -1; NULL when no column has a group */
} rl_layout_node;
typedef struct rl_layout {
  uint64_t id;
  int key_count;
  int rows; /* of the last result, as a hint */
  uint32_t node_count;
  rl_layout_node nodes[1];
} rl_layout;
/* Pushes the layout and all its keys above it. */
rl_layout *rl_layout_push(lua_State *L, rl_binding *b, const rille_op *core);

/* rows.c: pulls the rest of a started operation and pushes its result, one value. 0, or -1 when op->err says what
 * failed. */
int rl_push_result(lua_State *L, rl_binding *b, rl_lua_op *op);
/* Pulls a batch of a stream and pushes the array of its rows; the status that ended it. */
rille_status rl_push_batch(lua_State *L, rl_binding *b, rl_lua_op *op);
/* Pulls to the end. */
rille_status rl_drain(rl_lua_op *op);

/* Functions of the module, by subject. */
void rl_op_setup(lua_State *L);
void rl_raw_setup(lua_State *L);
void rl_sql_setup(lua_State *L);
void rl_job_setup(lua_State *L);
void rl_alarm_setup(lua_State *L);
int64_t rl_now_us(void); /* monotonic; alarm.c */
int64_t
rl_span_ms(lua_Number ms); /* whole milliseconds, at least as many; what no program lives to see becomes years */
void rl_listen_setup(lua_State *L);
void rl_lock_setup(lua_State *L);
void rl_client_setup(lua_State *L);
void rl_observe_setup(lua_State *L);

/* observe.c */
void rl_watcher_push(lua_State *L, rl_scope *scope); /* a new one, kept by the scope at the top */
void rl_watcher_inherit(lua_State *L, rl_scope *scope, const rl_scope *from); /* stack: anchors of scope, of from */
/* Tells the handlers what has happened. Leaves the stack as it was, and raises nothing. */
/* Pushes a function of the watcher, or nil. */
void rl_watcher_function(lua_State *L, int anchors, const char *name);
void rl_tell_events(lua_State *L, int anchors);
void rl_tell_call(lua_State *L, const rl_scope *scope, int owner, const char *name);
void rl_set_trace(lua_State *L, rl_lua_op *op); /* stack: anchors, op */
static inline void rl_after(lua_State *L, const rl_scope *scope, int anchors) {
  if (scope->watcher->what & RL_WATCH_EVENTS) rl_tell_events(L, anchors);
}
static inline void rl_before_read(lua_State *L, const rl_scope *scope, int owner, const char *name) {
  if (scope->watcher->what & RL_WATCH_CALLS) rl_tell_call(L, scope, owner, name);
}
void rl_lua_tx_setup(lua_State *L);
void rl_lua_schema_setup(lua_State *L);
void rl_files_setup(lua_State *L);
void rl_models_setup(lua_State *L);
void rl_backup_setup(lua_State *L);
typedef struct rl_lua_migrations {
  rille_migrations *m; /* NULL: closed */
  int borrowed;        /* of another handle, which frees it */
} rl_lua_migrations;
/* Pushes a handle that the userdata at `owner` has; its user value keeps it as "migrations". */
void rl_lua_migrations_borrow(lua_State *L, int owner, rille_migrations *m);
void rl_lua_migrations_setup(lua_State *L);
void rl_lua_dev_setup(lua_State *L); /* dev.c */

/* job.c: what a step that would block says to Lua: mode, fd, seconds. */
int rl_push_wait(lua_State *L, const rille_wait *wait);

/* Starts for job.c: each leaves anchors and op at the top of the stack. */
void rl_job_prepare(rl_lua_op *op, const rl_scope *scope); /* between taking the operation object and rl_lua_op_begin */
rl_lua_op *rl_op_job(lua_State *L, rl_scope **scope, uint32_t batch);
rl_lua_op *rl_raw_job(lua_State *L, rl_scope *scope, int query);
rl_lua_op *rl_script_job(lua_State *L, rl_scope *scope);
typedef rille_status rl_lua_tx_step(rille_op *, rille_tx *, rille_error **);
rl_lua_op *rl_lua_tx_job(lua_State *L, rl_scope *scope, rl_lua_tx_step *start);
rl_lua_op *rl_batch_job(lua_State *L, rl_scope *scope, int cooperative);
rille_action rl_check_action(lua_State *L, int index);
int rl_action_at(rille_action action, rille_action_info *out); /* 0: there is none */
rl_lua_model *rl_lua_model_at(lua_State *L, const rl_binding *b, int index);
rl_lua_tx_step *rl_lua_tx_ending(const rl_scope *scope, int commit);

/* client.c */
rl_scope *rl_scope_check(lua_State *L, int index); /* raises when it is none, closed, or over */
void rl_scope_must_be_open(lua_State *L, const rl_scope *scope);
/* Pushes a scope with its anchors. */
rl_scope *rl_scope_push(lua_State *L);
rille_schema *rl_lua_schema_check(lua_State *L, int index);
const rille_schema *rl_lua_schema_at(lua_State *L, int index); /* models.c: a schema, or a client's */

#endif
