/* One connection of one's own, outside the pool, used blocking: for migrations and the like. */
#ifndef RL_RUN_SESSION_H
#define RL_RUN_SESSION_H

#include "driver/driver.h"

typedef struct rl_session {
  rl_conn *conn;
  rl_conn_options options;
  rl_arena arena;
} rl_session;

rille_status rl_session_open(rl_session *s, rl_str url, rl_error *err);
void rl_session_close(rl_session *s);
rille_status rl_session_command(rl_session *s, const char *sql, rl_error *err); /* one statement without rows */
rille_status rl_session_script(rl_session *s, const char *sql, rl_error *err);  /* any number of statements */
/* The first column of every row as text, copied into the session's arena; a null is an empty text. */
rille_status rl_session_texts(rl_session *s, const char *sql, rl_str **out, size_t *count, rl_error *err);

#endif
