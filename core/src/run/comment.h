/* What goes along with statements behind their text: the comment of a derived client, and where the call comes from
 * (traceparent). */
#ifndef RL_RUN_COMMENT_H
#define RL_RUN_COMMENT_H

#include "base/fork_lock.h"
#include "driver/driver.h"

/* A comment that clients have, kept as long as one of them lives. Statements with it are prepared apart from those of
 * other comments, once it has shown that it comes again. */
typedef struct rl_comment {
  _Atomic int references;
  _Atomic int64_t sent; /* statements that had it */
  uint64_t number;      /* unique in the process; 0: numbers are used up, nothing with it is prepared */
  size_t len;
  char text[];
} rl_comment;

/* The latest comments of a root client, so that clients with the same one share it: a client for each request is
 * nothing unusual. */
#define RL_COMMENTS_KEPT 128
typedef struct rl_comments {
  rl_fork_lock lock;
  rl_comment *kept[RL_COMMENTS_KEPT]; /* the latest first */
  size_t count;
} rl_comments;

void rl_comments_init(rl_comments *l);
void rl_comments_dispose(rl_comments *l);
/* One reference for the caller. VALIDATION when the text could end the comment it is to stand in. */
rille_status rl_comment_get(rl_comments *l, rl_str text, rl_comment **out, rl_error *err);
void rl_comment_release(rl_comment *c); /* NULL is fine */

#define RL_TRACE_LEN 55
/* Whether it is a traceparent, of any version whose form is that of the first. */
bool rl_trace_valid(rl_str trace);

/* The statement with comment and trace behind it; `own`: not one of ours, and left alone when it has comments already.
 * comment NULL, trace NULL or "": none. *out is stmt itself when nothing is added. */
rille_status rl_comment_stmt(rl_comment *comment, const char *trace, bool own, const rl_stmt *stmt, rl_arena *arena,
                             const rl_stmt **out, rl_error *err);

#endif
