/* The lock that allows one runner at a time.
 *
 * PostgreSQL: Prisma's advisory lock. It is tried in intervals instead of waited for, because a waiting statement keeps
 * a snapshot open, and a CREATE INDEX CONCURRENTLY of the lock's owner would wait for that forever.
 * SQLite: a lock on a file next to the database. The system releases it when the process ends, even if killed. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "migrate/history/migrations.h"

#define PAUSE_MS 50

static bool is_disabled(const rl_migrate_part *part) {
  const char *v = part->lock_switch ? getenv(part->lock_switch) : NULL;
  return v && *v && strcmp(v, "0") != 0 && strcmp(v, "false") != 0;
}

/* RILLE_DONE: another runner has it. */
static rille_status try_statement(rl_migrations *m, rl_error *err) {
  rl_str *texts = NULL;
  size_t count = 0;
  rille_status st = rl_session_texts(&m->session, m->part->try_lock, &texts, &count, err);
  if (st != RILLE_OK) return st;
  return count && rl_str_is(texts[0], "true") ? RILLE_OK : RILLE_DONE;
}

/* Returns whether the file still has its name. The lock's previous owner may have removed it, and another runner may
 * have created a new one. */
static bool is_current_file(int fd, const char *path) {
  struct stat a, b;
  return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static rille_status try_file(rl_migrations *m, rl_error *err) {
  int fd = open(m->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return rl_fail(err, RL_P1002, "cannot create the lock file %s (%s)", m->lock_path, strerror(errno));
  if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_current_file(fd, m->lock_path)) {
    m->lock_file = fd;
    return RILLE_OK;
  }
  close(fd);
  return RILLE_DONE;
}

static rille_status try_lock(rl_migrations *m, rl_error *err) {
  return m->part->try_lock ? try_statement(m, err) : try_file(m, err);
}

static rille_status set_lock_path(rl_migrations *m, rl_error *err) {
  const char *path = m->session.options.conninfo;
  size_t len = strlen(path);
  m->lock_path = rl_alloc(len + sizeof "-migrate");
  if (!m->lock_path) return rl_fail_nomem(err);
  memcpy(m->lock_path, path, len);
  memcpy(m->lock_path + len, "-migrate", sizeof "-migrate");
  return RILLE_OK;
}

static rille_status fail_locked(const rl_migrations *m, int64_t wait_ms, rl_error *err) {
  return rl_fail(err, RL_P1002,
                 "another migration is running on %.*s: its lock (%s) was not free within %lld ms; try again when it "
                 "has ended",
                 RL_STR_ARG(m->display), m->part->lock_name ? m->part->lock_name : m->lock_path, (long long)wait_ms);
}

rille_status rl_migrations_lock(rl_migrations *m, int64_t wait_ms, rl_error *err) {
  bool unneeded = m->locked || m->replay || m->session.options.memory || is_disabled(m->part);
  if (unneeded) return RILLE_OK;
  int64_t deadline = rl_clock_after(wait_ms);
  rille_status st = m->part->try_lock || m->lock_path ? RILLE_OK : set_lock_path(m, err);
  while (st == RILLE_OK) {
    st = try_lock(m, err);
    m->locked = st == RILLE_OK;
    if (st != RILLE_DONE) return st;
    int64_t left = deadline - rl_clock_ms();
    if (left <= 0) return fail_locked(m, wait_ms, err);
    poll(NULL, 0, (int)(left < PAUSE_MS ? left : PAUSE_MS));
    st = RILLE_OK;
  }
  return st;
}

void rl_migrations_unlock(rl_migrations *m) {
  rl_error ignored = {0};
  if (m->locked && m->part->release_lock && m->session.options.driver->is_usable(m->session.conn))
    rl_session_script(&m->session, m->part->release_lock, &ignored);
  rl_error_clear(&ignored);
  if (m->lock_file >= 0) {
    unlink(m->lock_path); /* while locked, so a runner that waits with this file open sees that it was removed */
    close(m->lock_file);
  }
  m->lock_file = -1;
  m->locked = false;
}
