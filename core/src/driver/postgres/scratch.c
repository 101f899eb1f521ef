/* The memory of the current row, for texts and lists that are converted. */
#include "driver/postgres/pg.h"

char *rl_pg_scratch(rl_conn *c, size_t size) {
  char *p = rl_arena_alloc(&c->scratch, size);
  c->scratch_used = true;
  if (!p) c->no_memory = true;
  return p;
}

bool rl_pg_keep(rl_conn *c, rille_value_kind kind, const char *text, size_t len, rl_value *out) {
  char *kept = rl_pg_scratch(c, len + 1);
  if (!kept) return false;
  memcpy(kept, text, len);
  *out = (rl_value){.kind = kind, .len = (uint32_t)len, .as.p = kept};
  return true;
}

bool rl_pg_wrong_type(rl_conn *c) {
  c->wrong_type = true;
  return false;
}
