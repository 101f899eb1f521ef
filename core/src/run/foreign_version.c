/* Noticing writes of others by asking the database for its version, on a connection that only reads. The version moves
 * with our own commits too. Then the pool's writer is asked: for it, only the commits of others move the version. So an
 * answer is exact: what others had committed before a look is noticed by it.
 *
 * A look can ask the writer while it is idle. Who takes it asks for the looks to come: before it writes, and again when
 * its transaction has begun, since from then on nobody else can commit. */
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

static rille_status read_writer(const rl_lease *writer, rl_writer_version *out) {
  *out = (rl_writer_version){.connection = writer->number};
  return writer->driver->foreign_version(writer->conn, &out->version, NULL);
}

/* Asks the writer whose commits have moved the version since it was last asked. */
static whose_write ask_writer(rl_foreign *f, const rl_lease *writer) {
  rl_writer_version now;
  rille_status st = read_writer(writer, &now);
  if (st == RILLE_AGAIN) return WRITE_UNKNOWN;
  bool same = st == RILLE_OK && now.connection == f->writer.connection && now.version == f->writer.version;
  f->writer = st == RILLE_OK ? now : (rl_writer_version){0};
  return same ? WRITE_OWN : WRITE_FOREIGN;
}

static whose_write ask_idle_writer(rl_foreign *f) {
  rl_lease *lease;
  rl_writer_state state = rl_pool_try_writer(f->pool, &lease);
  if (state != RL_WRITER_IDLE) return state == RL_WRITER_BUSY ? WRITE_UNKNOWN : WRITE_FOREIGN;
  whose_write whose = ask_writer(f, lease);
  rl_lease_release(lease, whose != WRITE_FOREIGN || f->writer.connection == lease->number);
  return whose;
}

/* writer: who has it asks; NULL: it is asked if it is idle. */
static bool look_locked(rl_foreign *f, rl_cache *cache, const rl_lease *writer) {
  int64_t version;
  rille_status st = f->options.driver->foreign_version(f->conn, &version, NULL);
  if (st == RILLE_AGAIN) return false;
  if (st < 0) { /* another database is there now, or none */
    drop_connection(f);
    rl_cache_touch_everything(cache);
    rl_pool_evict_idle(f->pool);
    return false;
  }
  if (version == f->version) return true;
  whose_write whose = writer ? ask_writer(f, writer) : ask_idle_writer(f);
  if (whose == WRITE_FOREIGN) rl_cache_touch_everything(cache);
  if (whose != WRITE_UNKNOWN) f->version = version;
  return whose != WRITE_UNKNOWN;
}

static bool version_look(rl_foreign *f, rl_client *c, rl_cache *cache) {
  (void)c;
  pthread_mutex_lock(&f->lock); /* held for some microseconds, and never while anything waits */
  bool known = open_connection(f, cache) && look_locked(f, cache, NULL);
  pthread_mutex_unlock(&f->lock);
  return known;
}

/* A writer that was never asked is asked first. If nothing was committed since the last look, not even between the two
 * questions, it has seen what that look had seen. */
static void meet_writer(rl_foreign *f, rl_cache *cache, const rl_lease *writer) {
  rl_writer_version now;
  int64_t version;
  bool good =
      read_writer(writer, &now) == RILLE_OK && f->options.driver->foreign_version(f->conn, &version, NULL) == RILLE_OK;
  if (!good) return; /* the next look finds out */
  f->writer = now;
  if (version == f->version) return;
  rl_cache_touch_everything(cache);
  f->version = version;
}

static void version_settle(rl_foreign *f, rl_cache *cache, const rl_lease *writer) {
  pthread_mutex_lock(&f->lock);
  if (f->connected && f->writer.connection != writer->number)
    meet_writer(f, cache, writer);
  else if (f->connected)
    (void)look_locked(f, cache, writer);
  pthread_mutex_unlock(&f->lock);
}

const rl_foreign_kind rl_foreign_asks_version = {version_look, version_settle, version_close};
