/* The tape: the arguments of one call, written in one pass and split into a shape and values.
 *
 * The shape is what decides the SQL: keys, nesting, kinds of scalars. It is a byte string, hashed while it is written.
 * The values are the scalars, in the order of writing, one rl_value each. List elements with the same shape as the
 * element before them share one run of the shape. So a list of 3 and a list of 3,000 numbers have the same shape; the
 * length is a value.
 *
 *   shape    := value
 *   value    := scalar | '{' (key value)* '}' | '[' (element '*')* ']'        element := value; one '*' ends each run
 *               '(' or '<' in place of '{': the object is decoded JSON, or a decoded form
 *   key      := 'k' u16-length bytes            (key text is borrowed by the tape until reset)
 *   scalar   := 'n' null | 'b' bool | 'i' int | 'f' float | 's' text | 'x' bytes | 'd' decimal | 't' date-time | 'j'
 * Json | 'm' mark values : one for each scalar except null and mark, and one RL_RUN value at the head of each run
 *
 * A mark is a special value that decides SQL (rille.json_null, rille.all, a field reference): its number and text are
 * part of the shape: mark     := 'm' u8-mark u16-length bytes
 *
 * Strings are borrowed: the caller keeps them alive until the operation has ended. Writers do not return errors:
 * rl_tape_end reports the first one. One thread at a time. */
#ifndef RL_TAPE_TAPE_H
#define RL_TAPE_TAPE_H

#include <rille/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/map.h"

typedef rille_value rl_value;

/* An internal kind besides the public ones: the head of a run of list elements. as.i: number of elements; len: number
 * of values of the run, including this one. */
#define RL_RUN 100u

typedef enum rl_mark {
  RL_MARK_JSON_NULL = 1,
  RL_MARK_DB_NULL,
  RL_MARK_ANY_NULL,
  RL_MARK_ALL,          /* rille.all: every row */
  RL_MARK_FIELD,        /* rille.field(model, field): text is "Model.field" */
  RL_MARK_EMPTY_ARRAY,  /* rille.array{} with nothing in it */
  RL_MARK_EMPTY_OBJECT, /* rille.object{} with nothing in it */
  RL_MARK_UNREADABLE    /* in a form: what is no value; text: why, "too_deep", "too_many" or nothing */
} rl_mark;

/* Where a table comes from. Decoded tables are data from outside: they are refused where a condition, an operator or a
 * nested write is meant, and accepted as values. */
typedef enum rl_decoded { RL_DECODED_NOT, RL_DECODED_JSON, RL_DECODED_FORM } rl_decoded;

typedef struct rl_tape {
  rl_buf shape;
  rl_value *values;
  size_t value_count, value_cap;
  struct rl_tape_level *levels; /* open objects and lists */
  size_t depth, depth_cap;
  rl_arena text;  /* copies made by the *_copy writers */
  rl_error error; /* the first error */
  struct rl_tape_end {
    size_t shape, values; /* the size of the arguments */
    const struct rl_tape_suffix *suffix;
  } end;                   /* what follows the arguments; NULL: nothing. See rl_tape_append */
  const rl_map *json_keys; /* names of the Json fields; NULL: none. See rl_tape_json_keys */
  rl_buf json;             /* the JSON text being written */
  int json_depth;          /* > 0: inside a Json field */
} rl_tape;

void rl_tape_init(rl_tape *t);
void rl_tape_dispose(rl_tape *t);
void rl_tape_reset(rl_tape *t); /* keeps memory */

/* Sets the names of Json fields. Under `data`, `create` or `update`, the value of such a key is written as one JSON
 * scalar, whatever its nesting, so different payloads share a shape. Left unchanged: an object whose only key is `set`,
 * null, bytes, and marks except the empty array and object. Values under `where`, `connect`, `select` and the like are
 * left unchanged too, and Json fields with the name of a word of the query language (data, create, update, where, set,
 * ...). Borrowed, and kept by rl_tape_reset; keys map to any non-NULL pointer. */
void rl_tape_json_keys(rl_tape *t, const rl_map *keys);

void rl_tape_open_object(rl_tape *t);
void rl_tape_open_decoded(rl_tape *t, rl_decoded from); /* closed with rl_tape_close_object */
void rl_tape_empty_decoded_list(rl_tape *t, rl_decoded from);
void rl_tape_close_object(rl_tape *t);
void rl_tape_open_list(rl_tape *t);
void rl_tape_close_list(rl_tape *t);
void rl_tape_key(rl_tape *t, rl_str key);
void rl_tape_null(rl_tape *t);
void rl_tape_bool(rl_tape *t, bool b);
void rl_tape_int(rl_tape *t, int64_t i);
void rl_tape_float(rl_tape *t, double f);
void rl_tape_text(rl_tape *t, rl_str s); /* borrowed */
void rl_tape_text_copy(rl_tape *t, rl_str s);
void rl_tape_bytes(rl_tape *t, rl_str s); /* borrowed */
void rl_tape_keep_texts(rl_tape *t);      /* copies what was borrowed so far */
void rl_tape_decimal(
    rl_tape *t,
    rl_str s); /* decimal text or "NaN", copied and converted to the text form of decimal.h; otherwise P2006 */
void rl_tape_datetime(rl_tape *t, int64_t microseconds);
void rl_tape_json(rl_tape *t, rl_str json); /* JSON text, copied and checked */
void rl_tape_mark(rl_tape *t, rl_mark mark, rl_str text);
void rl_tape_value(rl_tape *t, const rl_value *v); /* a scalar of any kind, by its writer above */

/* Ends writing: exactly one value must have been written, and everything opened must be closed. Limits: 200 levels, 64
 * KiB per key. */
rille_status rl_tape_end(rl_tape *t, rl_error *err);
uint64_t rl_tape_hash(const rl_tape *t); /* of the shape */

/* Finished values that follow the arguments on many tapes, such as the scopes of a client. They belong to the shape and
 * the values like the arguments themselves: whatever is kept by them differs if they differ. Immutable. */
typedef struct rl_tape_suffix {
  rl_str shape;
  const rl_value *values;
  size_t value_count;
} rl_tape_suffix;
/* Makes a suffix { name = <the arguments of the tape>, other = { key = null, ... } } behind those of `before` (NULL:
 * none). All of it is copied into the arena. *own: the shape of the new value. Returns NULL when out of memory. */
const rl_tape_suffix *rl_tape_suffix_new(const rl_tape *t, rl_str name, rl_str other, const rl_str *keys, size_t count,
                                         const rl_tape_suffix *before, rl_arena *arena, rl_str *own);
/* Appends a suffix to a tape that has ended, in place of any other; NULL: none. Borrowed, like strings. */
rille_status rl_tape_append(rl_tape *t, const rl_tape_suffix *suffix, rl_error *err);

/* ------------------------------------------------------------------ reading: only when a shape is new */

typedef enum rl_arg_kind {
  RL_ARG_NULL,
  RL_ARG_BOOL,
  RL_ARG_INT,
  RL_ARG_FLOAT,
  RL_ARG_TEXT,
  RL_ARG_BYTES,
  RL_ARG_DECIMAL,
  RL_ARG_DATETIME,
  RL_ARG_JSON,
  RL_ARG_MARK,
  RL_ARG_OBJECT,
  RL_ARG_LIST
} rl_arg_kind;

/* Where a value is at run time. Runs of unexpanded lists vary in length, so an address is relative to the end of the
 * anchor-th such run (anchor 0: the start). */
typedef struct rl_address {
  uint32_t anchor;
  uint32_t offset;
} rl_address;

typedef struct rl_arg rl_arg;
struct rl_arg {
  rl_arg_kind kind;
  rl_mark mark; /* MARK */
  rl_str key;   /* when the parent is an object */
  rl_str text;  /* MARK: its text */
  rl_arg *parent;
  uint32_t index; /* position in the parent */
  uint32_t slot;  /* index of its first value in the tape it was read from; LIST: of the RL_RUN of its first run */
  const rl_value *value; /* scalars except null and mark: the value of this call; must not be kept in a plan */
  rl_arg *children;      /* OBJECT: its members, in order; LIST: its elements, only after rl_arg_expand */
  size_t count;          /* OBJECT: members; LIST: elements of this call */
  bool expanded;         /* LIST */
  rl_decoded decoded;    /* OBJECT, and the mark of an empty list */
  bool is_data;          /* the binder has taken it as a value; nothing in it is part of the query */
  bool pinned;           /* the value, or the length of the list, decided something: see rl_arg_pin */
  bool sign_only;        /* pinned, but only by its sign: see rl_arg_pin_sign */
  rl_arg_kind element;   /* LIST: kind of the elements of its first run (INT, TEXT, OBJECT, LIST, ...); RL_ARG_NULL:
                             empty. `mixed` says whether other runs follow */
  bool mixed;            /* LIST: more than one run */
  uint32_t shape_at;     /* offset of its first byte ('[' of a LIST) in the shape */
  rl_address address;    /* after rl_arg_tree_address */
};

/* A value that decided something in bind: the plan fits only calls with the same value there. */
typedef struct rl_pin {
  rl_address address;
  /* same scalar; same sign (-1, 0, 1) of a number; same number of elements in the run; equal or not equal
   * (expected.as.i 1 or 0) to the scalar at `other` */
  enum { RL_PIN_EQUAL, RL_PIN_SIGN, RL_PIN_LENGTH, RL_PIN_SAME } kind;
  rl_value expected; /* TEXT is in the tree's arena */
  rl_address other;  /* SAME */
} rl_pin;

typedef struct rl_arg_tree {
  rl_arg *root;
  rl_arg *suffix; /* the values behind the arguments */
  size_t suffix_count;
  rl_arena *arena;
  const rl_tape *tape;
  /* after rl_arg_tree_address: */
  rl_address *runs; /* the runs of varying length, in order; run k ends anchor k + 1 */
  size_t run_count;
  rl_pin *pins;
  size_t pin_count;
  struct rl_same *sames; /* pairs of rl_arg_pin_same, until they become pins */
} rl_arg_tree;

/* Reads a finished tape into nodes of the arena. Lists are not expanded. */
rille_status rl_arg_tree_read(const rl_tape *t, rl_arena *arena, rl_arg_tree **out, rl_error *err);
rl_arg *rl_arg_get(const rl_arg *object, const char *key); /* NULL if absent or not an object */
/* Creates nodes for the elements of a list. The plan then fits only calls with the same length of each run. */
rille_status rl_arg_expand(rl_arg_tree *tree, rl_arg *list, rl_error *err);
/* Pins the value: the caller is about to branch on it. */
void rl_arg_pin(rl_arg *scalar);
void rl_arg_pin_sign(rl_arg *number);
/* Pins whether two scalars are equal, and returns it in *same. Fails when out of memory; *same is false then. */
rille_status rl_arg_pin_same(rl_arg_tree *tree, const rl_arg *a, const rl_arg *b, bool *same, rl_error *err);
/* Returns the path, such as "where.posts.some[2].title". Positions in lists count from 1, as in Lua. The arena owns it.
 * Empty, with p NULL: out of memory. */
rl_str rl_arg_path(rl_arena *arena, const rl_arg *n);
/* Computes addresses, runs and pins. Nothing may be expanded or pinned afterwards. */
rille_status rl_arg_tree_address(rl_arg_tree *tree, rl_error *err);

/* ------------------------------------------------------------------ at run time, with the tape of any call of the same
 * shape */

/* Finds the addresses of this call's values. Fills anchors, which has room for run_count + 1 indices. Returns false if
 * a pin does not match: the plan does not fit this call, and the anchors are invalid. runs and pins: all of one
 * rl_arg_tree_address. */
bool rl_tape_anchors(const rl_tape *t, const rl_address *runs, size_t run_count, const rl_pin *pins, size_t pin_count,
                     uint32_t *anchors);
static inline const rl_value *rl_tape_at(const rl_tape *t, const uint32_t *anchors, rl_address p) {
  return &t->values[anchors[p.anchor] + p.offset];
}

/* Iterates over the elements of an unexpanded list of the tape: scalars or flat objects, in any runs. */
typedef struct rl_list_walk {
  const rl_tape *tape;
  uint32_t shape_at, slot; /* where the next element is */
  uint32_t run_shape;      /* shape of an element of the current run */
  uint32_t stride;    /* values per element of the current run; UINT32_MAX: it varies, because they contain lists */
  int64_t left;       /* elements left in the current run */
  uint32_t run_index; /* 0 for the first run; a caller may keep what it found out about the keys of a run */
} rl_list_walk;
void rl_list_walk_init(rl_list_walk *w, const rl_tape *t, uint32_t list_shape_at, uint32_t first_slot);
/* Moves to the next element: *shape is the offset of its shape, *slot the index of its first value. false at the end.
 */
bool rl_list_walk_next(rl_list_walk *w, uint32_t *shape, uint32_t *slot);
/* Returns a scalar element as a value. Null is RILLE_NULL; a mark is RILLE_NULL with as.i = the mark. */
rl_value rl_tape_scalar(const rl_tape *t, uint32_t shape, uint32_t slot);
/* Whether the value at `shape` is an object, or a list. */
static inline bool rl_tape_is_table(const rl_tape *t, uint32_t shape) {
  char letter = t->shape.p[shape];
  return letter == '{' || letter == '(' || letter == '<';
}
static inline bool rl_tape_is_list(const rl_tape *t, uint32_t shape) {
  return t->shape.p[shape] == '[';
}
/* Returns the key of the next member of the object at *shape (which first points at its opening letter), and where its
 * value is; moves past the value. false at '}'. */
bool rl_tape_member(const rl_tape *t, uint32_t *shape, uint32_t *slot, rl_str *key, uint32_t *value_shape,
                    uint32_t *value_slot);
/* Returns whether the value at `shape` is a decoded object or a decoded empty list. */
rl_decoded rl_tape_decoded(const rl_tape *t, uint32_t shape);
/* The same for the value and everything in it. */
rl_decoded rl_tape_has_decoded(const rl_tape *t, uint32_t shape);
/* Moves past the value at *shape. */
void rl_tape_skip(const rl_tape *t, uint32_t *shape, uint32_t *slot);

/* Writes a node (object, list or scalar) of a call's own tape as JSON text. Decimals are numbers with all digits,
 * date-times are ISO strings. */
rille_status rl_arg_json(const rl_tape *t, const rl_arg *n, rl_buf *out, rl_error *err);
/* The same for the value at shape/slot. */
rille_status rl_tape_to_json(const rl_tape *t, uint32_t shape, uint32_t slot, rl_buf *out, rl_error *err);
/* Writes the whole tape, indented by `indent` spaces per level; 0: on one line. */
rille_status rl_tape_to_json_pretty(const rl_tape *t, int indent, rl_buf *out, rl_error *err);

/* ------------------------------------------------------------------ values as keys: scalars of rows, by content */

uint64_t rl_value_hash(const rl_value *v, uint64_t seed);
size_t rl_value_bytes(const rl_value *v);                 /* roughly its size on the wire */
bool rl_value_same(const rl_value *a, const rl_value *b); /* same kind and content */

#endif
