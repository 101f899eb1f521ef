/* The public functions of advisory locks. */
#include "run/lock.h"

#include "api/handle.h"
#include "base/alloc.h"

struct rille_lock {
  rl_lock lock;
};

rille_status rille_lock_new(rille_client *c, const rille_lock_options *options, rille_lock **out, rille_error **err) {
  rl_error error = {0};
  rille_lock_options o;
  rille_status st = rl_read_options(&o, sizeof o, options, sizeof o, "rille_lock_options", &error);
  if (st == RILLE_OK && o.wait_ms < 0) st = rl_fail(&error, RL_VALIDATION, "wait: cannot be negative");
  rille_lock *lock = st == RILLE_OK ? rl_calloc(1, sizeof *lock) : NULL;
  if (st == RILLE_OK && !lock) st = rl_fail_nomem(&error);
  if (st == RILLE_OK) {
    rl_lock_settings s = {
        .key = {o.key, o.key ? o.key_len : 0}, .number = o.number, .shared = o.shared != 0, .wait_ms = o.wait_ms};
    st = rl_lock_init(&lock->lock, c->client, &s, &error);
  }
  if (st != RILLE_OK) {
    rl_free(lock);
    return rl_box(st, &error, err);
  }
  *out = lock;
  return RILLE_OK;
}

rille_status rille_lock_take(rille_lock *lock, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_lock_take(&lock->lock, &error), &error, err);
}

rille_status rille_lock_release(rille_lock *lock, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_lock_release(&lock->lock, &error), &error, err);
}

void rille_lock_wait(const rille_lock *lock, rille_wait *out) {
  rl_write_wait(&lock->lock.wait, out);
}

void rille_lock_free(rille_lock *lock) {
  if (!lock) return;
  rl_lock_dispose(&lock->lock);
  rl_free(lock);
}
