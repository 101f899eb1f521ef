/* Names: FNV-1a over bytes, so they are the same in every process and byte order. */
#include "cache/names.h"

#include "base/alloc.h"

#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)
/* No text of a table has this byte, because it is not UTF-8. */
#define BETWEEN 0xFFu

static uint64_t add_byte(uint64_t h, unsigned char byte) {
  return (h ^ byte) * FNV_PRIME;
}

static uint64_t add_text(uint64_t h, rl_str text) {
  for (size_t i = 0; i < text.len; i++) h = add_byte(h, (unsigned char)text.p[i]);
  return h;
}

/* What a name is of, in its highest bits. The others choose the place in the ledger. */
enum { KIND_AT = 61 };
typedef enum name_kind { KIND_ROW, KIND_ANY, KIND_ROWS, KIND_NONE, KIND_OTHER } name_kind;
#define OTHER_BITS ((UINT64_C(1) << KIND_AT) - 1)

/* Mixes all bits into the low ones. 0 and 1 have meanings. */
static rl_name finish(uint64_t h, name_kind kind) {
  h ^= h >> 33;
  h *= UINT64_C(0xff51afd7ed558ccd);
  h ^= h >> 33;
  h *= UINT64_C(0xc4ceb9fe1a85ec53);
  h ^= h >> 33;
  h &= OTHER_BITS;
  return (h > RL_NAME_ANY_WRITE ? h : h + 2) | (uint64_t)kind << KIND_AT;
}

static unsigned char lower(char c) {
  return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Some databases find a table in any case. */
static uint64_t add_table(uint64_t h, rl_str table) {
  for (size_t i = 0; i < table.len; i++) h = add_byte(h, lower(table.p[i]));
  return add_byte(h, BETWEEN);
}

/* The parts of a table have different low bits, and one leads to the others. */
static rl_name part_of(rl_name any, rl_table_part part) {
  static const uint64_t apart[] = {[RL_TABLE_ANY] = 0,
                                   [RL_TABLE_ROWS] = UINT64_C(0x0a5c39d7e1b26f43),
                                   [RL_TABLE_NONE] = UINT64_C(0x13e78b24d06a951e)};
  uint64_t bits = (any ^ apart[part]) & OTHER_BITS;
  return bits | (uint64_t)(KIND_ANY + part) << KIND_AT;
}

rl_name rl_name_of_table(rl_str table, rl_table_part part) {
  return part_of(finish(add_table(add_byte(FNV_START, 't'), table), KIND_ANY), part);
}

bool rl_name_is_row(rl_name name) {
  return name >> KIND_AT == KIND_ROW && name != RL_NAME_ANY_WRITE;
}

rl_name rl_name_rows_of(rl_name any) {
  return any >> KIND_AT == KIND_ANY ? part_of(any, RL_TABLE_ROWS) : 0;
}

/* Zeros before a number do not count: some collations compare numbers in texts by value. Returns false if the text has
 * a byte that is not ASCII. */
static bool add_key_text(uint64_t *h, rl_str text) {
  bool in_number = false;
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = lower(text.p[i]);
    if (c >= 0x80) return false;
    bool digit = c >= '0' && c <= '9';
    if ((c >= 'a' && c <= 'z') || (digit && (in_number || c != '0'))) *h = add_byte(*h, c);
    in_number = digit && (in_number || c != '0');
  }
  return true;
}

static void add_key_integer(uint64_t *h, int64_t i) {
  char digits[20];
  size_t at = sizeof digits;
  for (uint64_t left = i < 0 ? 0 - (uint64_t)i : (uint64_t)i; left > 0; left /= 10)
    digits[--at] = (char)('0' + left % 10);
  *h = add_text(*h, (rl_str){digits + at, sizeof digits - at});
}

/* An integer has the name of its digits, because a database may take the text for the number. */
static bool add_key_value(uint64_t *h, const rl_value *v) {
  switch (v->kind) {
  case RILLE_BOOL:
  case RILLE_INT: add_key_integer(h, v->as.i); break;
  case RILLE_TEXT:
    if (!add_key_text(h, (rl_str){v->as.p, v->len})) return false;
    break;
  default: return false;
  }
  *h = add_byte(*h, BETWEEN);
  return true;
}

rl_name rl_name_of_key(rl_str table, const rl_value *values, size_t count) {
  uint64_t h = add_table(add_byte(FNV_START, 'k'), table);
  for (size_t i = 0; i < count; i++)
    if (!add_key_value(&h, &values[i])) return 0;
  return finish(h, KIND_ROW);
}

rl_name rl_name_of_tag(rl_str tag) {
  return finish(add_text(add_byte(FNV_START, 'g'), tag), KIND_OTHER);
}

rl_name rl_name_of_path(rl_str path) {
  return finish(add_text(add_byte(FNV_START, 'p'), path), KIND_OTHER);
}

/* ------------------------------------------------------------------ lists */

enum { FIRST_NAMES = 8 };

void rl_names_init(rl_names *n) {
  *n = (rl_names){0};
}

void rl_names_dispose(rl_names *n) {
  rl_free(n->items);
  *n = (rl_names){0};
}

void rl_names_clear(rl_names *n) {
  n->count = 0;
  n->everything = false;
}

size_t rl_sorted_place(const uint64_t *list, size_t count, uint64_t bits, uint64_t number) {
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if ((list[middle] & bits) < (number & bits))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static bool names_make_room(rl_names *n) {
  if (n->count >= RL_MOST_NAMES) return false;
  if (n->count < n->cap) return true;
  size_t cap = n->cap ? n->cap * 2 : FIRST_NAMES;
  rl_name *items = rl_realloc(n->items, cap * sizeof *items);
  if (!items) return false;
  n->items = items;
  n->cap = cap;
  return true;
}

void rl_names_add(rl_names *n, rl_name name) {
  if (n->everything) return;
  size_t at = rl_sorted_place(n->items, n->count, UINT64_MAX, name);
  if (at < n->count && n->items[at] == name) return;
  if (!names_make_room(n)) {
    n->count = 0;
    n->everything = true;
    return;
  }
  memmove(&n->items[at + 1], &n->items[at], (n->count - at) * sizeof *n->items);
  n->items[at] = name;
  n->count++;
}

void rl_names_add_all(rl_names *n, const rl_names *more) {
  if (more->everything) {
    n->count = 0;
    n->everything = true;
  }
  for (size_t i = 0; i < more->count; i++) rl_names_add(n, more->items[i]);
}

void rl_names_add_path(rl_names *n, rl_str path) {
  uint64_t h = add_byte(FNV_START, 'p');
  for (size_t i = 0; i < path.len; i++) {
    h = add_byte(h, (unsigned char)path.p[i]);
    if (path.p[i] == '/') rl_names_add(n, finish(add_byte(h, '*'), KIND_OTHER));
  }
  rl_names_add(n, finish(h, KIND_OTHER));
}
