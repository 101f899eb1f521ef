/* The stages of dev, one after the other. Each may return a question or a migration to the caller. */
#include "migrate/dev/dev.h"

/* ------------------------------------------------------------------ errors */

/* Fails with a list of texts in the message and as a detail of the error. */
static rille_status fail_with_list(rl_code code, const char *head, const char *key, const rl_str *texts, size_t count,
                                   rl_error *err) {
  rl_buf b;
  rl_buf_init(&b);
  rl_buf_text(&b, head);
  for (size_t i = 0; i < count; i++) rl_buf_printf(&b, "\n  - %.*s", RL_STR_ARG(texts[i]));
  const char *message = rl_buf_z(&b);
  rille_status st = message ? rl_fail(err, code, "%s", message) : rl_fail_nomem(err);
  rl_buf_dispose(&b);
  if (st == RILLE_ERROR) rl_error_detail_list(err, key, texts, count);
  return st;
}

static rille_status refuse_reset(rl_dev *d, rl_error *err) {
  rl_str *texts = RL_NEW_ARRAY(&d->arena, rl_str, d->reasons.count + 1);
  if (!texts) return rl_fail_nomem(err);
  for (size_t i = 0; i < d->reasons.count; i++) texts[i] = rl_str_of(d->reasons.items[i].text);
  return fail_with_list(
      RL_VALIDATION,
      "the database must be reset (`rille.migrate.reset`, which drops all data) before a migration can be created:",
      "reasons", texts, d->reasons.count, err);
}

static rille_status refuse_loss(rl_dev *d, rl_error *err) {
  rl_str *texts = RL_NEW_ARRAY(&d->arena, rl_str, d->found.warning_count + 1);
  if (!texts) return rl_fail_nomem(err);
  for (size_t i = 0; i < d->found.warning_count; i++) texts[i] = d->found.warnings[i].text;
  return fail_with_list(RL_P3001,
                        d->found.blocked
                            ? "the migration cannot be applied to the existing rows; change them first, or "
                              "write it without applying it (`create_only = true`) and edit it:"
                            : "the migration would lose data; `accept_data_loss = true` creates it anyway:",
                        "warnings", texts, d->found.warning_count, err);
}

/* ------------------------------------------------------------------ stages, the last first */

static rille_status ask_caller(rl_dev *d, rl_dev_step step, rl_dev_stage *then) {
  d->step = step;
  d->asked = true;
  d->yes = false;
  d->stage = then;
  return RILLE_ROW;
}

/* Runs the migrations that are due, and returns each to the caller. then: the stage after all of them. */
static rille_status run_due(rl_dev *d, rl_dev_stage *then, rl_error *err) {
  rille_status st = rl_migrations_next(d->m, &d->migration, err);
  if (st == RILLE_DONE) {
    d->stage = then;
    return RILLE_OK;
  }
  if (st != RILLE_ROW) return st;
  if (!rl_dev_keep(d, &d->applied, rl_arena_strdup(&d->arena, d->migration->name))) return rl_fail_nomem(err);
  d->step = RL_DEV_MIGRATION;
  return st;
}

static rille_status apply_new(rl_dev *d, rl_error *err) {
  return run_due(d, NULL, err);
}

static rille_status write_new(rl_dev *d, rl_error *err) {
  d->stage = NULL;
  rille_status st = rl_dev_write(d, err);
  if (st != RILLE_OK || d->s.create_only || d->s.data) return st;
  st = rl_dev_open_handle(d, err);
  if (st == RILLE_OK) st = rl_migrations_load(d->m, err);
  if (st == RILLE_OK) st = rl_migrations_apply(d->m, err);
  d->stage = apply_new;
  return st;
}

static rille_status name_new(rl_dev *d, rl_error *err) {
  (void)err;
  d->stage = write_new;
  return d->s.name.len || !d->s.asks ? RILLE_OK : ask_caller(d, RL_DEV_ASK_NAME, write_new);
}

static rille_status after_loss(rl_dev *d, rl_error *err) {
  d->stage = name_new;
  return d->yes ? RILLE_OK : refuse_loss(d, err);
}

static rille_status check_loss(rl_dev *d, rl_error *err) {
  d->stage = name_new;
  if (!d->found.warning_count || d->s.create_only) return RILLE_OK;
  if (d->found.blocked) return refuse_loss(d, err);
  if (d->s.accept_data_loss) return RILLE_OK;
  return d->s.asks ? ask_caller(d, RL_DEV_ASK_DATA_LOSS, after_loss) : refuse_loss(d, err);
}

static rille_status find_renames(rl_dev *d, rl_error *err);

static rille_status compare_schema(rl_dev *d, rl_error *err) {
  d->stage = find_renames;
  return rl_dev_compare(d, err);
}

static rille_status after_rename(rl_dev *d, rl_error *err) {
  d->stage = d->yes ? compare_schema : find_renames;
  return rl_dev_keep_rename(d, d->yes ? &d->renames : &d->refused, &d->rename) ? RILLE_OK : rl_fail_nomem(err);
}

static rille_status find_renames(rl_dev *d, rl_error *err) {
  (void)err;
  if (rl_dev_next_guess(d)) return ask_caller(d, RL_DEV_ASK_RENAME, after_rename);
  d->up_to_date = !d->found.steps && !d->s.create_only && !d->s.data;
  d->stage = d->up_to_date ? NULL : check_loss;
  return RILLE_OK;
}

static rille_status complete_shadow(rl_dev *d, rl_error *err) {
  d->stage = compare_schema;
  return d->shadow_is_complete ? RILLE_OK : rl_dev_replay_again(d, err);
}

static rille_status apply_old(rl_dev *d, rl_error *err) {
  return run_due(d, complete_shadow, err);
}

static rille_status begin_apply(rl_dev *d, rl_error *err) {
  d->stage = apply_old;
  rille_status st = rl_dev_open_handle(d, err);
  if (st == RILLE_OK) st = rl_migrations_load(d->m, err);
  return st == RILLE_OK ? rl_migrations_apply(d->m, err) : st;
}

static rille_status after_reset(rl_dev *d, rl_error *err) {
  if (!d->yes) return refuse_reset(d, err);
  d->stage = apply_old;
  rille_status st = rl_dev_open_handle(d, err);
  if (st == RILLE_OK) st = rl_migrations_reset(d->m, d->s.schema, err);
  return st == RILLE_OK ? rl_migrations_apply(d->m, err) : st;
}

static rille_status check_state(rl_dev *d, rl_error *err) {
  rille_status st = rl_dev_open_handle(d, err);
  if (st == RILLE_OK) st = rl_migrations_load(d->m, err);
  if (st == RILLE_OK) st = rl_folder_check_provider(d->m, err);
  if (st == RILLE_OK) st = rl_dev_replay(d, err);
  d->stage = begin_apply;
  if (st != RILLE_OK || !d->reasons.count) return st;
  return d->s.asks ? ask_caller(d, RL_DEV_ASK_RESET, after_reset) : refuse_reset(d, err);
}

/* ------------------------------------------------------------------ interface */

static bool copy_settings(rl_dev *d, const rl_dev_settings *s) {
  d->s = *s;
  d->s.url = rl_arena_str(&d->arena, s->url);
  d->s.folder = rl_arena_str(&d->arena, s->folder);
  d->s.shadow_url = rl_arena_str(&d->arena, s->shadow_url);
  d->s.name = rl_arena_str(&d->arena, s->name);
  return d->s.url.p && d->s.folder.p && d->s.shadow_url.p && d->s.name.p;
}

rille_status rl_dev_open(rl_dev *d, rl_migrations *m, const rl_dev_settings *s, rl_error *err) {
  const rl_driver *driver = NULL;
  *d = (rl_dev){.m = m, .stage = check_state};
  rl_arena_init(&d->arena, 0);
  rille_status st = copy_settings(d, s) ? RILLE_OK : rl_fail_nomem(err);
  if (st == RILLE_OK) st = rl_driver_of_url(s->url, &driver, err);
  if (st == RILLE_OK) st = rl_check_provider(s->schema, driver, err);
  if (st != RILLE_OK) rl_dev_close(d);
  return st;
}

rille_status rl_dev_next(rl_dev *d, rl_error *err) {
  rille_status st = RILLE_OK;
  d->asked = false;
  d->migration = NULL;
  while (st == RILLE_OK && d->stage) st = d->stage(d, err);
  if (st < 0) d->stage = NULL;
  return st == RILLE_OK ? RILLE_DONE : st;
}

rille_status rl_dev_answer(rl_dev *d, bool yes, rl_str name, rl_error *err) {
  if (!d->asked) return rl_fail(err, RL_VALIDATION, "no question is open");
  d->yes = yes;
  if (d->step != RL_DEV_ASK_NAME || !name.len) return RILLE_OK;
  d->s.name = rl_arena_str(&d->arena, name);
  return d->s.name.p ? RILLE_OK : rl_fail_nomem(err);
}

void rl_dev_close(rl_dev *d) {
  if (d->has_shadow) rl_shadow_close(&d->shadow);
  d->has_shadow = false;
  rl_dev_close_handle(d);
  rl_arena_dispose(&d->arena);
  d->stage = NULL;
}
