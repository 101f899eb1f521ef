/* Statements of an SQLite connection that are read in portions. */
#include "driver/sqlite/conn.h"

#include "base/alloc.h"

rl_sqlite_cursor *rl_sqlite_cursor_add(rl_conn *c, rl_sqlite_prepared *p) {
  rl_sqlite_cursor *cursor = rl_calloc(1, sizeof *cursor);
  if (!cursor) return NULL;
  cursor->number = ++c->last_cursor;
  cursor->prepared = p;
  cursor->next = c->cursors;
  c->cursors = cursor;
  return cursor;
}

rl_sqlite_cursor *rl_sqlite_cursor_find(const rl_conn *c, uint32_t number) {
  rl_sqlite_cursor *cursor = c->cursors;
  while (cursor && cursor->number != number) cursor = cursor->next;
  return cursor;
}

void rl_sqlite_cursor_end(rl_conn *c, rl_sqlite_cursor *cursor) {
  rl_sqlite_cursor **link = &c->cursors;
  while (*link && *link != cursor) link = &(*link)->next;
  if (!*link) return;
  *link = cursor->next;
  rl_sqlite_release(cursor->prepared);
  rl_free(cursor);
}

void rl_sqlite_cursors_end(rl_conn *c) {
  while (c->cursors) rl_sqlite_cursor_end(c, c->cursors);
}

/* SQLite allows COMMIT and ROLLBACK while statements still read, and those would keep their snapshot. */
void rl_sqlite_cursors_settle(rl_conn *c) {
  if (c->cursors && sqlite3_get_autocommit(c->db)) rl_sqlite_cursors_end(c);
}
