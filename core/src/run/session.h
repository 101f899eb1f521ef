/* A blocking connection for migrations and other tools. It is outside the pool, except that for a database in memory it
 * may be the pool's. */
#ifndef RL_RUN_SESSION_H
#define RL_RUN_SESSION_H

#include "cache/cache.h"
#include "driver/driver.h"

typedef struct rl_session {
  rl_conn *conn;
  struct rl_lease *lease; /* NULL: the connection is not the pool's */
  rl_conn_options options;
  rl_arena arena;
  bool unseen; /* it writes nothing that clients see: it only reads, or its database is in memory and its own */
  /* the cache that clients of this process have of the database: what is written here is nothing that they know */
  rl_cache *answers; /* one reference; NULL: nothing was written yet */
  rl_writing writing;
} rl_session;

/* Rows as text, row by row. NULL is an empty text. */
typedef struct rl_text_rows {
  rl_str *cells;
  size_t count, columns;
} rl_text_rows;
#define RL_SESSION_COLUMNS 16 /* the most columns of rl_session_rows */

static inline rl_str rl_cell(const rl_text_rows *r, size_t row, size_t column) {
  return r->cells[row * r->columns + column];
}

/* Opens a connection. Of a database in memory this is a new, empty database. */
rille_status rl_session_open(rl_session *s, rl_str url, rl_error *err);
/* The same, but a database in memory is the one that clients of this URL use. It lives until the last of them closes.
 */
rille_status rl_session_open_shared(rl_session *s, rl_str url, rl_error *err);
/* The same for reading: a missing file is P1003, so that no empty database is created. */
rille_status rl_session_open_existing(rl_session *s, rl_str url, rl_error *err);
void rl_session_close(rl_session *s);
/* Flushes what was queued, and waits for the end of its one statement. Rows are skipped. A statement that takes longer
 * than socket_timeout is cancelled: P1008. The same holds for the functions below. */
rille_status rl_session_finish(rl_session *s, rl_error *err);
rille_status rl_session_begin(rl_session *s, const rl_begin *how, rl_error *err);
rille_status rl_session_commit(rl_session *s, rl_error *err);
rille_status rl_session_rollback(rl_session *s, rl_error *err);
rille_status rl_session_command(rl_session *s, const char *sql, rl_error *err); /* one statement without rows */
rille_status rl_session_script(rl_session *s, const char *sql, rl_error *err);  /* any number of statements */
/* Reads a backup, as the driver does. */
rille_status rl_session_restore(rl_session *s, const char *file, bool force, rl_error *err);
/* Reads all columns as text, copied into the session's arena. */
rille_status rl_session_rows(rl_session *s, const char *sql, uint32_t columns, rl_text_rows *out, rl_error *err);
/* Reads the first column of all rows as text, copied into the session's arena. NULL is an empty text. */
rille_status rl_session_texts(rl_session *s, const char *sql, rl_str **out, size_t *count, rl_error *err);

#endif
