/* One connection used blocking, for migrations and the like: one's own, outside
 * the pool; or, of a database in memory, the pool's, if that is wanted. */
#ifndef RL_RUN_SESSION_H
#define RL_RUN_SESSION_H

#include "driver/driver.h"

typedef struct rl_session {
  rl_conn *conn;
  struct rl_lease *lease; /* NULL: the connection is its own */
  rl_conn_options options;
  rl_arena arena;
} rl_session;

/* Rows as text, row by row; a null is an empty text. */
typedef struct rl_text_rows {
  rl_str *cells;
  size_t count, columns;
} rl_text_rows;
#define RL_SESSION_COLUMNS 16 /* the most that a query of rl_session_rows may have */

static inline rl_str rl_cell(const rl_text_rows *r, size_t row, size_t column) {
  return r->cells[row * r->columns + column];
}

/* Of a database in memory this is a new, empty one. */
rille_status rl_session_open(rl_session *s, rl_str url, rl_error *err);
/* The same, but of a database in memory it is the one that clients of this URL
 * see; it lives until the last of them closes. */
rille_status rl_session_open_shared(rl_session *s, rl_str url, rl_error *err);
/* The same, but a file that is not there is P1003: who only reads makes no empty database. */
rille_status rl_session_open_existing(rl_session *s, rl_str url, rl_error *err);
void rl_session_close(rl_session *s);
/* Flushes what was queued on the connection, and waits for the end of its one statement; rows are passed over. What is
 * longer under way than socket_timeout is cancelled: P1008. Likewise below. */
rille_status rl_session_finish(rl_session *s, rl_error *err);
rille_status rl_session_begin(rl_session *s, const rl_begin *how, rl_error *err);
rille_status rl_session_commit(rl_session *s, rl_error *err);
rille_status rl_session_rollback(rl_session *s, rl_error *err);
rille_status rl_session_command(rl_session *s, const char *sql, rl_error *err); /* one statement without rows */
rille_status rl_session_script(rl_session *s, const char *sql, rl_error *err);  /* any number of statements */
/* Every column is read as text and copied into the session's arena. */
rille_status rl_session_rows(rl_session *s, const char *sql, uint32_t columns, rl_text_rows *out, rl_error *err);
/* The first column of every row as text, copied into the session's arena; a
 * null is an empty text. */
rille_status rl_session_texts(rl_session *s, const char *sql, rl_str **out, size_t *count, rl_error *err);

#endif
