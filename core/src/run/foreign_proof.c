/* The proof is a notice that touches nothing, under a number of its own. */
#include "run/foreign_proof.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/id.h"
#include "run/foreign.h"

/* How long the notice may take to arrive, and the pauses after one that did not, and after one that could not be sent.
 */
enum { ARRIVES_MS = 5000, LONG_PAUSE_MS = 10000, SHORT_PAUSE_MS = 1000 };

void rl_proof_stop(rl_proof *p) {
  rl_connecting_stop(&p->connecting);
  if (p->conn) p->options->driver->close(p->conn);
  p->conn = NULL;
  p->state = RL_PROOF_DUE;
  rl_error_clear(&p->failed);
}

void rl_proof_begin(rl_proof *p, const rl_conn_options *options) {
  rl_proof_stop(p);
  p->options = options;
  p->due_ms = 0;
}

static void write_payload(const rl_proof *p, rl_buf *out) {
  char digits[RL_HEX_NUMBER];
  rl_hex_number(p->number, digits);
  rl_buf_text(out, RL_NOTICE_WORD);
  rl_buf_put(out, digits, sizeof digits);
}

bool rl_proof_take(rl_proof *p, rl_str payload) {
  rl_buf own;
  if (p->state != RL_PROOF_SENDING && p->state != RL_PROOF_SENT) return false;
  rl_buf_init(&own);
  write_payload(p, &own);
  bool same = !own.failed && rl_str_eq(rl_buf_view(&own), payload);
  rl_buf_dispose(&own);
  if (!same) return false;
  rl_proof_stop(p);
  p->state = RL_PROOF_ARRIVED;
  return true;
}

static rille_status start(rl_proof *p) {
  if (!rl_random(&p->number, sizeof p->number)) p->number = (uint64_t)rl_clock_wall_us();
  rl_connecting_begin(&p->connecting, p->options, 0, true);
  p->state = RL_PROOF_CONNECTING;
  return RILLE_OK;
}

static rille_status send(rl_proof *p, rl_error *err) {
  const rl_driver *d = p->options->driver;
  rl_commands queued = {0};
  rl_wait wait;
  rl_buf text;
  rille_status st = rl_connecting_poll(&p->connecting, &wait, err);
  if (st != RILLE_OK) return st;
  p->conn = rl_connecting_take(&p->connecting);
  rl_buf_init(&text);
  write_payload(p, &text);
  st = text.failed ? rl_fail_nomem(err)
                   : d->notifications->notify(p->conn, RL_STR(RL_NOTICE_CHANNEL), rl_buf_view(&text), &queued, err);
  rl_buf_dispose(&text);
  if (st == RILLE_OK) st = d->flush(p->conn, err);
  p->state = RL_PROOF_SENDING;
  return st;
}

static rille_status read_answer(rl_proof *p, rl_error *err) {
  rl_row_view row;
  int64_t affected;
  rl_wait wait;
  rille_status st;
  do st = p->options->driver->next(p->conn, &row, &affected, &wait, err);
  while (st == RILLE_ROW);
  if (st != RILLE_DONE) return st;
  rl_proof_stop(p);
  p->state = RL_PROOF_SENT;
  p->due_ms = rl_clock_after(ARRIVES_MS);
  return RILLE_OK;
}

static rille_status step(rl_proof *p, rl_error *err) {
  switch (p->state) {
  case RL_PROOF_DUE: return rl_clock_ms() < p->due_ms ? RILLE_AGAIN : start(p);
  case RL_PROOF_CONNECTING: return send(p, err);
  case RL_PROOF_SENDING: return read_answer(p, err);
  case RL_PROOF_SENT:
    if (rl_clock_ms() < p->due_ms) return RILLE_AGAIN;
    return rl_fail(err, RL_P1001,
                   "a notice that was sent to the database did not reach the listener: set `cache.listen_url` to a URL "
                   "of the same database on the server itself, without a pooler in between");
  case RL_PROOF_ARRIVED: return RILLE_AGAIN;
  }
  return RILLE_AGAIN;
}

void rl_proof_step(rl_proof *p) {
  rl_error err = {0};
  rille_status st;
  do st = step(p, &err);
  while (st == RILLE_OK);
  if (st == RILLE_AGAIN) return;
  int64_t pause = p->state == RL_PROOF_SENT ? LONG_PAUSE_MS : SHORT_PAUSE_MS;
  rl_proof_stop(p);
  p->due_ms = rl_clock_after(pause);
  p->failed = err;
}
