/* The reader of hiredis, which builds our own replies in an arena. */
#include "cache/redis/reply.h"

#include <hiredis/hiredis.h>

#include "base/alloc.h"
#include "base/arena.h"

/* The scripts answer with a list of texts and integers, at most one per name. */
enum { MOST_DEPTH = 3, MOST_ITEMS = 4096 };

struct rl_replies {
  redisReader *reader;
  rl_arena arena;
  size_t most;
};

/* Adds a reply to the list that contains it. NULL lets hiredis fail. */
static rl_reply *reply_new(const redisReadTask *task, rl_reply_kind kind) {
  rl_replies *r = task->privdata;
  size_t depth = 0;
  for (const redisReadTask *up = task->parent; up; up = up->parent) depth++;
  rl_reply *reply = depth < MOST_DEPTH ? RL_NEW(&r->arena, rl_reply) : NULL;
  if (!reply) return NULL;
  reply->kind = kind;
  if (task->parent) {
    rl_reply *list = task->parent->obj;
    if (task->idx < 0 || (size_t)task->idx >= list->count) return NULL;
    list->items[task->idx] = reply;
  }
  return reply;
}

static void *make_text(const redisReadTask *task, char *bytes, size_t len) {
  rl_replies *r = task->privdata;
  rl_reply *reply = reply_new(task, task->type == REDIS_REPLY_ERROR    ? RL_REPLY_ERROR
                                    : task->type == REDIS_REPLY_STATUS ? RL_REPLY_STATUS
                                                                       : RL_REPLY_TEXT);
  if (reply) reply->text = rl_arena_str(&r->arena, rl_str_make(bytes, len));
  return reply && reply->text.p ? reply : NULL;
}

static void *make_list(const redisReadTask *task, int count) {
  rl_replies *r = task->privdata;
  if (count < 0 || count > MOST_ITEMS) return NULL;
  rl_reply *reply = reply_new(task, RL_REPLY_LIST);
  if (!reply) return NULL;
  reply->items = RL_NEW_ARRAY(&r->arena, rl_reply *, (size_t)count + 1);
  reply->count = (size_t)count;
  return reply->items ? reply : NULL;
}

static void *make_integer(const redisReadTask *task, long long integer) {
  rl_reply *reply = reply_new(task, RL_REPLY_INTEGER);
  if (reply) reply->integer = integer;
  return reply;
}

static void *make_nil(const redisReadTask *task) {
  return reply_new(task, RL_REPLY_NIL);
}

static void free_nothing(void *reply) {
  (void)reply; /* it is in the arena */
}

rl_replies *rl_replies_new(size_t most) {
  static redisReplyObjectFunctions functions = {make_text, make_list, make_integer, make_nil, free_nothing};
  rl_replies *r = rl_calloc(1, sizeof *r);
  if (!r) return NULL;
  rl_arena_init(&r->arena, 1024);
  r->most = most;
  r->reader = redisReaderCreateWithFunctions(&functions);
  if (!r->reader) {
    rl_free(r);
    return NULL;
  }
  r->reader->privdata = r;
  return r;
}

void rl_replies_free(rl_replies *r) {
  if (!r) return;
  redisReaderFree(r->reader);
  rl_arena_dispose(&r->arena);
  rl_free(r);
}

bool rl_replies_feed(rl_replies *r, const char *bytes, size_t len) {
  size_t held = r->reader->len - r->reader->pos;
  return held <= r->most && len <= r->most - held && redisReaderFeed(r->reader, bytes, len) == REDIS_OK;
}

rille_status rl_replies_next(rl_replies *r, const rl_reply **out) {
  void *reply = NULL;
  if (rl_arena_bytes(&r->arena) > 16 * r->most || redisReaderGetReply(r->reader, &reply) != REDIS_OK)
    return RILLE_ERROR;
  if (!reply) return RILLE_AGAIN;
  *out = reply;
  return RILLE_OK;
}

void rl_replies_forget(rl_replies *r) {
  rl_arena_reset(&r->arena);
}

bool rl_replies_are_read(const rl_replies *r) {
  return r->reader->len == r->reader->pos && !r->reader->reply && r->reader->ridx == -1;
}

bool rl_reply_text_at(const rl_reply *list, size_t index, rl_str *out) {
  if (list->kind != RL_REPLY_LIST || index >= list->count || list->items[index]->kind != RL_REPLY_TEXT) return false;
  *out = list->items[index]->text;
  return true;
}

bool rl_reply_integer_at(const rl_reply *list, size_t index, int64_t *out) {
  if (list->kind != RL_REPLY_LIST || index >= list->count || list->items[index]->kind != RL_REPLY_INTEGER) return false;
  *out = list->items[index]->integer;
  return true;
}

bool rl_reply_fact(const rl_reply *reply, const char *name, char *out, size_t size) {
  rl_str text = reply->text;
  const char *at = reply->kind == RL_REPLY_TEXT && text.len ? memmem(text.p, text.len, name, strlen(name)) : NULL;
  if (!at) return false;
  size_t len = 0, left = (size_t)(text.p + text.len - at) - strlen(name);
  at += strlen(name);
  while (len < left && len + 1 < size && (unsigned char)at[len] > ' ') len++;
  memcpy(out, at, len);
  out[len] = '\0';
  return len > 0;
}
