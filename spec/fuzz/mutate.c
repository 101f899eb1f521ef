/* Changes of calls that keep their structure: other keys, other values, longer lists, subtrees moved and wrapped, and
 * calls repeated with other values, which use the first call's program. */
#include <string.h>

#include "fuzz/notation.h"
#include "query/query.h"

static const char *const words[] = {
#define RL_ARGUMENT(id, name, type, model_type, note) #name,
#define RL_ARGUMENT_TOO(id, name, type, model_type, note) #name,
#include "query/actions.def"
#define RL_CONDITION(name, types, meaning, what, operand) #name,
#define RL_CONDITION_OPTION(name, types, operand) #name,
#define RL_LIST_CONDITION(name, meaning, operator, operand) #name,
#define RL_JSON_CONDITION(name, operator, operands, transform, operand) #name,
#define RL_JSON_OPTION(name, operand) #name,
#include "query/operators.def"
    "AND",
    "OR",
    "NOT",
    "some",
    "every",
    "none",
    "is",
    "is_not",
    "create_many",
    "connect",
    "connect_or_create",
    "disconnect",
    "set",
    "update_many",
    "upsert",
    "delete",
    "delete_many",
    "increment",
    "decrement",
    "multiply",
    "divide",
    "push",
    "_all",
    "sort",
    "nulls",
    "recursive",
    "depth",
    "fields",
    "month",
    "week"};
static const char *const texts[] = {"",         "a",        "b",    "asc", "desc", "insensitive",          "default",
                                    "update",   "first",    "last", "A",   "%_\\", "2024-02-29T12:00:00Z", "x'y\"z",
                                    "\xC3\xA9", "$.a.b[0]", "a b",  "12.5"};
static const char *const jsons[] = {"{}", "[]", "null", "1", "{\"a\":[1,{\"b\":2}]}", "\"x\"", "[1,2,3]"};
static const char *const marks[] = {"all",
                                    "json_null",
                                    "db_null",
                                    "any_null",
                                    "array",
                                    "object",
                                    "unreadable",
                                    "unreadable\"too_deep",
                                    "field\"User.age",
                                    "field\"Post.title",
                                    "field\"User.id"};
#define PICK(r, list) (list)[fuzz_below((r), (uint32_t)(sizeof(list) / sizeof *(list)))]

typedef struct vocabulary {
  rl_arena *arena;
  const rl_str *names;
  uint32_t count;
  fuzz_random *r;
} vocabulary;

static rl_str any_key(const vocabulary *v) {
  return fuzz_below(v->r, 2) && v->count ? v->names[fuzz_below(v->r, v->count)] : rl_str_of(PICK(v->r, words));
}

static call_value *any_scalar(const vocabulary *v) {
  static const int64_t numbers[] = {0, 1, 2, 3, 5, -1, 100, 2147483647, 2147483648, INT64_MAX, INT64_MIN};
  static const double reals[] = {0.0, -0.0, 0.5, 1.0, 1e300, -3.25, 9007199254740993.0, 1e19};
  static const char *const decimals[] = {"0", "1.5", "-99999999999999999999.5", "NaN", "1e-5", "1e400", "Infinity"};
  static const char kinds[] = "niiiissssbbfdjxt@";
  call_value *s = call_new(v->arena, PICK(v->r, kinds));
  if (s->kind == 0) s->kind = 'n';
  switch (s->kind) {
  case 'i':
  case 't': s->number = PICK(v->r, numbers); break;
  case 'b': s->number = fuzz_below(v->r, 2); break;
  case 'f': s->real = PICK(v->r, reals); break;
  case 's':
    s->text = fuzz_below(v->r, 4) ? rl_str_of(PICK(v->r, texts)) : any_key(v);
    if (fuzz_below(v->r, 12) == 0) s->number = 1 + fuzz_below(v->r, fuzz_below(v->r, 3) ? 50 : 100000);
    break;
  case 'd': s->text = rl_str_of(PICK(v->r, decimals)); break;
  case 'j': s->text = rl_str_of(PICK(v->r, jsons)); break;
  case 'x': s->text = RL_STR("\xFF\0a"); break;
  case '@': s->text = rl_str_of(PICK(v->r, marks)); break;
  default: break;
  }
  return s;
}

static call_value *any_value(const vocabulary *v, int depth) {
  if (depth == 0 || fuzz_below(v->r, 3)) return any_scalar(v);
  call_value *out = call_new(v->arena, fuzz_below(v->r, 3) ? '{' : '[');
  for (uint32_t n = fuzz_below(v->r, 4); n > 0; n--) call_add(v->arena, out, any_key(v), any_value(v, depth - 1));
  return out;
}

static call_value *copy_of(const vocabulary *v, const call_value *from) {
  call_value *out = call_new(v->arena, from->kind);
  out->text = from->text;
  out->number = from->number;
  out->real = from->real;
  for (uint32_t i = 0; i < from->count; i++) call_add(v->arena, out, from->keys[i], copy_of(v, from->items[i]));
  return out;
}

/* ------------------------------------------------------------------ places */

static uint32_t count_all(const call_value *v) {
  uint32_t n = 1;
  for (uint32_t i = 0; i < v->count; i++) n += count_all(v->items[i]);
  return n;
}

/* Finds value number *n in order of writing, without the root. */
static call_value **find(call_value *v, uint32_t *n, call_value **parent, uint32_t *index) {
  for (uint32_t i = 0; i < v->count; i++) {
    if ((*n)-- == 0) {
      *parent = v;
      *index = i;
      return &v->items[i];
    }
    call_value **found = find(v->items[i], n, parent, index);
    if (found) return found;
  }
  return NULL;
}

typedef struct place {
  call_value **at, *parent;
  uint32_t index;
} place;

static place any_place(const vocabulary *v, call_value *root) {
  place p = {NULL, NULL, 0};
  uint32_t n = fuzz_below(v->r, count_all(root) - 1);
  p.at = find(root, &n, &p.parent, &p.index);
  return p;
}

static void take_out(place p) {
  call_value *o = p.parent;
  uint32_t after = o->count - p.index - 1;
  memmove(o->items + p.index, o->items + p.index + 1, after * sizeof *o->items);
  memmove(o->keys + p.index, o->keys + p.index + 1, after * sizeof *o->keys);
  o->count--;
}

/* Another value of the same kind: the shape stays. */
static void change_values(const vocabulary *v, call_value *x) {
  for (uint32_t i = 0; i < x->count; i++) change_values(v, x->items[i]);
  if (x->count == 0 && fuzz_below(v->r, 2)) {
    for (int tries = 0; tries < 8; tries++) {
      call_value *other = any_scalar(v);
      if (other->kind == x->kind && x->kind != '@') {
        *x = *other;
        break;
      }
    }
  }
  bool small = x->kind == '[' && x->count > 0 && x->count < 40 && count_all(x) < 100;
  if (small && fuzz_below(v->r, 3) == 0)
    for (uint32_t n = 1 + fuzz_below(v->r, 4); n > 0; n--) call_add(v->arena, x, RL_STR(""), copy_of(v, x->items[0]));
  else if (x->kind == '[' && x->count > 1 && fuzz_below(v->r, 4) == 0)
    x->count--;
}

static void wrap(const vocabulary *v, call_value **at) {
  call_value *out = call_new(v->arena, fuzz_below(v->r, 2) ? '{' : '[');
  call_add(v->arena, out, any_key(v), *at);
  *at = out;
}

static void change_line(const vocabulary *v, call_lines *calls, call_line *line) {
  place p = any_place(v, line->arguments);
  uint32_t choice = fuzz_below(v->r, 12);
  if (!p.at || choice == 0) {
    if (line->arguments->count < 30) call_add(v->arena, line->arguments, any_key(v), any_value(v, 3));
    return;
  }
  switch (choice) {
  case 1: *p.at = any_scalar(v); break;
  case 2: *p.at = any_value(v, 3); break;
  case 3:
    if (p.parent->count < 40)
      for (uint32_t n = 1 + fuzz_below(v->r, fuzz_below(v->r, 6) ? 2 : 12); n > 0; n--)
        call_add(v->arena, p.parent, p.parent->keys[p.index], copy_of(v, *p.at));
    break;
  case 4: take_out(p); break;
  case 5:
  case 6: p.parent->keys[p.index] = any_key(v); break;
  case 7: wrap(v, p.at); break;
  case 8: { /* a part of this or another call */
    place from = any_place(v, calls->lines[fuzz_below(v->r, calls->count)].arguments);
    if (from.at && count_all(*from.at) < 200) *p.at = copy_of(v, *from.at);
    break;
  }
  case 9:
    if ((*p.at)->count > 0) *p.at = (*p.at)->items[0]; /* unwrapped */
    break;
  case 10:
    if ((*p.at)->kind == '{' && (*p.at)->count < 30) call_add(v->arena, *p.at, any_key(v), any_value(v, 2));
    break;
  default: change_values(v, line->arguments);
  }
}

void call_change(call_lines *calls, const rl_str *names, uint32_t name_count, fuzz_random *r) {
  vocabulary v = {calls->arena, names, name_count, r};
  for (uint32_t i = calls->count; i > 0; i--) /* drops calls that are larger than an input may be */
    if (count_all(calls->lines[i - 1].arguments) > 2000) calls->lines[i - 1] = calls->lines[--calls->count];
  if (calls->count == 0) {
    calls->lines[calls->count++] = (call_line){RL_STR("find_many"), RL_STR("user"), call_new(calls->arena, '{')};
  }
  call_line *line = &calls->lines[fuzz_below(r, calls->count)];
  uint32_t choice = fuzz_below(r, 16);
  if (choice == 0) {
    line->action = rl_str_of(rl_action_info_of((rille_action)(1 + fuzz_below(r, RL_ACTION_LIMIT - 1)))->name);
  } else if (choice == 1 && calls->count > 1) {
    *line = calls->lines[--calls->count];
  } else if (choice < 5 && calls->count < CALL_MOST) { /* the same call, with other values */
    call_line *again = &calls->lines[calls->count++];
    *again = (call_line){line->action, line->model, copy_of(&v, line->arguments)};
    change_values(&v, again->arguments);
  } else {
    change_line(&v, calls, line);
  }
}
