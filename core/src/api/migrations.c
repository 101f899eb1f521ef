/* The public functions of migrations. */
#include "api/migrations.h"

#include <stddef.h>

#include "api/handle.h"
#include "driver/facts.h"
#include "base/alloc.h"
#include "base/sha256.h"
#include "migrate/dev/cache_triggers.h"
#include "migrate/pull/pull.h"

struct rille_shadow {
  rl_shadow s;
};

rille_status rille_migrations_open(const rille_migrations_options *options, rille_migrations **out, rille_error **err) {
  rl_error error = {0};
  rille_migrations_options o;
  rille_status st = rl_read_options(&o, sizeof o, options, offsetof(rille_migrations_options, schema),
                                    "rille_migrations_options", &error);
  if (st == RILLE_OK) st = rl_check_url_given(o.url, &error);
  if (st == RILLE_OK && (!o.folder || !*o.folder))
    st = rl_fail(&error, RL_VALIDATION, "folder: missing; expected the folder of migrations");
  rille_migrations *m = st == RILLE_OK ? rl_calloc(1, sizeof *m) : NULL;
  if (st == RILLE_OK && !m) st = rl_fail_nomem(&error);
  if (st == RILLE_OK) {
    rl_migrations_settings s = {rl_str_of(o.url), rl_str_of(o.folder), o.create != 0, o.replay != 0,
                                o.schema ? o.schema->schema : NULL};
    st = rl_migrations_open(&m->m, &s, &error);
  }
  if (st == RILLE_OK)
    *out = m;
  else
    rl_free(m);
  return rl_box(st, &error, err);
}

void rille_migrations_free(rille_migrations *m) {
  if (!m) return;
  rl_migrations_close(&m->m);
  rl_free(m);
}

rille_status rille_migrations_lock(rille_migrations *m, int64_t wait_ms, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_migrations_lock(&m->m, wait_ms, &error), &error, err);
}

void rille_migrations_unlock(rille_migrations *m) {
  rl_migrations_unlock(&m->m);
}

rille_status rille_migrations_load(rille_migrations *m, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_migrations_load(&m->m, &error), &error, err);
}

size_t rille_migrations_count(const rille_migrations *m) {
  return m->m.list.count;
}

static const char *text_of(rl_str s) {
  return s.len ? s.p : NULL;
}

static void write_migration(const rl_migration *x, rille_migration *out) {
  rille_migration full = {.state = (int32_t)x->state,
                          .has_script = x->has_script,
                          .has_down = x->has_down,
                          .has_lua = x->has_lua,
                          .has_schema = x->has_schema,
                          .name = x->name.p,
                          .checksum = x->checksum[0] ? x->checksum : NULL,
                          .recorded = text_of(x->recorded),
                          .started_at = text_of(x->started_at),
                          .finished_at = text_of(x->finished_at),
                          .rolled_back_at = text_of(x->rolled_back_at),
                          .logs = text_of(x->logs),
                          .steps = x->steps,
                          .left = x->state == RL_MIGRATION_FAILED ? (int32_t)rl_left_of(x->logs) : RILLE_LEFT_UNKNOWN};
  rl_write_struct(out, &full, sizeof full);
}

void rille_migrations_get(const rille_migrations *m, size_t i, rille_migration *out) {
  if (i < m->m.list.count) write_migration(&m->m.list.items[i], out);
}

rille_status rille_migrations_evaluate(rille_migrations *m, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_migrations_evaluate(&m->m, &error), &error, err);
}

int rille_migrations_is_up_to_date(const rille_migrations *m) {
  return m->m.up_to_date;
}

size_t rille_migrations_problem_count(const rille_migrations *m) {
  return m->m.problems.count;
}

void rille_migrations_problem_at(const rille_migrations *m, size_t i, rille_migration_problem *out) {
  static const int32_t kinds[] = {
      [RL_PROBLEM_FAILED] = RILLE_PROBLEM_FAILED,         [RL_PROBLEM_EDITED] = RILLE_PROBLEM_EDITED,
      [RL_PROBLEM_MISSING] = RILLE_PROBLEM_MISSING,       [RL_PROBLEM_NO_SCRIPT] = RILLE_PROBLEM_NO_SCRIPT,
      [RL_PROBLEM_NO_HISTORY] = RILLE_PROBLEM_NO_HISTORY, [RL_PROBLEM_PROVIDER] = RILLE_PROBLEM_PROVIDER};
  if (i >= m->m.problems.count) return;
  const rl_migration_problem *p = &m->m.problems.items[i];
  rille_migration_problem full = {.kind = kinds[p->kind],
                                  .code = p->code,
                                  .migration = text_of(p->migration),
                                  .message = p->message,
                                  .advice = p->advice};
  rl_write_struct(out, &full, sizeof full);
}

int rille_migrations_has_history(const rille_migrations *m) {
  return m->m.has_history;
}

rille_status rille_migrations_check_provider(const rille_migrations *m, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_folder_check_provider(&m->m, &error), &error, err);
}

rille_status rille_migrations_has_tables(rille_migrations *m, int32_t *out, rille_error **err) {
  rl_error error = {0};
  bool some = false;
  rille_status st = rl_migrations_has_tables(&m->m, &some, &error);
  *out = some;
  return rl_box(st, &error, err);
}

rille_status rille_migrations_prepare(rille_migrations *m, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_migrations_prepare(&m->m, false, &error), &error, err);
}

rille_status rille_migrations_apply(rille_migrations *m, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_migrations_apply(&m->m, &error), &error, err);
}

rille_status rille_migrations_take_back(rille_migrations *m, int64_t steps, const char *to, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_migrations_take_back(&m->m, steps, rl_str_of(to), &error), &error, err);
}

rille_status rille_migrations_next(rille_migrations *m, rille_migration *out, rille_error **err) {
  rl_error error = {0};
  const rl_migration *x;
  rille_status st = rl_migrations_next(&m->m, &x, &error);
  if (st == RILLE_ROW) write_migration(x, out);
  return rl_box(st, &error, err);
}

rille_status rille_migrations_begin(rille_migrations *m, const char *name, int32_t down, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_migrations_begin(&m->m, rl_str_of(name), down != 0, &error), &error, err);
}

rille_status rille_migrations_pull(rille_migrations *m, const rille_schema *schema, char **out, size_t *len,
                                   rille_error **err) {
  rl_error error = {0};
  rl_buf text;
  rl_buf_init(&text);
  rille_status st = rl_pull_session(&m->m.session, schema ? schema->schema : NULL, &text, &error);
  return rl_give_text(st, &text, out, len, &error, err);
}

rille_status rille_migrations_tx(rille_migrations *m, rille_client *c, rille_tx **out, rille_error **err) {
  rl_error error = {0};
  if (!m->m.in_transaction)
    return rl_box(rl_fail(&error, RL_P2028, "no migration is running in a transaction"), &error, err);
  rille_tx *tx = rl_calloc(1, sizeof *tx);
  if (!tx) return rl_box(rl_fail_nomem(&error), &error, err);
  m->m.lent =
      (rl_lease){.conn = m->m.session.conn, .driver = m->m.session.options.driver, .writer = true, .ready = true};
  rl_tx_adopt(&tx->tx, c->client, &m->m.lent);
  *out = tx;
  return RILLE_OK;
}

rille_status rille_migrations_finish(rille_migrations *m, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_migrations_finish(&m->m, &error), &error, err);
}

rille_status rille_migrations_fail(rille_migrations *m, const char *message, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_migrations_fail(&m->m, rl_str_of(message), &error), &error, err);
}

rille_status rille_migrations_mark(rille_migrations *m, const char *name, int32_t applied, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_migrations_mark(&m->m, rl_str_of(name), applied != 0, &error), &error, err);
}

rille_status rille_migrations_reset(rille_migrations *m, const rille_schema *schema, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_migrations_reset(&m->m, schema ? schema->schema : NULL, &error), &error, err);
}

rille_status rille_migrations_write(const char *folder, const char *name, const char *file, const char *text,
                                    size_t len, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_folder_write(rl_str_of(folder), rl_str_of(name), file, (rl_str){text, len}, &error), &error, err);
}

void rille_migrations_checksum(const char *text, size_t len, char out[65]) {
  rl_str part = {text, len};
  rl_sha256_hex(&part, 1, out);
}

static rille_status cache_triggers(const rille_cache_triggers_options *o, rl_buf *name, rl_error *err) {
  rl_provider provider = rl_provider_by_name(rl_str_of(o->provider));
  if (!rl_dialects[provider])
    return rl_fail(err, RL_VALIDATION, "provider: expected a database, got `%s`", o->provider);
  rl_cache_triggers_settings s = {.folder = rl_str_of(o->folder),
                                  .name = rl_str_of(o->name),
                                  .schema = o->schema->schema,
                                  .dialect = rl_dialects[provider],
                                  .drop = o->drop != 0};
  rl_arena arena;
  const char *created = NULL;
  rl_arena_init(&arena, 0);
  rille_status st = rl_cache_triggers_write(&s, &arena, &created, err);
  if (created) rl_buf_text(name, created);
  rl_arena_dispose(&arena);
  return st;
}

rille_status rille_cache_triggers(const rille_cache_triggers_options *options, char **created, rille_error **err) {
  rl_error error = {0};
  rl_buf name;
  rille_cache_triggers_options o;
  *created = NULL;
  rl_buf_init(&name);
  rille_status st = rl_read_options(&o, sizeof o, options, sizeof o, "rille_cache_triggers_options", &error);
  if (st == RILLE_OK && !(o.provider && o.folder && *o.folder && o.schema))
    st = rl_fail(&error, RL_VALIDATION, "expected `provider`, `folder` and `schema`");
  if (st == RILLE_OK) st = cache_triggers(&o, &name, &error);
  if (st == RILLE_OK && name.len) return rl_give_text(st, &name, created, NULL, &error, err);
  rl_buf_dispose(&name);
  return rl_box(st, &error, err);
}

rille_status rille_shadow_open(const char *url, const char *shadow_url, rille_shadow **out, rille_error **err) {
  rl_error error = {0};
  rille_status st = rl_check_url_given(url, &error);
  rille_shadow *s = st == RILLE_OK ? rl_calloc(1, sizeof *s) : NULL;
  if (st == RILLE_OK && !s) st = rl_fail_nomem(&error);
  if (st == RILLE_OK) st = rl_shadow_open(&s->s, rl_str_of(url), rl_str_of(shadow_url), &error);
  if (st == RILLE_OK)
    *out = s;
  else
    rl_free(s);
  return rl_box(st, &error, err);
}

const char *rille_shadow_url(const rille_shadow *s) {
  return s->s.url;
}

void rille_shadow_free(rille_shadow *s) {
  if (!s) return;
  rl_shadow_close(&s->s);
  rl_free(s);
}
