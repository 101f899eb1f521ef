/* Connecting, logging in, sending and receiving. */
#include "cache/redis/link.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/sha256.h"
#include "cache/redis/address.h"
#include "cache/redis/scripts.h"

typedef enum link_stage {
  STAGE_LOOKUP,
  STAGE_ADDRESS, /* begins with the next address */
  STAGE_CONNECT,
  STAGE_SHAKE,
  STAGE_GREET, /* the answers to the login */
  STAGE_READY,
  STAGE_LOST
} link_stage;

struct rl_link {
  const rl_redis_url *url;
  const rl_tls_trust *trust;
  link_stage stage;
  long pid;
  int fd;
  int64_t until_ms, address_until_ms;
  rl_lookup *lookup;
  const struct addrinfo *address, *next_address;
  rl_tls *tls;
  rl_buf out; /* as sent; from `sent` on it is not sent yet */
  size_t sent;
  rl_replies *replies;
  int skipped; /* replies to what was posted, still to come */
  rl_names owed;
  bool owes_unknown;
  int greetings; /* answers to the login that are still to come */
  bool primary;
  char run[64], history[64], life[RL_SHA256_HEX];
  char problem[160];
};

static rille_status link_fail(rl_link *l, const char *problem) {
  snprintf(l->problem, sizeof l->problem, "%s", problem);
  for (char *c = l->problem; *c; c++)
    if ((unsigned char)*c < 32 || (unsigned char)*c > 126) *c = '?';
  l->stage = STAGE_LOST;
  return RILLE_ERROR;
}

rl_link *rl_link_open(const rl_redis_url *url, const rl_tls_trust *trust, size_t most, int64_t until_ms) {
  rl_link *l = rl_calloc(1, sizeof *l);
  if (!l) return NULL;
  *l = (rl_link){.url = url, .trust = trust, .fd = -1, .pid = rl_process_id(), .until_ms = until_ms};
  rl_buf_init(&l->out);
  rl_names_init(&l->owed);
  l->replies = rl_replies_new(most);
  l->lookup = url->host ? rl_lookup_begin(url->host, url->port) : NULL;
  l->stage = url->host ? STAGE_LOOKUP : STAGE_ADDRESS;
  if (l->replies && (l->lookup || !url->host)) return l;
  rl_link_close(l);
  return NULL;
}

void rl_link_close(rl_link *l) {
  if (!l) return;
  if (l->fd >= 0) (void)close(l->fd);
  rl_tls_free(l->tls);
  rl_lookup_free(l->lookup);
  rl_replies_free(l->replies);
  rl_buf_dispose(&l->out);
  rl_names_dispose(&l->owed);
  rl_free(l);
}

void rl_command_begin(rl_buf *out, size_t count) {
  rl_buf_printf(out, "*%zu\r\n", count);
}

void rl_command_add(rl_buf *out, rl_str argument) {
  rl_buf_printf(out, "$%zu\r\n", argument.len);
  rl_buf_str(out, argument);
  rl_buf_text(out, "\r\n");
}

/* ------------------------------------------------------------------ bytes */

/* Sends what is left. OK: all of it. */
static rille_status link_flush(rl_link *l, rl_wait *wait) {
  if (l->tls && !rl_tls_take_out(l->tls, &l->out)) return link_fail(l, "out of memory");
  while (l->sent < l->out.len) {
    ssize_t n = send(l->fd, l->out.p + l->sent, l->out.len - l->sent, MSG_NOSIGNAL);
    if (n > 0) {
      l->sent += (size_t)n;
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      wait->fd = l->fd;
      wait->write = true;
      return RILLE_AGAIN;
    } else if (errno != EINTR) {
      return link_fail(l, "the connection was lost");
    }
  }
  rl_buf_reset(&l->out);
  l->sent = 0;
  return RILLE_OK;
}

static bool link_take(rl_link *l, const char *bytes, size_t len) {
  if (!l->tls) return rl_replies_feed(l->replies, bytes, len);
  if (!rl_tls_feed(l->tls, bytes, len)) return false;
  if (l->stage <= STAGE_SHAKE) return true;
  char plain[16384];
  int n;
  while ((n = rl_tls_read(l->tls, plain, sizeof plain)) > 0)
    if (!rl_replies_feed(l->replies, plain, (size_t)n)) return false;
  return n == 0;
}

/* Receives what has come. OK: something, AGAIN: nothing. */
static rille_status link_receive(rl_link *l, rl_wait *wait) {
  char bytes[16384];
  ssize_t n;
  do n = recv(l->fd, bytes, sizeof bytes, 0);
  while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    wait->fd = l->fd;
    wait->read = true;
    return RILLE_AGAIN;
  }
  if (n <= 0) return link_fail(l, "the server closed the connection");
  if (link_take(l, bytes, (size_t)n)) return RILLE_OK;
  return link_fail(l, "the server sent too much, or what is no reply");
}

bool rl_link_send(rl_link *l, rl_str command) {
  if (!l->tls)
    rl_buf_str(&l->out, command);
  else if (!rl_tls_write(l->tls, command.p, command.len))
    return false;
  return !l->out.failed;
}

bool rl_link_push(rl_link *l) {
  rl_wait ignored;
  return link_flush(l, &ignored) >= 0;
}

void rl_link_post(rl_link *l, const rl_names *owed, bool unknown) {
  l->skipped++;
  if (!owed) return;
  rl_names_add_all(&l->owed, owed);
  l->owes_unknown = l->owes_unknown || unknown;
}

const rl_names *rl_link_owes(const rl_link *l, bool *unknown) {
  *unknown = l->owes_unknown;
  return rl_names_is_empty(&l->owed) ? NULL : &l->owed;
}

/* Skips a reply to what was posted. Returns false if it is an error. */
static bool link_skip(rl_link *l, const rl_reply *reply) {
  if (reply->kind == RL_REPLY_ERROR) return false;
  if (--l->skipped > 0) return true;
  rl_names_clear(&l->owed);
  l->owes_unknown = false;
  return true;
}

rille_status rl_link_next(rl_link *l, const rl_reply **out, rl_wait *wait) {
  if (l->stage == STAGE_LOST) return RILLE_ERROR;
  if (l->pid != rl_process_id()) return link_fail(l, "the connection belongs to another process");
  rille_status sent = link_flush(l, wait);
  if (sent < 0) return sent;
  for (;;) {
    rille_status st = rl_replies_next(l->replies, out);
    if (st == RILLE_OK && l->skipped == 0) return st;
    if (st == RILLE_OK && !link_skip(l, *out)) return link_fail(l, "the server refused a script");
    if (st == RILLE_OK) continue;
    if (st < 0) return link_fail(l, "the server sent what is no reply");
    st = link_receive(l, wait);
    if (st != RILLE_OK) return st;
  }
}

void rl_link_forget(rl_link *l) {
  rl_replies_forget(l->replies);
}

bool rl_link_is_quiet(rl_link *l) {
  char byte;
  if (l->stage != STAGE_READY || l->pid != rl_process_id()) return false;
  if (l->skipped == 0 && (l->out.len > 0 || !rl_replies_are_read(l->replies))) return false;
  ssize_t n = recv(l->fd, &byte, 1, MSG_PEEK);
  if (n > 0) return l->skipped > 0;
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

/* ------------------------------------------------------------------ connecting */

static void link_drop_socket(rl_link *l) {
  if (l->fd >= 0) (void)close(l->fd);
  l->fd = -1;
}

static rille_status link_begin(rl_link *l, int family, const struct sockaddr *at, socklen_t len) {
  l->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (l->fd < 0) return RILLE_ERROR;
  int one = 1;
  if (family != AF_UNIX) (void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(l->fd, at, len) == 0) {
    l->stage = STAGE_SHAKE;
    return RILLE_OK;
  }
  if (errno != EINPROGRESS) return RILLE_ERROR;
  l->stage = STAGE_CONNECT;
  return RILLE_OK;
}

static rille_status link_begin_socket(rl_link *l) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  if (strlen(l->url->path) >= sizeof at.sun_path) return link_fail(l, "the path of the socket is too long");
  memcpy(at.sun_path, l->url->path, strlen(l->url->path));
  if (link_begin(l, AF_UNIX, (const struct sockaddr *)&at, sizeof at) == RILLE_OK) return RILLE_OK;
  return link_fail(l, errno == EAGAIN ? "the socket's queue is full" : "the server cannot be reached");
}

/* Begins with the next address, which may take its share of the time that is left. */
static rille_status link_begin_address(rl_link *l) {
  link_drop_socket(l);
  if (l->url->path) return link_begin_socket(l);
  const struct addrinfo *a = l->next_address;
  if (!a) return link_fail(l, "the server cannot be reached");
  int64_t now = rl_clock_ms(), left = l->until_ms - now, share = 0;
  for (const struct addrinfo *rest = a; rest; rest = rest->ai_next) share++;
  l->address_until_ms = now + (left > share ? left / share : 1);
  l->next_address = a->ai_next;
  if (link_begin(l, a->ai_family, a->ai_addr, a->ai_addrlen) != RILLE_OK) l->stage = STAGE_ADDRESS;
  return RILLE_OK;
}

static rille_status link_lookup(rl_link *l, rl_wait *wait) {
  int fd = -1;
  rille_status st = rl_lookup_poll(l->lookup, &l->next_address, &fd);
  if (st == RILLE_AGAIN) {
    wait->fd = fd;
    wait->read = true;
    return st;
  }
  if (st < 0) return link_fail(l, "the server's name is unknown");
  l->stage = STAGE_ADDRESS;
  return st;
}

static rille_status link_connected(rl_link *l, rl_wait *wait) {
  int problem = 0;
  struct sockaddr_storage peer;
  socklen_t size = sizeof problem, peer_size = sizeof peer;
  if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &problem, &size) != 0 || problem != 0) {
    l->stage = STAGE_ADDRESS;
    return l->url->path ? link_fail(l, "the server cannot be reached") : RILLE_OK;
  }
  if (getpeername(l->fd, (struct sockaddr *)&peer, &peer_size) == 0) {
    l->stage = STAGE_SHAKE;
    return RILLE_OK;
  }
  if (l->url->host && l->next_address && rl_clock_ms() >= l->address_until_ms) {
    l->stage = STAGE_ADDRESS;
    return RILLE_OK;
  }
  wait->fd = l->fd;
  wait->write = true;
  if (l->url->host && l->next_address) wait->until_ms = l->address_until_ms;
  return RILLE_AGAIN;
}

/* ------------------------------------------------------------------ logging in */

static void add_words(rl_buf *out, const char *first, const char *second, const char *third) {
  rl_command_begin(out, third ? 3 : 2);
  rl_command_add(out, rl_str_of(first));
  rl_command_add(out, rl_str_of(second));
  if (third) rl_command_add(out, rl_str_of(third));
}

static rille_status link_greet(rl_link *l) {
  rl_buf b;
  rl_buf_init(&b);
  const rl_redis_url *u = l->url;
  char db[16];
  snprintf(db, sizeof db, "%d", u->db);
  l->greetings = 2 + RL_SCRIPT_COUNT;
  if (u->password) {
    if (u->user)
      add_words(&b, "AUTH", u->user, u->password);
    else
      add_words(&b, "AUTH", u->password, NULL);
    l->greetings++;
  }
  if (u->db) {
    add_words(&b, "SELECT", db, NULL);
    l->greetings++;
  }
  for (int i = 0; i < RL_SCRIPT_COUNT; i++) {
    rl_command_begin(&b, 3);
    rl_command_add(&b, RL_STR("SCRIPT"));
    rl_command_add(&b, RL_STR("LOAD"));
    rl_command_add(&b, rl_script_text((rl_script)i));
  }
  add_words(&b, "INFO", "server", NULL);
  add_words(&b, "INFO", "replication", NULL);
  bool good = !b.failed && rl_link_send(l, rl_buf_view(&b));
  rl_buf_dispose(&b);
  if (!good) return link_fail(l, "out of memory");
  l->stage = STAGE_GREET;
  return RILLE_OK;
}

static rille_status link_shake(rl_link *l, rl_wait *wait) {
  if (!l->url->tls) return link_greet(l);
  if (!l->tls) l->tls = rl_tls_new(l->trust, l->url->host);
  if (!l->tls) return link_fail(l, "out of memory");
  for (;;) {
    const char *problem = NULL;
    rille_status st = rl_tls_shake(l->tls, &problem), sent = link_flush(l, wait);
    if (st < 0) return link_fail(l, problem);
    if (sent < 0) return sent;
    if (st == RILLE_OK) return link_greet(l);
    st = link_receive(l, wait);
    if (st != RILLE_OK) return st;
  }
}

static rille_status link_take_greeting(rl_link *l, const rl_reply *reply) {
  char role[16];
  if (reply->kind == RL_REPLY_ERROR) { /* its text may repeat what was sent */
    bool login = rl_str_starts(reply->text, RL_STR("WRONGPASS")) || rl_str_starts(reply->text, RL_STR("NOAUTH")) ||
                 rl_str_starts(reply->text, RL_STR("ERR invalid password"));
    bool loading = rl_str_starts(reply->text, RL_STR("LOADING"));
    return link_fail(l, login     ? "the server refused the user or the password"
                        : loading ? "the server is loading its data"
                                  : "the server refused the login, the database or INFO");
  }
  l->greetings--;
  if (reply->kind == (l->greetings >= 2 + RL_SCRIPT_COUNT ? RL_REPLY_STATUS : RL_REPLY_TEXT) && l->greetings >= 2)
    return RILLE_OK;
  if (reply->kind == RL_REPLY_TEXT && l->greetings == 1 && rl_reply_fact(reply, "\nrun_id:", l->run, sizeof l->run))
    return RILLE_OK;
  if (reply->kind != RL_REPLY_TEXT || l->greetings != 0 || !rl_reply_fact(reply, "\nrole:", role, sizeof role))
    return link_fail(l, "the server's greeting is not that of Redis");
  if (strcmp(role, "master") != 0) return link_fail(l, "the server is a replica");
  (void)rl_reply_fact(reply, "\nmaster_replid:", l->history, sizeof l->history);
  rl_str parts[] = {rl_str_of(l->run), RL_STR("/"), rl_str_of(l->history)};
  rl_sha256_hex(parts, 3, l->life);
  l->life[RL_LIFE_DIGITS] = '\0';
  l->stage = STAGE_READY;
  return RILLE_OK;
}

static rille_status link_read_greeting(rl_link *l, rl_wait *wait) {
  const rl_reply *reply;
  rille_status st = rl_link_next(l, &reply, wait);
  if (st == RILLE_OK) st = link_take_greeting(l, reply);
  if (l->stage == STAGE_READY) rl_link_forget(l);
  return st;
}

rille_status rl_link_connect(rl_link *l, rl_wait *wait) {
  rille_status st = RILLE_OK;
  if (l->pid != rl_process_id()) return link_fail(l, "the connection belongs to another process");
  while (st == RILLE_OK && l->stage != STAGE_READY) switch (l->stage) {
    case STAGE_LOOKUP: st = link_lookup(l, wait); break;
    case STAGE_ADDRESS: st = link_begin_address(l); break;
    case STAGE_CONNECT: st = link_connected(l, wait); break;
    case STAGE_SHAKE: st = link_shake(l, wait); break;
    case STAGE_GREET: st = link_read_greeting(l, wait); break;
    case STAGE_READY: break;
    case STAGE_LOST: return RILLE_ERROR;
    }
  return st;
}

const char *rl_link_life(const rl_link *l) {
  return l->life;
}

const char *rl_link_problem(const rl_link *l) {
  return l->problem[0] ? l->problem : "the server did not answer in time";
}
