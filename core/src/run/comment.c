/* Comments after statements. */
#include "run/comment.h"

#include <ctype.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/fork_lock.h"

/* The number of statements with a comment after which statements with it are prepared. Tags that differ with each
 * request are never prepared. */
#define PREPARE_AFTER 10
/* A statement is identified by its own number and, above these bits, the number of the comment. */
#define STATEMENT_BITS 40
#define COMMENTS_MAX ((uint64_t)1 << (64 - STATEMENT_BITS))

#define KEPT 128

struct rl_comments {
  rl_fork_lock lock;
  rl_comment *kept[KEPT]; /* latest first */
  size_t count;
};

rille_status rl_comments_new(rl_comments **out, rl_error *err) {
  rl_comments *l = *out = rl_calloc(1, sizeof *l);
  if (!l) return rl_fail_nomem(err);
  rl_fork_lock_init(&l->lock);
  return RILLE_OK;
}

void rl_comments_free(rl_comments *l) {
  if (!l) return;
  for (size_t i = 0; i < l->count; i++) rl_comment_release(l->kept[i]);
  rl_fork_lock_dispose(&l->lock);
  rl_free(l);
}

/* Returns whether the text cannot end the comment that contains it. PostgreSQL's comments nest, and a star or a slash
 * at the ends would pair with the marks around it. */
static bool comment_is_safe(rl_str s) {
  static const char edges[] = "*/";
  if (s.len == 0 || strchr(edges, s.p[0]) || strchr(edges, s.p[s.len - 1])) return false;
  for (size_t i = 0; i < s.len; i++) {
    if ((unsigned char)s.p[i] < 0x20) return false;
    bool mark = i + 1 < s.len && ((s.p[i] == '*' && s.p[i + 1] == '/') || (s.p[i] == '/' && s.p[i + 1] == '*'));
    if (mark) return false;
  }
  return true;
}

static rl_comment *comment_new(rl_str text) {
  static _Atomic uint64_t last;
  rl_comment *c = rl_calloc(1, sizeof *c + text.len + 1);
  if (!c) return NULL;
  uint64_t number = ++last;
  c->number = number < COMMENTS_MAX ? number : 0;
  c->references = 1;
  c->len = text.len;
  memcpy(c->text, text.p, text.len);
  return c;
}

/* Moves a comment to the front. In a full list it takes the place of the last. */
static void comments_keep_first(rl_comments *l, rl_comment *c, size_t at) {
  if (at == l->count && l->count < KEPT) l->count++;
  if (at == KEPT) rl_comment_release(l->kept[--at]);
  memmove(&l->kept[1], &l->kept[0], at * sizeof(rl_comment *));
  l->kept[0] = c;
}

rille_status rl_comment_get(rl_comments *l, rl_str text, rl_comment **out, rl_error *err) {
  if (!comment_is_safe(text))
    return rl_fail(
        err, RL_VALIDATION,
        "comment: it must not contain control characters, `/*` or `*/`, and must not begin or end with a star or a "
        "slash");
  rl_fork_lock_take(&l->lock);
  size_t at = 0;
  while (at < l->count && !rl_str_eq(rl_str_make(l->kept[at]->text, l->kept[at]->len), text)) at++;
  bool known = at < l->count;
  rl_comment *c = known ? l->kept[at] : comment_new(text);
  if (c) {
    comments_keep_first(l, c, at);
    c->references++;
  }
  rl_fork_lock_give(&l->lock);
  *out = c;
  return c ? RILLE_OK : rl_fail_nomem(err);
}

void rl_comment_release(rl_comment *c) {
  if (c && atomic_fetch_sub(&c->references, 1) == 1) rl_free(c);
}

/* ------------------------------------------------------------------ traceparent */

bool rl_trace_valid(rl_str t) {
  static const char form[] = "hh-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";
  if (t.len != RL_TRACE_LEN) return false;
  for (size_t i = 0; i < t.len; i++) {
    bool hex = (t.p[i] >= '0' && t.p[i] <= '9') || (t.p[i] >= 'a' && t.p[i] <= 'f');
    if (form[i] == 'h' ? !hex : t.p[i] != form[i]) return false;
  }
  return true;
}

/* Returns whether the trace is sampled. Only then the database gets it. */
static bool is_sampled(const char *trace) {
  char last = trace[RL_TRACE_LEN - 1];
  int flags = last <= '9' ? last - '0' : last - 'a' + 10;
  return flags & 1;
}

/* ------------------------------------------------------------------ statements */

static bool has_comments(const rl_stmt *s) {
  for (size_t i = 0; i + 1 < s->sql_len; i++)
    if ((s->sql[i] == '/' && s->sql[i + 1] == '*') || (s->sql[i] == '-' && s->sql[i + 1] == '-')) return true;
  return false;
}

static size_t length_without_end(const rl_stmt *s) {
  size_t n = s->sql_len;
  while (n > 0 && (isspace((unsigned char)s->sql[n - 1]) || s->sql[n - 1] == ';')) n--;
  return n;
}

/* Finds where the traceparent belongs: the keys of a comment key='value',... are sorted. */
static size_t place_of_trace(rl_str comment) {
  static const char key[] = "traceparent=";
  size_t at = 0;
  while (at < comment.len) {
    size_t left = comment.len - at, most = left < sizeof key - 1 ? left : sizeof key - 1;
    if (memcmp(comment.p + at, key, most) > 0) return at;
    while (at + 1 < comment.len && !(comment.p[at] == '\'' && comment.p[at + 1] == ',')) at++;
    at = at + 1 < comment.len ? at + 2 : comment.len;
  }
  return at;
}

static void write_comment(rl_buf *out, rl_str comment, const char *trace) {
  size_t at = trace ? place_of_trace(comment) : comment.len;
  rl_buf_text(out, "/*");
  rl_buf_put(out, comment.p, at);
  if (trace)
    rl_buf_printf(out, "%straceparent='%s'%s", at && at == comment.len ? "," : "", trace, at < comment.len ? "," : "");
  rl_buf_put(out, comment.p + at, comment.len - at);
  rl_buf_text(out, "*/");
}

/* Returns the number of the statement with the comment. 0: not prepared, as with a traceparent, which belongs to one
 * call only. */
static uint64_t comment_statement_id(rl_comment *comment, bool traced, uint64_t id) {
  if (traced || id == 0) return 0;
  int64_t before = atomic_fetch_add_explicit(&comment->sent, 1, memory_order_relaxed);
  bool apart = comment->number && id >> STATEMENT_BITS == 0;
  return apart && before >= PREPARE_AFTER ? comment->number << STATEMENT_BITS | id : 0;
}

rille_status rl_comment_stmt(rl_comment *comment, const char *trace, bool own, const rl_stmt *stmt, rl_arena *arena,
                             const rl_stmt **out, rl_error *err) {
  bool traced = trace && *trace && is_sampled(trace);
  *out = stmt;
  if ((!comment && !traced) || (own && has_comments(stmt))) return RILLE_OK;
  rl_stmt *with = rl_arena_alloc(arena, sizeof *with);
  rl_buf text;
  rl_buf_init(&text);
  rl_buf_put(&text, stmt->sql, length_without_end(stmt));
  rl_buf_byte(&text, ' ');
  write_comment(&text, comment ? rl_str_make(comment->text, comment->len) : RL_STR(""), traced ? trace : NULL);
  char *sql = text.failed ? NULL : rl_arena_strdup(arena, rl_buf_view(&text));
  if (with && sql) {
    *with = *stmt;
    with->sql = sql;
    with->sql_len = text.len;
    with->id = comment_statement_id(comment, traced, stmt->id);
    *out = with;
  }
  rl_buf_dispose(&text);
  return with && sql ? RILLE_OK : rl_fail_nomem(err);
}
