/* Connecting with retries: a server may be asleep, starting or being replaced. */
#include "run/connect.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/id.h"

#define DEFAULT_CONNECT_MS 5000
/* Pauses double from the first to the last of these. Each is shortened at random by up to half, so clients that failed
 * together do not come back together. */
#define FIRST_PAUSE_MS 20
#define LAST_PAUSE_MS 500

void rl_connecting_begin(rl_connecting *c, const rl_conn_options *options, int64_t most_ms, bool once) {
  int64_t limit = options->connect_timeout_ms > 0 ? options->connect_timeout_ms : DEFAULT_CONNECT_MS;
  if (most_ms > 0 && most_ms < limit) limit = most_ms;
  int64_t repeat = limit < RL_UNLIMITED_MS ? limit : DEFAULT_CONNECT_MS, now = rl_clock_ms();
  *c = (rl_connecting){.options = options, .limit_ms = limit, .repeat_ms = repeat, .once = once};
  c->deadline_ms = now + limit;
  c->repeat_until_ms = now + repeat;
}

void rl_connecting_shorten(rl_connecting *c, int64_t deadline_ms) {
  if (deadline_ms >= c->deadline_ms) return;
  c->limit_ms -= c->deadline_ms - deadline_ms; /* the message names it */
  if (c->limit_ms < 0) c->limit_ms = 0;
  c->deadline_ms = deadline_ms;
}

static void connecting_drop(rl_connecting *c) {
  if (c->conn) c->options->driver->close(c->conn);
  c->conn = NULL;
}

void rl_connecting_stop(rl_connecting *c) {
  if (!c->options) return;
  connecting_drop(c);
  rl_error_clear(&c->last);
}

rl_conn *rl_connecting_take(rl_connecting *c) {
  rl_conn *conn = c->conn;
  c->conn = NULL;
  rl_error_clear(&c->last);
  return conn;
}

static int64_t pause_after(uint32_t attempts) {
  int64_t pause = FIRST_PAUSE_MS;
  uint32_t random = 0;
  for (uint32_t i = 1; i < attempts && pause < LAST_PAUSE_MS; i++) pause *= 2;
  if (pause > LAST_PAUSE_MS) pause = LAST_PAUSE_MS;
  (void)rl_random(&random, sizeof random);
  return pause - (int64_t)(random % (uint32_t)(pause / 2));
}

static void name_attempts(const rl_connecting *c, rl_error *err) {
  char number[16];
  snprintf(number, sizeof number, "%u", c->attempts);
  rl_error_detail(err, "attempts", rl_str_of(number));
}

/* Fails because the server did not answer until the deadline. */
static rille_status connecting_fail_late(rl_connecting *c, rl_error *err) {
  const char *where = c->options->address ? c->options->address : c->options->display;
  bool before = c->last.code != RL_CODE_NONE;
  rl_fail(err, RL_P1001, "Can't reach the database server at %s within %lld ms (%u attempt%s%s%s)", where,
          (long long)c->limit_ms, c->attempts, c->attempts == 1 ? "" : "s", before ? "); " : "",
          before ? rl_error_message(&c->last) : "");
  if (!err) return RILLE_ERROR;
  err->connection_lost = err->not_sent = err->passing = true;
  name_attempts(c, err);
  return RILLE_ERROR;
}

static rille_status connecting_fail(rl_connecting *c, rl_error *failure, rl_error *err) {
  if (failure->nomem || c->attempts < 2 || !failure->passing) {
    rille_status st = failure->nomem ? RILLE_NOMEM : RILLE_ERROR;
    if (err) rl_error_move(err, failure);
    rl_error_clear(failure);
    return st;
  }
  rl_fail(err, failure->code, "%s (%u attempts within %lld ms)", rl_error_message(failure), c->attempts,
          (long long)c->repeat_ms);
  if (err) {
    memcpy(err->sqlstate, failure->sqlstate, sizeof err->sqlstate);
    err->connection_lost = err->not_sent = err->passing = true;
    name_attempts(c, err);
  }
  rl_error_clear(failure);
  return RILLE_ERROR;
}

/* Decides what follows a failed attempt. OK: another attempt after a pause. */
static rille_status connecting_after_failure(rl_connecting *c, rl_error *failure, rl_error *err) {
  connecting_drop(c);
  int64_t now = rl_clock_ms(), pause = pause_after(c->attempts);
  bool late = now + pause >= (c->deadline_ms < c->repeat_until_ms ? c->deadline_ms : c->repeat_until_ms);
  if (c->once || !failure->passing || late) return connecting_fail(c, failure, err);
  c->again_ms = now + pause;
  rl_error_move(&c->last, failure);
  return RILLE_OK;
}

static rille_status connecting_try(rl_connecting *c, rl_wait *wait, rl_error *failure) {
  const rl_driver *d = c->options->driver;
  if (!c->conn) {
    c->attempts++;
    rille_status st = d->open(c->options, &c->conn, failure);
    if (st != RILLE_OK) {
      c->conn = NULL;
      return st;
    }
  }
  return d->poll_connect(c->conn, wait, failure);
}

rille_status rl_connecting_poll(rl_connecting *c, rl_wait *wait, rl_error *err) {
  for (;;) {
    int64_t now = rl_clock_ms();
    if (!c->conn && now < c->again_ms) {
      *wait = (rl_wait){-1, false, false, c->again_ms};
      return RILLE_AGAIN;
    }
    rl_error failure = {0};
    rille_status st = connecting_try(c, wait, &failure);
    if (st == RILLE_OK) return st;
    if (st == RILLE_AGAIN && rl_clock_ms() < c->deadline_ms) {
      if (wait->until_ms > c->deadline_ms) wait->until_ms = c->deadline_ms;
      return st;
    }
    if (st == RILLE_AGAIN || (failure.passing && rl_clock_ms() >= c->deadline_ms)) {
      rl_error_clear(&failure);
      connecting_drop(c);
      return connecting_fail_late(c, err);
    }
    if (st == RILLE_NOMEM) failure.nomem = true;
    st = connecting_after_failure(c, &failure, err);
    if (st != RILLE_OK) return st;
  }
}
