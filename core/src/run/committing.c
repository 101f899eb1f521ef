/* Marking what is written. docs/caching.md says why the order is right. */
#include "run/committing.h"

#include "base/sql_scan.h"
#include "run/answers.h"
#include "run/depends.h"
#include "run/foreign.h"
#include "run/observe.h"

/* ------------------------------------------------------------------ raw statements */

/* Raw statements that may run in a transaction with others. Not all may: VACUUM, or a CALL that commits. */
static bool word_starts_plain_write(rl_sql_token word) {
  static const char *const words[] = {"INSERT", "UPDATE", "DELETE", "MERGE", "WITH"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (rl_sql_is_word(word, words[i])) return true;
  return false;
}

/* Begins to read the statement of a raw call. Empty statements in front of it do not count. */
static rl_sql_token first_word(const rl_call *call, rl_sql_scan *scan) {
  const rl_stmt *stmt = &call->raw->stmt;
  rl_sql_scan_init(scan, rl_str_make(stmt->sql, stmt->sql_len), call->raw->driver->provider);
  rl_sql_token token;
  do token = rl_sql_next_solid(scan);
  while (rl_sql_is_sign(token, ';'));
  return token;
}

static bool call_may_run_in_transaction(const rl_call *call) {
  rl_sql_scan scan;
  if (!call->kind->own_sql) return true;
  return !call->kind->script && word_starts_plain_write(first_word(call, &scan));
}

/* Returns whether a raw statement may commit the transaction that it runs in. A statement says so with its first word,
 * a script with any. */
static bool call_may_commit(const rl_call *call) {
  rl_sql_scan scan;
  if (!call->kind->own_sql) return false;
  rl_sql_token token = first_word(call, &scan);
  bool commits = false;
  do commits = rl_sql_is_word(token, "COMMIT") || rl_sql_is_word(token, "END");
  while (!commits && call->kind->script && (token = rl_sql_next_solid(&scan)).kind != RL_SQL_END);
  return commits;
}

/* ------------------------------------------------------------------ what is touched */

static bool calls_may_commit(const rl_op *op) {
  for (uint32_t i = 0; i < op->call_count; i++)
    if (call_may_commit(op->calls[i])) return true;
  return false;
}

static void add_touches(const rl_op *op, rl_names *out) {
  for (uint32_t i = 0; i < op->call_count; i++)
    if (op->calls[i]->kind->writes(op->calls[i])) rl_touches_of_call(op->calls[i], out);
}

static bool client_tells(const rl_client *c) {
  return rl_client_caches(c) && c->driver->notifications;
}

/* names: of a cache that is not active nothing needs to be known, so the write is only counted. */
static rille_status op_mark(rl_op *op, rl_cache *cache, const rl_names *names, rl_error *err) {
  rl_committing *t = RL_NEW(&op->arena, rl_committing);
  if (!t) return rl_fail_nomem(err);
  rl_cache_write_begins(cache, &t->writing, rl_cache_is_active(cache) ? names : NULL);
  t->tells = client_tells(op->client);
  op->committing = t;
  return RILLE_OK;
}

static rille_status mark_own(rl_op *op, rl_cache *cache, rl_error *err) {
  rl_names names;
  if (!rl_cache_is_active(cache)) return op_mark(op, cache, NULL, err);
  rl_names_init(&names);
  add_touches(op, &names);
  rille_status st = rl_names_is_empty(&names) ? RILLE_OK : op_mark(op, cache, &names, err);
  rl_names_dispose(&names);
  return st;
}

/* What was written before the cache became active is not known by name, so everything is. */
static rille_status collect(rl_op *op, rl_cache *cache, rl_error *err) {
  rl_tx *tx = op->tx;
  if (rl_cache_is_active(cache))
    add_touches(op, &tx->touched);
  else
    tx->touched.everything = true;
  return calls_may_commit(op) ? op_mark(op, cache, &tx->touched, err) : RILLE_OK;
}

/* Tells the server that processes share. */
static rille_status tell_server(rl_op *op, rl_writing *w) {
  return rl_cache_write_told(w, &op->wait);
}

rille_status rl_committing_begin(rl_op *op, rl_error *err) {
  if (op->committing) return tell_server(op, &op->committing->writing);
  if (!rl_op_calls_write(op)) return RILLE_OK;
  rl_cache *cache = rl_client_answers(op->client);
  if (!cache) return RILLE_OK; /* out of memory in a child: it has no cache */
  rille_status st = op->tx ? collect(op, cache, err) : mark_own(op, cache, err);
  return st == RILLE_OK && op->committing ? tell_server(op, &op->committing->writing) : st;
}

rille_status rl_committing_tell_server(rl_op *op) {
  rille_status st = tell_server(op, &op->committing->writing);
  if (st == RILLE_AGAIN) op->deadline_ms = RL_NO_DEADLINE; /* it has its own */
  return st;
}

/* ------------------------------------------------------------------ the outcome */

/* Returns whether the database has refused what was sent. Errors of our own, and limits of time, do not say that. */
static bool was_refused(const rl_error *e) {
  return e->code != RL_CODE_NONE && e->code != RL_P1008 && (e->sqlstate[0] || e->native);
}

static bool is_lost(const rl_op *op) {
  const rl_exchange *io = &op->io;
  return op->error.connection_lost || io->must_close || !io->conn || !io->driver->is_usable(io->conn);
}

/* Returns whether a statement outside transactions that was refused has written nothing. A script, a CALL or a DO may
 * have committed before it failed, and SQLite keeps earlier rows of a statement after OR FAIL. */
static bool fails_as_a_whole(const rl_op *op) {
  return !op->io.driver->fails_partly && op->call_count == 1 && call_may_run_in_transaction(op->calls[0]);
}

/* Returns whether it is certain that nothing of the operation was committed. */
static bool nothing_committed(const rl_op *op) {
  const rl_exchange *io = &op->io;
  bool alone = io->statements <= 1;
  if (io->statements == 0 || (alone && op->error.not_sent)) return true;
  if (op->own_tx != RL_OWN_NONE && op->own_tx != RL_OWN_NONE_TELLS && calls_may_commit(op)) return false;
  if (op->own_tx == RL_OWN_UNDECIDED || op->own_tx == RL_OWN_OPEN) return true; /* its COMMIT was not sent */
  if (is_lost(op) || !was_refused(&op->error)) return false;
  if (op->own_tx == RL_OWN_ENDING) return op->error.sqlstate[0];
  return alone && fails_as_a_whole(op);
}

static rl_write_outcome outcome_of(const rl_op *op, bool good) {
  if (good || op->committing->is_certain) return RL_WRITE_DONE;
  if (!op->tx && nothing_committed(op)) return RL_WRITE_FAILED;
  return is_lost(op) ? RL_WRITE_UNKNOWN : RL_WRITE_DONE; /* the connection is clean, so it is decided */
}

/* Ends a mark. After an unknown outcome the notice of the write may still come. */
static void end_writing(rl_writing *w, rl_write_outcome outcome) {
  if (!w->cache) return;
  if (outcome == RL_WRITE_UNKNOWN) rl_notice_outcome_unknown();
  rl_cache_write_ends(w, outcome, NULL);
}

void rl_committing_end(rl_op *op, bool good) {
  rl_committing *t = op->committing;
  if (!t) return;
  if (t->writing.cache) end_writing(&t->writing, outcome_of(op, good));
  op->committing = NULL;
}

/* ------------------------------------------------------------------ telling other processes */

bool rl_committing_wraps(rl_op *op) {
  rl_committing *t = op->committing;
  t->wraps = t->tells && !op->tx && op->call_count == 1 && call_may_run_in_transaction(op->calls[0]);
  return t->wraps;
}

bool rl_committing_tells_afterwards(const rl_op *op) {
  return op->committing->tells && !op->committing->wraps;
}

static rille_status send_notice(rl_op *op, rl_str text, rl_error *err) {
  return rl_verb_notify(&op->io, RL_STR(RL_NOTICE_CHANNEL), text, err);
}

static rille_status tell_names(rl_op *op, const rl_names *names, const rl_writing *w, rl_error *err) {
  rl_buf text;
  rl_buf_init(&text);
  rl_notice_write(&text, names, rl_client_answers(op->client));
  rl_notice_write_server(&text, rl_writing_server(w));
  rille_status st = text.failed ? rl_fail_nomem(err) : send_notice(op, rl_buf_view(&text), err);
  rl_buf_dispose(&text);
  return st;
}

rille_status rl_committing_tell(rl_op *op, rl_error *err) {
  const rl_committing *t = op->committing;
  if (!t->tells) return RILLE_OK;
  return t->notice.len ? send_notice(op, t->notice, err) : tell_names(op, &t->writing.names, &t->writing, err);
}

bool rl_committing_owes_notice(const rl_op *op, bool good) {
  const rl_committing *t = op->committing;
  if (!t || !t->tells || !t->writing.cache || is_lost(op)) return false;
  if (op->tx) return !op->io.driver->in_transaction(op->io.conn);
  if (op->own_tx != RL_OWN_NONE_TELLS && !calls_may_commit(op)) return false;
  return good ? op->own_tx == RL_OWN_NONE_TELLS : !nothing_committed(op);
}

rille_status rl_committing_tell_afterwards(rl_op *op, bool good, rl_error *err) {
  rl_write_outcome outcome = outcome_of(op, good);
  op->own_tx = RL_OWN_NONE_TOLD;
  rl_exchange_clear(&op->io);
  rille_status st = rl_committing_tell(op, err);
  if (st == RILLE_OK) st = op->io.driver->flush(op->io.conn, err);
  end_writing(&op->committing->writing, outcome);
  if (st == RILLE_OK)
    op->io.round_trips++;
  else
    rl_exchange_set_must_close(&op->io);
  return st;
}

void rl_committing_warn(const rl_op *op, const rl_error *why) {
  rl_buf text;
  rl_buf_init(&text);
  rl_buf_printf(&text, "other processes were not told of a write that has happened: %s", rl_error_message(why));
  const char *message = rl_buf_z(&text);
  if (message) (void)rl_observe_client_warning(op->client, rl_code_name(why->code), message);
  rl_buf_dispose(&text);
}

/* The names are the caller's, so their text is kept. */
static bool keep_notice(rl_op *op, rl_committing *t, const rl_names *names) {
  rl_buf text;
  rl_buf_init(&text);
  rl_notice_write(&text, names, rl_client_answers(op->client));
  t->notice = rl_arena_str(&op->arena, rl_buf_view(&text));
  bool kept = !text.failed && t->notice.p;
  rl_buf_dispose(&text);
  return kept;
}

rille_status rl_committing_now(rl_op *op, const rl_names *names, bool *tells, rl_error *err) {
  rl_cache *cache = rl_client_answers(op->client);
  rl_committing *t = RL_NEW(&op->arena, rl_committing);
  *tells = client_tells(op->client);
  if (!t || (*tells && !keep_notice(op, t, names))) return rl_fail_nomem(err);
  t->tells = *tells;
  t->is_certain = true;
  if (cache && rl_cache_remote(cache))
    rl_cache_write_begins(cache, &t->writing, names);
  else if (cache)
    rl_cache_touch(cache, names);
  op->committing = t;
  return RILLE_OK;
}

/* ------------------------------------------------------------------ transactions of the caller */

void rl_committing_tx_begins(rl_tx *tx) {
  rl_cache *cache = rl_client_answers(tx->client);
  if (cache && rl_cache_is_active(cache)) tx->snapshot = rl_cache_snapshot(cache);
}

rille_status rl_committing_tx_commits(rl_op *op, rl_error *err) {
  rl_tx *tx = op->tx;
  if (rl_names_is_empty(&tx->touched)) return RILLE_OK;
  rl_cache *cache = rl_client_answers(tx->client);
  if (!cache) return RILLE_OK;
  if (!tx->writing.cache) rl_cache_write_begins(cache, &tx->writing, rl_cache_is_active(cache) ? &tx->touched : NULL);
  rille_status st = tell_server(op, &tx->writing);
  if (st != RILLE_OK) return st;
  return client_tells(tx->client) ? tell_names(op, &tx->touched, &tx->writing, err) : RILLE_OK;
}

static rl_write_outcome commit_outcome(const rl_op *op, bool good) {
  const rl_exchange *io = &op->io;
  if (good) return RL_WRITE_DONE;
  if (op->error.not_sent) return RL_WRITE_FAILED;
  if (is_lost(op)) return RL_WRITE_UNKNOWN;
  bool undone = io->driver->in_transaction(io->conn) || (was_refused(&op->error) && op->error.sqlstate[0]);
  return undone ? RL_WRITE_FAILED : RL_WRITE_DONE;
}

void rl_committing_tx_answered(rl_tx *tx, const rl_op *op, bool good) {
  if (tx->writing.cache) end_writing(&tx->writing, commit_outcome(op, good));
  rl_names_clear(&tx->touched);
}

void rl_committing_tx_forget(rl_tx *tx, bool ended) {
  end_writing(&tx->writing, RL_WRITE_UNKNOWN);
  rl_cache *cache = ended && !rl_names_is_empty(&tx->touched) ? rl_client_answers(tx->client) : NULL;
  if (cache) rl_cache_touch(cache, &tx->touched);
  rl_names_clear(&tx->touched);
}
