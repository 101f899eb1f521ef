/* Noticing writes of others by asking the database for its version, on a connection that only reads. The version moves
 * with our own commits too. Then the pool's writer is asked: for it, only the commits of others move the version. So an
 * answer is exact: what others had committed before a look is noticed by it. */
#include "base/clock.h"
#include "run/foreign_inside.h"

enum { PAUSE_MS = 100 }; /* between two attempts to open the connection */

static void drop_connection(rl_foreign *f) {
  if (f->conn) f->options.driver->close(f->conn);
  f->conn = NULL;
  f->connected = false;
}

static void version_close(rl_foreign *f) {
  drop_connection(f);
}

/* Continues to connect. Whatever happened without a connection is not known, so a new one makes everything stale. */
static bool open_connection(rl_foreign *f, rl_cache *cache) {
  rl_wait wait;
  if (f->connected) return true;
  if (!f->conn && rl_clock_ms() < f->again_ms) return false;
  f->options.read_only = f->options.must_exist = true;
  rille_status st = f->conn ? RILLE_OK : f->options.driver->open(&f->options, &f->conn, NULL);
  if (st == RILLE_OK) st = f->options.driver->poll_connect(f->conn, &wait, NULL);
  if (st == RILLE_OK) st = f->options.driver->foreign_version(f->conn, &f->version, NULL);
  f->connected = st == RILLE_OK;
  if (f->connected) rl_cache_touch_everything(cache);
  if (st < 0) {
    drop_connection(f);
    f->again_ms = rl_clock_after(PAUSE_MS);
  }
  return f->connected;
}

typedef enum whose_write { WRITE_OWN, WRITE_FOREIGN, WRITE_UNKNOWN } whose_write;

/* Asks the writer of the pool whose commits have moved the version since it was last asked. */
static whose_write ask_writer(rl_foreign *f) {
  rl_lease *lease;
  rl_writer_state state = rl_pool_try_writer(f->pool, &lease);
  if (state != RL_WRITER_IDLE) return state == RL_WRITER_BUSY ? WRITE_UNKNOWN : WRITE_FOREIGN;
  rl_writer_version now = {.connection = lease->number};
  rille_status st = lease->driver->foreign_version(lease->conn, &now.version, NULL);
  rl_lease_release(lease, st >= 0);
  if (st == RILLE_AGAIN) return WRITE_UNKNOWN;
  bool same = st == RILLE_OK && now.connection == f->writer.connection && now.version == f->writer.version;
  f->writer = st == RILLE_OK ? now : (rl_writer_version){0};
  return same ? WRITE_OWN : WRITE_FOREIGN;
}

static bool version_look_locked(rl_foreign *f, rl_cache *cache) {
  int64_t version;
  if (!open_connection(f, cache)) return false;
  rille_status st = f->options.driver->foreign_version(f->conn, &version, NULL);
  if (st == RILLE_AGAIN) return false;
  if (st < 0) { /* another database is there now, or none */
    drop_connection(f);
    rl_cache_touch_everything(cache);
    rl_pool_evict_idle(f->pool);
    return false;
  }
  if (version == f->version) return true;
  whose_write whose = ask_writer(f);
  if (whose == WRITE_FOREIGN) rl_cache_touch_everything(cache);
  if (whose != WRITE_UNKNOWN) f->version = version;
  return whose != WRITE_UNKNOWN;
}

static bool version_look(rl_foreign *f, rl_client *c, rl_cache *cache) {
  (void)c;
  pthread_mutex_lock(&f->lock); /* held for some microseconds, and never while anything waits */
  bool known = version_look_locked(f, cache);
  pthread_mutex_unlock(&f->lock);
  return known;
}

const rl_foreign_kind rl_foreign_asks_version = {version_look, version_close};
