/* What is sent after the text of statements: the comment of a derived client, and the traceparent of the call. */
#ifndef RL_RUN_COMMENT_H
#define RL_RUN_COMMENT_H

#include "driver/driver.h"

/* A comment, kept as long as a client has it. Once it has been used repeatedly, statements with it are prepared,
 * separately from those with other comments. */
typedef struct rl_comment {
  _Atomic int references;
  _Atomic int64_t sent; /* statements sent with it */
  uint64_t number;      /* unique in the process; 0: no numbers were left, nothing with it is prepared */
  size_t len;
  char text[];
} rl_comment;

/* The latest comments of a root client. Clients with the same comment share it, because some applications derive one
 * client per request. */
typedef struct rl_comments rl_comments;

rille_status rl_comments_new(rl_comments **out, rl_error *err);
void rl_comments_free(rl_comments *l); /* NULL is allowed */
/* Returns one reference to the caller. VALIDATION: the text could end the comment. */
rille_status rl_comment_get(rl_comments *l, rl_str text, rl_comment **out, rl_error *err);
void rl_comment_release(rl_comment *c); /* NULL is allowed */

#define RL_TRACE_LEN 55
/* Returns whether it is a traceparent of version 00, or of a later version of the same form. */
bool rl_trace_valid(rl_str trace);

/* Writes the statement with comment and trace after it. own: the application's SQL, which is left alone if it has
 * comments already. comment NULL, trace NULL or "": none. *out is stmt itself if nothing is added. */
rille_status rl_comment_stmt(rl_comment *comment, const char *trace, bool own, const rl_stmt *stmt, rl_arena *arena,
                             const rl_stmt **out, rl_error *err);

#endif
