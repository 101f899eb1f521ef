/* The handle that runs migrations, opened when needed. */
#include "migrate/dev/dev.h"

rille_status rl_dev_open_handle(rl_dev *d, rl_error *err) {
  const rl_migrations_settings settings = {.url = d->s.url, .folder = d->s.folder, .create = true};
  if (d->open) return RILLE_OK;
  rille_status st = rl_migrations_open(d->m, &settings, err);
  if (st != RILLE_OK) return st;
  d->open = true;
  d->in_memory = d->m->session.options.memory;
  return rl_migrations_lock(d->m, d->s.lock_wait_ms, err);
}

void rl_dev_close_handle(rl_dev *d) {
  if (d->open) rl_migrations_close(d->m);
  d->open = false;
}

void rl_dev_yield_handle(rl_dev *d) {
  if (d->in_memory) rl_dev_close_handle(d);
}

bool rl_dev_keep(rl_dev *d, rl_dev_texts *list, const char *text) {
  const char **place = text ? RL_DB_ADD(&d->arena, list) : NULL;
  if (place) *place = text;
  return place != NULL;
}
