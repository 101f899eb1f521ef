/* The listener: connect, LISTEN, receive, and all of it again after a loss. */
#include "run/listen.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/process.h"

enum { FIRST_PAUSE_MS = 50, LONGEST_PAUSE_MS = 10000 };
/* A silent connection may be dead. After SIGN_OF_LIFE_MS the listener sends a question, and the server has ANSWER_MS to
 * answer. */
enum { SIGN_OF_LIFE_MS = 30000, ANSWER_MS = 10000 };

static bool has_notifications(const rl_driver *d) {
  return d->notifications != NULL;
}

rille_status rl_listener_open(rl_listener *l, rl_client *client, rl_error *err) {
  if (!has_notifications(client->driver))
    return rl_fail_lack(err, RL_P2026, client->driver, has_notifications, "", "notifications");
  if (rl_pool_conn_options(client->pool)->pooled)
    return rl_fail(
        err, RL_P2026,
        "listening needs its own session, which a pooler in transaction mode does not provide; listen with a client "
        "whose URL names the server itself");
  rl_listener_init(l, rl_pool_conn_options(client->pool));
  l->client = rl_client_retain(client);
  return RILLE_OK;
}

void rl_listener_init(rl_listener *l, const rl_conn_options *options) {
  *l = (rl_listener){.options = options, .silence_ms = SIGN_OF_LIFE_MS, .answer_ms = ANSWER_MS, .pid = rl_process_id()};
}

static void drop_connection(rl_listener *l) {
  if (l->conn) l->options->driver->close(l->conn);
  l->conn = NULL;
  l->hears = false;
  rl_connecting_stop(&l->connecting);
  l->state = RL_LISTENER_DOWN;
  l->answers = 0;
  for (size_t i = 0; i < l->count; i++) l->channels[i].subscribed = false;
}

void rl_listener_close(rl_listener *l) {
  if (!l->options) return;
  drop_connection(l);
  for (size_t i = 0; i < l->count; i++) rl_free(l->channels[i].name);
  rl_free(l->channels);
  rl_client_release(l->client);
  *l = (rl_listener){0};
}

static rille_status listener_check_name(const rl_listener *l, rl_str channel, rl_error *err) {
  size_t longest = l->options->driver->notifications->longest_name;
  if (channel.len > 0 && channel.len <= longest && !memchr(channel.p, 0, channel.len)) return RILLE_OK;
  return rl_fail(err, RL_VALIDATION, "channel: expected a name of 1 to %zu bytes without zero bytes, got `%.*s`",
                 longest, (int)(channel.len < 80 ? channel.len : 80), channel.p);
}

static rl_channel *listener_channel(const rl_listener *l, rl_str name) {
  for (size_t i = 0; i < l->count; i++)
    if (rl_str_eq(rl_str_of(l->channels[i].name), name)) return &l->channels[i];
  return NULL;
}

rille_status rl_listener_add(rl_listener *l, rl_str channel, rl_error *err) {
  rille_status st = listener_check_name(l, channel, err);
  if (st != RILLE_OK) return st;
  rl_channel *known = listener_channel(l, channel);
  if (known) {
    known->is_leaving = false;
    return RILLE_OK;
  }
  if (l->count == l->cap) {
    size_t cap = l->cap ? l->cap * 2 : 4;
    rl_channel *more = rl_realloc(l->channels, cap * sizeof *more);
    if (!more) return rl_fail_nomem(err);
    l->channels = more;
    l->cap = cap;
  }
  char *name = rl_strndup(channel.p, channel.len);
  if (!name) return rl_fail_nomem(err);
  l->channels[l->count++] = (rl_channel){.name = name};
  return RILLE_OK;
}

rille_status rl_listener_remove(rl_listener *l, rl_str channel, rl_error *err) {
  rl_channel *known = listener_channel(l, channel);
  if (!known || known->is_leaving)
    return rl_fail(err, RL_VALIDATION, "channel: `%.*s` is not listened to", RL_STR_ARG(channel));
  known->is_leaving = true;
  return RILLE_OK;
}

static rille_status listener_pause(rl_listener *l, int64_t until) {
  l->wait = (rl_wait){.fd = -1, .until_ms = until};
  return RILLE_AGAIN;
}

/* Returns the time of the next attempt. Half of the pause is random, so listeners that lost the same server come back
 * at different times. */
static int64_t listener_next_attempt(rl_listener *l) {
  int64_t most = l->failures < 8 ? (int64_t)FIRST_PAUSE_MS << l->failures : LONGEST_PAUSE_MS;
  if (most > LONGEST_PAUSE_MS) most = LONGEST_PAUSE_MS;
  l->failures++;
  int64_t now = rl_clock_us();
  return now / 1000 + most / 2 + (int64_t)(rl_hash(&now, sizeof now, (uint64_t)l->pid) % (uint64_t)(most / 2));
}

/* Handles a failure. That of the first connection is the caller's. A later one is reported as a loss, once, and the
 * listener connects again. */
static rille_status listener_failed(rl_listener *l, rille_status st, rl_error *err) {
  if (l->has_listened && l->failures == 0) l->loss_is_due = true;
  drop_connection(l);
  l->due_ms = listener_next_attempt(l);
  if (!l->has_listened || st == RILLE_NOMEM) return st;
  l->reconnected = true;
  rl_error_clear(err);
  return RILLE_OK;
}

static rille_status listener_start_connecting(rl_listener *l) {
  if (rl_clock_ms() < l->due_ms) return listener_pause(l, l->due_ms);
  rl_connecting_begin(&l->connecting, l->options, 0, false);
  l->state = RL_LISTENER_CONNECTING;
  return RILLE_OK;
}

static rille_status listener_send(rl_listener *l, const char *sql, rl_error *err) {
  rille_status st = l->options->driver->send_command(l->conn, sql, err);
  if (st == RILLE_OK) l->answers++;
  return st;
}

static rille_status listener_send_channel(rl_listener *l, const char *channel, bool listen, rl_error *err) {
  rl_buf sql;
  rl_buf_init(&sql);
  l->options->driver->notifications->write_listen(&sql, rl_str_of(channel), listen);
  const char *text = rl_buf_z(&sql);
  rille_status st = text ? listener_send(l, text, err) : rl_fail_nomem(err);
  rl_buf_dispose(&sql);
  return st;
}

static void listener_forget(rl_listener *l, size_t index) {
  rl_free(l->channels[index].name);
  l->channels[index] = l->channels[--l->count];
}

/* Sends LISTEN and UNLISTEN for channels that have changed, or a question after a long silence. */
static rille_status listener_send_changes(rl_listener *l, rl_error *err) {
  rille_status st = RILLE_OK;
  l->listen_sent = false;
  for (size_t i = l->count; i > 0 && st == RILLE_OK; i--) {
    rl_channel *c = &l->channels[i - 1];
    if (c->is_leaving) {
      if (c->subscribed) st = listener_send_channel(l, c->name, false, err);
      if (st == RILLE_OK) listener_forget(l, i - 1);
    } else if (!c->subscribed) {
      st = listener_send_channel(l, c->name, true, err);
      c->subscribed = st == RILLE_OK;
      l->listen_sent = true;
    }
  }
  bool silent = !l->answers && rl_clock_ms() >= l->due_ms;
  if (st == RILLE_OK && silent) {
    st = listener_send(l, l->options->driver->notifications->ping, err);
    l->questions++;
  }
  if (st == RILLE_OK && l->answers) {
    st = l->options->driver->flush(l->conn, err);
    l->state = RL_LISTENER_ASKING;
    l->due_ms = rl_clock_ms() + l->answer_ms;
  }
  return st == RILLE_OK ? st : listener_failed(l, st, err);
}

/* Notes that the server has sent something. It may have waited in the socket since that was last found empty, so it
 * proves no later life. */
static void listener_lives(rl_listener *l) {
  l->life_ms = l->quiet_ms;
  if (!l->answers) l->due_ms = l->life_ms + l->silence_ms;
}

static rille_status listener_poll_connecting(rl_listener *l, rl_error *err) {
  rille_status st = rl_connecting_poll(&l->connecting, &l->wait, err);
  if (st == RILLE_AGAIN) return st;
  if (st != RILLE_OK) return listener_failed(l, st, err);
  l->conn = rl_connecting_take(&l->connecting);
  l->quiet_ms = rl_clock_ms();
  listener_lives(l);
  l->state = RL_LISTENER_READY;
  rl_notification none; /* nothing is listened to yet; from this call on the connection keeps its notifications */
  st = l->options->driver->notifications->next(l->conn, &none, &l->wait, err);
  return st < 0 ? listener_failed(l, st, err) : listener_send_changes(l, err);
}

static rille_status listener_answered(rl_listener *l, rl_event *out) {
  listener_lives(l);
  l->state = RL_LISTENER_READY;
  l->failures = 0;
  if (!l->listen_sent) return RILLE_OK;
  *out = (rl_event){.kind = RL_EVENT_LISTENING, .reconnected = l->reconnected};
  l->has_listened = l->hears = true;
  l->listen_sent = l->reconnected = false;
  return RILLE_ROW;
}

/* Takes a notification. wait: as in rl_notifications.next. */
static rille_status listener_hear(rl_listener *l, rl_event *out, rl_wait *wait, rl_error *err) {
  *out = (rl_event){.kind = RL_EVENT_HEARD};
  rille_status st = l->options->driver->notifications->next(l->conn, &out->heard, wait, err);
  if (st == RILLE_ROW) listener_lives(l);
  if (st == RILLE_AGAIN) l->quiet_ms = rl_clock_ms();
  return st < 0 ? listener_failed(l, st, err) : st;
}

static rille_status listener_read_answers(rl_listener *l, rl_event *out, rl_error *err) {
  while (l->answers) {
    rl_row_view row;
    int64_t affected;
    rille_status st = l->options->driver->next(l->conn, &row, &affected, &l->wait, err);
    if (st == RILLE_ROW) continue;
    if (st == RILLE_AGAIN && rl_clock_ms() < l->due_ms) {
      if (l->due_ms < l->wait.until_ms) l->wait.until_ms = l->due_ms;
      return listener_hear(l, out, NULL, err); /* reading now could take in the answer, and nothing would wake us */
    }
    if (st == RILLE_AGAIN) st = rl_fail(err, RL_P1008, "the database did not answer the listener");
    if (st != RILLE_DONE) return listener_failed(l, st, err);
    l->answers--;
  }
  return listener_answered(l, out);
}

static rille_status listener_read_notification(rl_listener *l, rl_event *out, rl_error *err) {
  rille_status st = listener_send_changes(l, err);
  if (st != RILLE_OK || l->state != RL_LISTENER_READY) return st;
  st = listener_hear(l, out, &l->wait, err);
  if (st == RILLE_AGAIN) l->wait.until_ms = l->due_ms;
  return st;
}

/* A child of the process that connected leaves that connection alone. */
static void listener_check_process(rl_listener *l) {
  if (l->pid == rl_process_id()) return;
  drop_connection(l);
  l->pid = rl_process_id();
  l->loss_is_due = l->reconnected = l->has_listened;
  l->due_ms = 0;
}

rille_status rl_listener_next(rl_listener *l, rl_event *out, rl_error *err) {
  listener_check_process(l);
  for (;;) {
    rille_status st = RILLE_OK;
    if (l->loss_is_due) {
      l->loss_is_due = false;
      *out = (rl_event){.kind = RL_EVENT_LOST};
      return RILLE_ROW;
    }
    switch (l->state) {
    case RL_LISTENER_DOWN: st = listener_start_connecting(l); break;
    case RL_LISTENER_CONNECTING: st = listener_poll_connecting(l, err); break;
    case RL_LISTENER_ASKING: st = listener_read_answers(l, out, err); break;
    case RL_LISTENER_READY: st = listener_read_notification(l, out, err); break;
    }
    if (st != RILLE_OK) return st;
  }
}
