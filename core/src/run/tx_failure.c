/* The failure that left a transaction unusable. PostgreSQL refuses each later statement with one and the same message,
 * which does not name the failure. The transaction remembers it, so later errors can. */
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "run/tx_failure.h"

#define MESSAGE_MAX 240
#define PLACE_MAX 400
#define HINT "run what may fail in a savepoint, as in tx:transaction(function(inner) ... end)"

/* Copies at most `most` bytes of a text, cut between characters. NULL: out of memory. */
static char *copy_shortened(const char *text, size_t most) {
  size_t len = strlen(text);
  if (len <= most) return rl_strndup(text, len);
  for (len = most; len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80; len--) {}
  rl_buf out;
  rl_buf_init(&out);
  rl_buf_put(&out, text, len);
  rl_buf_text(&out, "...");
  return rl_buf_take(&out);
}

void rl_tx_forget_failure(rl_tx *tx) {
  rl_free(tx->failure.message);
  rl_free(tx->failure.place);
  tx->failure = (rl_tx_failure){0};
}

/* If there is no memory for the texts, only code and call are remembered. */
static void remember_failure(rl_tx *tx, const rl_op *op) {
  const rl_call *call = rl_op_call(op);
  const char *message = rl_error_message(&op->error);
  rl_tx_failure *f = &tx->failure;
  f->action = call ? call->kind->action(call) : rl_op_action(op);
  f->code = op->error.code;
  f->place_is_final = f->code == RL_CODE_NONE; /* no error is raised that could have a place */
  if (call && call->kind->of_model) f->model = call->compiled->model->name;
  if (f->code != RL_CODE_NONE) f->message = copy_shortened(message, MESSAGE_MAX);
}

/* "P2002: Unique constraint failed (User.create at app.lua:12)" */
static void write_failure(const rl_tx_failure *f, rl_buf *out) {
  if (f->code == RL_CODE_NONE)
    rl_buf_text(out, "a call was abandoned while it ran");
  else
    rl_buf_printf(out, "%s: %s", rl_code_name(f->code), f->message ? f->message : rl_code_title(f->code));
  rl_buf_text(out, " (");
  if (f->model.len) rl_buf_printf(out, "%.*s.", RL_STR_ARG(f->model));
  rl_buf_text(out, f->action);
  if (f->place) rl_buf_printf(out, " at %s", f->place);
  rl_buf_byte(out, ')');
}

static void add_failure_details(const rl_tx_failure *f, rl_error *err) {
  if (f->code != RL_CODE_NONE) rl_error_detail(err, "first_code", rl_str_of(rl_code_name(f->code)));
  if (f->message) rl_error_detail(err, "first_message", rl_str_of(f->message));
  if (f->model.len) rl_error_detail(err, "first_model", f->model);
  rl_error_detail(err, "first_action", rl_str_of(f->action));
  if (f->place) rl_error_detail(err, "first_place", rl_str_of(f->place));
}

rille_status rl_tx_fail_after_failure(const rl_tx *tx, const char *what, rl_error *err) {
  rl_buf text;
  rl_buf_init(&text);
  rl_buf_text(&text, what);
  if (tx->failure.action) {
    rl_buf_text(&text, ": ");
    write_failure(&tx->failure, &text);
  }
  if (tx->state != RL_TX_LOST) rl_buf_text(&text, "; " HINT);
  char *message = rl_buf_take(&text);
  if (!message) return rl_fail_nomem(err);
  rl_fail(err, RL_P2028, "%s", what); /* keeps an error that err already has */
  rl_error_replace_message(err, message);
  if (tx->failure.action) add_failure_details(&tx->failure, err);
  return RILLE_ERROR;
}

/* Returns whether the failure ends the transaction. A lost connection counts if the operation was abandoned on it and
 * had no answer. If the server closed it, the operation's own error says so. */
static bool failure_ends_tx(const rl_op *op) {
  const rl_exchange *io = &op->io;
  const rl_driver *d = io->driver;
  if (io->must_close || !d->is_usable(io->conn)) return !op->error.connection_lost;
  return d->transaction_failed(io->conn) || !d->in_transaction(io->conn);
}

void rl_tx_note_failure(rl_tx *tx, rl_op *op) {
  if (!tx->failure.action) {
    if (failure_ends_tx(op)) remember_failure(tx, op);
    return;
  }
  tx->failure.place_is_final = true; /* this error belongs to a later call */
  if (strcmp(op->error.sqlstate, "25P02") == 0)
    rl_tx_fail_after_failure(tx, "the transaction accepts no more statements, because one in it failed", &op->error);
}

void rl_tx_place_failure(rl_tx *tx, const char *place) {
  rl_tx_failure *f = &tx->failure;
  if (!f->action || f->place_is_final) return;
  f->place_is_final = true;
  f->place = copy_shortened(place, PLACE_MAX);
}
