/* Arrays in binary, with elements of any type that a column may have. More dimensions become lists of lists. */
#include "driver/postgres/pg.h"

enum { MOST_DIMENSIONS = 6, MOST_NESTING = 4 }; /* nesting: an element may be a domain over arrays */

typedef struct array_reader {
  rl_conn *c;
  const char *at, *end;
  Oid element;
  int op, dimensions;
  uint32_t sizes[MOST_DIMENSIONS];
  rl_wire wire;
  bool convert;
} array_reader;

/* Rejects more elements than the bytes can have: each needs at least four. */
static bool check_sizes(array_reader *r) {
  uint64_t most = (uint64_t)(r->end - r->at) / 4, total = r->dimensions ? 1 : 0;
  for (int d = 0; d < r->dimensions; d++) {
    total *= r->sizes[d]; /* both below 2^32 */
    if (total > most) return false;
  }
  if (total == 0) r->dimensions = 0;
  return true;
}

static bool read_header(array_reader *r, size_t len) {
  if (len < 12) return false;
  uint32_t dimensions = rl_pg_u32(r->at);
  r->element = rl_pg_u32(r->at + 8);
  r->at += 12;
  if (dimensions > MOST_DIMENSIONS || (size_t)(r->end - r->at) < 8 * (size_t)dimensions) return false;
  r->dimensions = (int)dimensions;
  for (uint32_t d = 0; d < dimensions; d++, r->at += 8) r->sizes[d] = rl_pg_u32(r->at);
  return check_sizes(r);
}

static bool read_scalar(array_reader *r, rl_value *out) {
  if (r->end - r->at < 4) return false;
  int32_t len = (int32_t)rl_pg_u32(r->at);
  r->at += 4;
  *out = (rl_value){.kind = RILLE_NULL};
  if (len < 0) return true;
  if (r->end - r->at < len) return false;
  const char *p = r->at;
  r->at += len;
  if (!rl_pg_decode_cell(r->c, r->op, r->element, p, (size_t)len, out)) return false;
  return !r->convert || rl_pg_convert(r->c, r->wire, out);
}

static bool read_level(array_reader *r, int dimension, rl_value *out) {
  uint32_t count = r->dimensions ? r->sizes[dimension] : 0;
  rl_value *items = (rl_value *)(void *)rl_pg_scratch(r->c, (count ? count : 1) * sizeof *items);
  if (!items) return false;
  for (uint32_t i = 0; i < count; i++) {
    bool ok = dimension + 1 < r->dimensions ? read_level(r, dimension + 1, &items[i]) : read_scalar(r, &items[i]);
    if (!ok) return false;
  }
  *out = (rl_value){.kind = RILLE_LIST, .len = count, .as.list = items};
  return true;
}

bool rl_pg_decode_array(rl_conn *c, rl_wire wire, bool convert, const char *p, size_t len, rl_value *out) {
  array_reader r = {.c = c, .at = p, .end = p + len, .wire = wire, .convert = convert};
  if (c->nesting == MOST_NESTING || !read_header(&r, len)) return false;
  r.op = rl_pg_op_of(r.element);
  c->nesting++;
  bool ok = read_level(&r, 0, out) && r.at == r.end;
  c->nesting--;
  return ok;
}
