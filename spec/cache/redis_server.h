/* A Redis server of the test's own, in a temporary folder, without persistence unless a test asks for it; and
 * conversations with it, driven to their end. */
#ifndef SPEC_CACHE_REDIS_SERVER_H
#define SPEC_CACHE_REDIS_SERVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cache/redis/remote.h"

#ifdef __GNUC__
#define MAYBE_UNUSED __attribute__((unused))
#else
#define MAYBE_UNUSED
#endif

#define REDIS_PREFIX RL_STR("test:")
#define REDIS_MOST ((size_t)1 << 20)

typedef struct redis_server {
  char folder[64], socket[96];
  pid_t pid;
} redis_server;

static bool redis_answers(const redis_server *s) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  snprintf(at.sun_path, sizeof at.sun_path, "%s", s->socket);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  char answer[5] = "";
  bool good = connect(fd, (const struct sockaddr *)&at, sizeof at) == 0 && write(fd, "PING\r\n", 6) == 6 &&
              read(fd, answer, 4) == 4 && (answer[0] == '+' || strncmp(answer, "-NOA", 4) == 0);
  close(fd);
  return good;
}

/* Starts it again after redis_stop, or for the first time. options: as in a configuration file, one per line. Returns
 * false if it has ended: it cannot use a port. */
MAYBE_UNUSED static bool redis_try_start(redis_server *s, const char *options) {
  if (!s->folder[0]) {
    snprintf(s->folder, sizeof s->folder, "/tmp/rille-redis-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->socket, sizeof s->socket, "%s/socket", s->folder);
  }
  char path[128];
  snprintf(path, sizeof path, "%s/conf", s->folder);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fprintf(f, "port 0\nunixsocket %s\ndir %s\nlogfile %s/log\nsave \"\"\n%s\n", s->socket, s->folder, s->folder,
          options);
  fclose(f);
  unlink(s->socket);
  s->pid = fork();
  if (s->pid == 0) {
    unsetenv("LD_PRELOAD");
    execlp("redis-server", "redis-server", path, (char *)NULL);
    _exit(127);
  }
  for (int64_t until = rl_clock_ms() + 30000; !redis_answers(s);) {
    if (waitpid(s->pid, NULL, WNOHANG) == s->pid) return false;
    assert_true(rl_clock_ms() < until);
    usleep(10000);
  }
  return true;
}

MAYBE_UNUSED static void redis_start(redis_server *s, const char *options) {
  assert_true(redis_try_start(s, options));
}

/* Without a chance to save anything. */
MAYBE_UNUSED static void redis_stop(redis_server *s) {
  if (s->pid > 0) {
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
  }
  s->pid = 0;
}

MAYBE_UNUSED static void redis_remove(redis_server *s) {
  char command[128];
  redis_stop(s);
  if (!s->folder[0]) return;
  snprintf(command, sizeof command, "rm -rf '%s'", s->folder);
  assert_int_equal(system(command), 0);
  s->folder[0] = '\0';
}

/* Runs a command with redis-cli and returns the first line of its answer. */
MAYBE_UNUSED static const char *redis_cli(const redis_server *s, const char *format, ...) {
  static char answer[256];
  char words[1024], command[1400];
  va_list args;
  va_start(args, format);
  vsnprintf(words, sizeof words, format, args);
  va_end(args);
  snprintf(command, sizeof command, "redis-cli --no-auth-warning -s %s %s 2>&1", s->socket, words);
  FILE *f = popen(command, "r");
  assert_non_null(f);
  answer[0] = '\0';
  if (!fgets(answer, sizeof answer, f)) answer[0] = '\0';
  char rest[256];
  while (fgets(rest, sizeof rest, f)) {}
  pclose(f);
  answer[strcspn(answer, "\n")] = '\0';
  return answer;
}

/* A server object is shared by its URL in a process, so another limit makes another one, as if of another process. */
MAYBE_UNUSED static rl_remote *redis_open(const redis_server *s, int limit_ms) {
  char url[200];
  rl_remote *r = NULL;
  rl_error err = {0};
  snprintf(url, sizeof url, "unix://%s?timeout=%d", s->socket, limit_ms);
  if (rl_remote_open(rl_str_of(url), REDIS_PREFIX, REDIS_MOST, &r, &err) != RILLE_OK)
    fail_msg("%s", rl_error_message(&err));
  return r;
}

/* ------------------------------------------------------------------ conversations */

static rl_remote_answer drive(rl_talk *t) {
  rl_wait w;
  while (rl_talk_next(t, &w) == RILLE_AGAIN) {
    int64_t left = w.until_ms == INT64_MAX ? 30000 : w.until_ms - rl_clock_ms();
    struct pollfd q = {w.fd, (short)((w.read ? POLLIN : 0) | (w.write ? POLLOUT : 0)), 0};
    poll(&q, w.fd >= 0 ? 1 : 0, left < 0 ? 0 : (int)left);
  }
  return t->answer;
}

/* The names of a test, ended by 0. */
MAYBE_UNUSED static rl_names names_of(rl_name first, ...) {
  rl_names n;
  rl_names_init(&n);
  va_list args;
  va_start(args, first);
  for (rl_name name = first; name; name = va_arg(args, rl_name)) rl_names_add(&n, name);
  va_end(args);
  return n;
}

/* A reader: its conversation and what it has noted. */
typedef struct reader {
  rl_remote *remote;
  rl_talk talk;
  rl_remote_work work;
  rl_names names;
  int64_t ttl_ms, stale_ms, limit_ms;
  bool peeks;
} reader;

MAYBE_UNUSED static reader reader_of(rl_remote *r, rl_name first, rl_name second) {
  reader x = {.remote = r, .ttl_ms = 60000, .limit_ms = INT64_MAX};
  rl_talk_init(&x.talk);
  rl_remote_work_init(&x.work);
  x.names = names_of(first, second, (rl_name)0);
  return x;
}

MAYBE_UNUSED static void reader_end(reader *x) {
  rl_talk_dispose(&x->talk);
  rl_remote_work_dispose(&x->work);
  rl_names_dispose(&x->names);
}

MAYBE_UNUSED static void begin_ask(reader *x, const char *key) {
  rl_remote_work_clear(&x->work);
  rl_remote_question q = {rl_str_of(key), x->ttl_ms, x->stale_ms, x->peeks, x->limit_ms, &x->names};
  rl_talk_ask(&x->talk, x->remote, &q, &x->work);
}

MAYBE_UNUSED static rl_remote_answer ask(reader *x, const char *key) {
  begin_ask(x, key);
  return drive(&x->talk);
}

MAYBE_UNUSED static rl_remote_answer keep(reader *x, const char *bytes, const rl_names *final) {
  rl_talk_keep(&x->talk, x->remote, &x->work, rl_str_of(bytes), x->ttl_ms + x->stale_ms, final);
  return drive(&x->talk);
}

MAYBE_UNUSED static void assert_hit(reader *x, const char *key, const char *bytes) {
  assert_int_equal(ask(x, key), RL_REMOTE_HIT);
  assert_int_equal(x->talk.bytes.len, strlen(bytes));
  assert_memory_equal(x->talk.bytes.p, bytes, strlen(bytes));
}

/* Computes and keeps. */
MAYBE_UNUSED static void fill(reader *x, const char *key, const char *bytes) {
  assert_int_equal(ask(x, key), RL_REMOTE_COMPUTE);
  assert_false(x->work.spoiled);
  assert_int_equal(keep(x, bytes, NULL), RL_REMOTE_DONE);
}

/* A writer. */
typedef struct writer {
  rl_remote *remote;
  rl_talk talk;
  rl_remote_writing writing;
  rl_names names;
} writer;

MAYBE_UNUSED static writer writer_of(rl_remote *r, rl_name first, rl_name second) {
  writer w = {.remote = r};
  rl_talk_init(&w.talk);
  w.names = names_of(first, second, (rl_name)0);
  return w;
}

MAYBE_UNUSED static void writer_end(writer *w) {
  rl_talk_dispose(&w->talk);
  rl_names_dispose(&w->names);
}

MAYBE_UNUSED static rl_remote_answer mark(writer *w) {
  rl_talk_mark(&w->talk, w->remote, &w->writing, &w->names);
  return drive(&w->talk);
}

MAYBE_UNUSED static rl_remote_answer settle(writer *w, rl_write_outcome outcome, const rl_names *done) {
  rl_talk_settle(&w->talk, &w->writing, outcome, done);
  return drive(&w->talk);
}

#endif
