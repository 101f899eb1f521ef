/* The public functions for `migrate dev`. */
#include <stddef.h>

#include "api/migrations.h"
#include "base/alloc.h"
#include "driver/facts.h"
#include "migrate/dev/dev.h"

struct rille_dev {
  rl_dev dev;
  rille_migrations migrations;
  rille_diff_warning *warnings; /* for the caller, in dev.arena */
  size_t warning_count;
};

static rille_status check_options(const rille_dev_options *o, rl_error *err) {
  rille_status st = rl_check_url_given(o->url, err);
  if (st != RILLE_OK) return st;
  if (!o->folder || !*o->folder)
    return rl_fail(err, RL_VALIDATION, "folder: missing; expected the folder of migrations");
  return o->schema ? RILLE_OK : rl_fail(err, RL_VALIDATION, "schema: missing");
}

rille_status rille_dev_open(const rille_dev_options *options, rille_dev **out, rille_error **err) {
  rl_error error = {0};
  rille_dev_options o;
  rille_status st = rl_read_options(&o, sizeof o, options, sizeof o, "rille_dev_options", &error);
  if (st == RILLE_OK) st = check_options(&o, &error);
  rille_dev *d = st == RILLE_OK ? rl_calloc(1, sizeof *d) : NULL;
  if (st == RILLE_OK && !d) st = rl_fail_nomem(&error);
  if (st == RILLE_OK) {
    const rl_dev_settings s = {.url = rl_str_of(o.url),
                               .folder = rl_str_of(o.folder),
                               .shadow_url = rl_str_of(o.shadow_url),
                               .name = rl_str_of(o.name),
                               .schema = o.schema->schema,
                               .lock_wait_ms = o.lock_wait_ms,
                               .asks = o.asks != 0,
                               .create_only = o.create_only != 0,
                               .data = o.data != 0,
                               .accept_data_loss = o.accept_data_loss != 0,
                               .no_down = o.no_down != 0};
    st = rl_dev_open(&d->dev, &d->migrations.m, &s, &error);
  }
  if (st == RILLE_OK)
    *out = d;
  else
    rl_free(d);
  return rl_box(st, &error, err);
}

static void write_step(const rl_dev *d, rille_dev_step *out) {
  static const int32_t kinds[] = {[RL_DEV_MIGRATION] = RILLE_DEV_MIGRATION,
                                  [RL_DEV_ASK_RESET] = RILLE_DEV_ASK_RESET,
                                  [RL_DEV_ASK_RENAME] = RILLE_DEV_ASK_RENAME,
                                  [RL_DEV_ASK_DATA_LOSS] = RILLE_DEV_ASK_DATA_LOSS,
                                  [RL_DEV_ASK_NAME] = RILLE_DEV_ASK_NAME};
  rille_dev_step full = {.kind = kinds[d->step]};
  if (d->step == RL_DEV_MIGRATION) {
    full.migration = d->migration->name.p;
    full.has_lua = d->migration->has_lua;
    full.has_schema = d->migration->has_schema;
  } else if (d->step == RL_DEV_ASK_RENAME) {
    full.what = d->rename.what;
    full.table = d->rename.table.p;
    full.from = d->rename.from.p;
    full.to = d->rename.to.p;
  } else if (d->step == RL_DEV_ASK_RESET) {
    full.count = d->reasons.count;
  } else if (d->step == RL_DEV_ASK_DATA_LOSS) {
    full.count = d->found.warning_count;
  }
  rl_write_struct(out, &full, sizeof full);
}

/* Keeps the warnings of the last comparison. */
static rille_status keep_warnings(rille_dev *d, rl_error *err) {
  const rl_dev_found *found = &d->dev.found;
  d->warning_count = 0;
  d->warnings = RL_NEW_ARRAY(&d->dev.arena, rille_diff_warning, found->warning_count + 1);
  if (!d->warnings) return rl_fail_nomem(err);
  for (size_t i = 0; i < found->warning_count; i++) {
    const rl_dev_warning *w = &found->warnings[i];
    if (!rl_copy_warning(&d->dev.arena, &w->about, w->rows, w->text, &d->warnings[i])) return rl_fail_nomem(err);
  }
  d->warning_count = found->warning_count;
  return RILLE_OK;
}

rille_status rille_dev_next(rille_dev *d, rille_dev_step *step, rille_error **err) {
  rl_error error = {0};
  rille_status st = rl_dev_next(&d->dev, &error);
  rille_status kept = st >= 0 ? keep_warnings(d, &error) : st;
  if (kept < 0) st = kept;
  if (st == RILLE_ROW) write_step(&d->dev, step);
  return rl_box(st, &error, err);
}

rille_status rille_dev_answer(rille_dev *d, int32_t yes, const char *name, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_dev_answer(&d->dev, yes != 0, rl_str_of(name), &error), &error, err);
}

rille_migrations *rille_dev_migrations(rille_dev *d) {
  return &d->migrations;
}

void rille_dev_reason_at(const rille_dev *d, size_t i, rille_dev_reason *out) {
  static const int32_t kinds[] = {[RL_DEV_FAILED] = RILLE_REASON_FAILED,
                                  [RL_DEV_EDITED] = RILLE_REASON_EDITED,
                                  [RL_DEV_MISSING] = RILLE_REASON_MISSING,
                                  [RL_DEV_DRIFT] = RILLE_REASON_DRIFT};
  if (i >= d->dev.reasons.count) return;
  const rl_dev_reason *r = &d->dev.reasons.items[i];
  rille_dev_reason full = {.kind = kinds[r->kind], .migration = r->migration, .script = r->script, .text = r->text};
  rl_write_struct(out, &full, sizeof full);
}

void rille_dev_warning_at(const rille_dev *d, size_t i, rille_diff_warning *out) {
  if (i < d->warning_count) rl_write_struct(out, &d->warnings[i], sizeof d->warnings[i]);
}

void rille_dev_result_get(const rille_dev *d, rille_dev_result *out) {
  rille_dev_result full = {.up_to_date = d->dev.up_to_date,
                           .created = d->dev.created,
                           .applied = d->dev.applied.items,
                           .applied_count = d->dev.applied.count,
                           .irreversible = d->dev.irreversible.items,
                           .irreversible_count = d->dev.irreversible.count,
                           .warning_count = d->warning_count};
  rl_write_struct(out, &full, sizeof full);
}

void rille_dev_free(rille_dev *d) {
  if (!d) return;
  rl_dev_close(&d->dev);
  rl_free(d);
}
