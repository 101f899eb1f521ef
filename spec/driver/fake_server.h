/* A PostgreSQL server with the answers of a test. It accepts connections and, for each pipeline (up to its Sync, or a
 * simple query), sends the next answer unchanged. It can also flood a connection: send the same bytes until the client
 * closes it. */
#ifndef SPEC_DRIVER_FAKE_SERVER_H
#define SPEC_DRIVER_FAKE_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"

enum { FAKE_ANSWERS = 8, FAKE_SESSIONS = 64 };

typedef enum fake_stage {
  FAKE_NEVER,
  FAKE_BEFORE_LOGIN, /* instead of an answer to the request to connect */
  FAKE_BEFORE_READY, /* the login is accepted, and the session never becomes ready */
  FAKE_BEFORE_ANSWER /* instead of the first answer */
} fake_stage;

typedef struct fake_server fake_server;

typedef struct fake_session {
  fake_server *server;
  int fd, number;
  pthread_t thread;
} fake_session;

struct fake_server {
  int listener, port;
  pthread_t thread;
  rl_buf answers[FAKE_ANSWERS]; /* each connection starts with the first; silence after the last */
  int count;
  fake_stage stage;                        /* when to flood */
  int flooded;                             /* the first n connections */
  bool reads;                              /* also reads what the client sends */
  rl_buf flood;                            /* the bytes to send */
  bool once;                               /* sends them once */
  _Atomic int connections, floods, closed; /* sessions started; floods started, and ended by the client */
  fake_session sessions[FAKE_SESSIONS];
  int session_count;
};

/* ------------------------------------------------------------------ messages */

static inline void fake_int(rl_buf *out, uint32_t n, int bytes) {
  for (int i = bytes - 1; i >= 0; i--) rl_buf_byte(out, (char)(unsigned char)(n >> (8 * i) & 0xFF));
}

static inline void fake_message(rl_buf *out, char type, const void *body, size_t len) {
  rl_buf_byte(out, type);
  fake_int(out, (uint32_t)len + 4, 4);
  rl_buf_put(out, body, len);
}

static inline void fake_ready(rl_buf *out) {
  fake_message(out, 'Z', "I", 1);
}

static inline void fake_complete(rl_buf *out, const char *tag) {
  fake_message(out, 'C', tag, strlen(tag) + 1);
}

static inline void fake_columns(rl_buf *out, int count, const uint32_t *types, int format) {
  rl_buf body;
  rl_buf_init(&body);
  fake_int(&body, (uint32_t)count, 2);
  for (int i = 0; i < count; i++) {
    rl_buf_put(&body, "c", 2);
    fake_int(&body, 0, 4);
    fake_int(&body, 0, 2);
    fake_int(&body, types[i], 4);
    fake_int(&body, 0xFFFF, 2);
    fake_int(&body, 0xFFFFFFFF, 4);
    fake_int(&body, (uint32_t)format, 2);
  }
  fake_message(out, 'T', body.p, body.len);
  rl_buf_dispose(&body);
}

static inline void fake_cell(rl_buf *out, const void *cell, size_t len) {
  rl_buf body;
  rl_buf_init(&body);
  fake_int(&body, 1, 2);
  fake_int(&body, (uint32_t)len, 4);
  rl_buf_put(&body, cell, len);
  fake_message(out, 'D', body.p, body.len);
  rl_buf_dispose(&body);
}

/* A whole answer: one column, one row. */
static inline void fake_row(rl_buf *out, uint32_t type, int format, const void *cell, size_t len) {
  fake_message(out, '1', "", 0);
  fake_message(out, '2', "", 0);
  fake_columns(out, 1, &type, format);
  fake_cell(out, cell, len);
  fake_complete(out, "SELECT 1");
}

/* ------------------------------------------------------------------ the server */

static inline bool fake_read(int fd, void *to, size_t len) {
  for (char *p = to; len > 0;) {
    ssize_t n = read(fd, p, len);
    if (n <= 0) return false;
    p += n;
    len -= (size_t)n;
  }
  return true;
}

static inline bool fake_write(int fd, const rl_buf *b) {
  return send(fd, b->p, b->len, MSG_NOSIGNAL) == (ssize_t)b->len;
}

static inline uint32_t fake_length(const unsigned char *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Sends the flood until the client closes the connection. */
static inline void fake_send_flood(fake_server *s, int fd) {
  char heard[65536];
  s->floods++;
  bool more = fake_write(fd, &s->flood);
  while (more && !s->once) {
    ssize_t n = -1;
    while (s->reads && (n = recv(fd, heard, sizeof heard, MSG_DONTWAIT)) > 0) {}
    more = n != 0 && fake_write(fd, &s->flood);
  }
  while (more && read(fd, heard, sizeof heard) > 0) {}
  s->closed++;
}

static inline void fake_settings(rl_buf *out) {
  static const char *const settings[][2] = {
      {"server_version", "15.0"}, {"client_encoding", "UTF8"}, {"standard_conforming_strings", "on"}};
  for (size_t i = 0; i < 3; i++) {
    rl_buf one;
    rl_buf_init(&one);
    rl_buf_put(&one, settings[i][0], strlen(settings[i][0]) + 1);
    rl_buf_put(&one, settings[i][1], strlen(settings[i][1]) + 1);
    fake_message(out, 'S', one.p, one.len);
    rl_buf_dispose(&one);
  }
  fake_message(out, 'K', "\0\0\0\1\0\0\0\2", 8);
}

/* Returns whether the client asks for a session. false: a request to cancel. */
static inline bool fake_asked(int fd) {
  unsigned char head[8], rest[4096];
  for (;;) {
    if (!fake_read(fd, head, 8)) return false;
    uint32_t len = fake_length(head), code = fake_length(head + 4);
    if (len < 8 || len > sizeof rest || !fake_read(fd, rest, len - 8)) return false;
    if (code == 80877102) return false;
    if (code != 80877103 && code != 80877104) return true;
    if (write(fd, "N", 1) != 1) return false; /* neither TLS nor GSS */
  }
}

/* Starts a session. false: none. */
static inline bool fake_start(fake_server *s, int fd, fake_stage stage) {
  if (!fake_asked(fd)) return false;
  rl_buf out;
  rl_buf_init(&out);
  if (stage != FAKE_BEFORE_LOGIN) fake_message(&out, 'R', "\0\0\0\0", 4);
  if (stage != FAKE_BEFORE_LOGIN && stage != FAKE_BEFORE_READY) {
    fake_settings(&out);
    fake_ready(&out);
  }
  bool ok = fake_write(fd, &out), flood = stage == FAKE_BEFORE_LOGIN || stage == FAKE_BEFORE_READY;
  rl_buf_dispose(&out);
  if (ok && flood) fake_send_flood(s, fd);
  return ok && !flood;
}

static inline void fake_talk(const fake_session *session) {
  fake_server *s = session->server;
  int fd = session->fd;
  fake_stage stage = session->number < s->flooded ? s->stage : FAKE_NEVER;
  if (!fake_start(s, fd, stage)) return;
  s->connections++;
  for (int n = 0;;) {
    unsigned char head[5], rest[65536];
    if (!fake_read(fd, head, 5)) return;
    uint32_t len = fake_length(head + 1);
    if (len < 4 || len - 4 > sizeof rest || !fake_read(fd, rest, len - 4) || head[0] == 'X') return;
    if (head[0] != 'S' && head[0] != 'Q') continue;
    if (stage == FAKE_BEFORE_ANSWER) {
      fake_send_flood(s, fd);
      return;
    }
    if (n < s->count && !fake_write(fd, &s->answers[n++])) return;
  }
}

static inline void *fake_run_session(void *argument) {
  fake_session *session = argument;
  fake_talk(session);
  shutdown(session->fd, SHUT_RDWR);
  return NULL;
}

/* One thread per connection, since a request to cancel has its own connection. */
static inline void *fake_serve(void *argument) {
  fake_server *s = argument;
  for (int fd; s->session_count < FAKE_SESSIONS && (fd = accept(s->listener, NULL, NULL)) >= 0;) {
    fake_session *session = &s->sessions[s->session_count];
    *session = (fake_session){.server = s, .fd = fd, .number = s->session_count++};
    if (pthread_create(&session->thread, NULL, fake_run_session, session) != 0) abort();
  }
  return NULL;
}

static inline void fake_open(fake_server *s) {
  memset(s, 0, sizeof *s);
  rl_buf_init(&s->flood);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof at;
  s->listener = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(s->listener, (struct sockaddr *)&at, sizeof at), 0);
  assert_int_equal(listen(s->listener, 8), 0);
  assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &len), 0);
  s->port = ntohs(at.sin_port);
}

static inline rl_buf *fake_answer(fake_server *s) {
  assert_true(s->count < FAKE_ANSWERS);
  rl_buf_init(&s->answers[s->count]);
  return &s->answers[s->count++];
}

/* Starts the server. The answers must be set. */
static inline void fake_go(fake_server *s, char url[64]) {
  snprintf(url, 64, "postgresql://u@127.0.0.1:%d/d?sslmode=disable", s->port);
  assert_int_equal(pthread_create(&s->thread, NULL, fake_serve, s), 0);
}

static inline void fake_close(fake_server *s) {
  shutdown(s->listener, SHUT_RDWR);
  pthread_join(s->thread, NULL);
  close(s->listener);
  for (int i = 0; i < s->session_count; i++) {
    shutdown(s->sessions[i].fd, SHUT_RDWR);
    pthread_join(s->sessions[i].thread, NULL);
    close(s->sessions[i].fd);
  }
  for (int i = 0; i < s->count; i++) rl_buf_dispose(&s->answers[i]);
  rl_buf_dispose(&s->flood);
}

#endif
