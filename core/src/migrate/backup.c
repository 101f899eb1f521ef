/* Backup and restore, as far as they are the same for all databases. Above all, neither leaves half a result. */
#include "migrate/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "driver/facts.h"
#include "migrate/structure/open.h"
#include "migrate/structure/provider.h"

static bool file_exists(const char *path) {
  struct stat st;
  return stat(path, &st) == 0;
}

/* Creates a temporary file next to the final one, so a rename completes the backup. Only its owner may read it. */
static rille_status create_file(const char *path, rl_error *err) {
  int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return rl_fail(err, RL_BACKUP, "cannot create the file %s: %s", path, strerror(errno));
  close(fd);
  return RILLE_OK;
}

static int flush_path(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  int code = fsync(fd) == 0 ? 0 : errno;
  if (close(fd) != 0 && !code) code = errno;
  return code;
}

static int flush_folder_of(const char *file, rl_arena *arena) {
  const char *slash = strrchr(file, '/');
  char *folder = slash ? rl_arena_strdup(arena, rl_str_make(file, (size_t)(slash - file) + 1)) : NULL;
  if (slash && !folder) return ENOMEM;
  return flush_path(folder ? folder : ".");
}

static rille_status publish_file(const char *temporary, const char *file, bool overwrite, rl_arena *arena,
                                 rl_error *err) {
  int code = flush_path(temporary);
  if (!code && !overwrite) {
    code = link(temporary, file) == 0 ? 0 : errno; /* unlike rename, it fails if the name exists by now */
    if (!code) unlink(temporary);
  }
  if ((overwrite && !code) || code == EPERM || code == ENOTSUP) code = rename(temporary, file) == 0 ? 0 : errno;
  if (!code) code = flush_folder_of(file, arena);
  return code ? rl_fail(err, RL_BACKUP, "cannot write the backup to %s: %s", file, strerror(code)) : RILLE_OK;
}

static void remove_file(const char *path, rl_arena *arena) {
  static const char *const companions[] = {"-journal", "-wal", "-shm"};
  unlink(path);
  for (size_t i = 0; i < sizeof companions / sizeof *companions; i++) {
    char *name = rl_arena_printf(arena, "%s%s", path, companions[i]);
    if (name) unlink(name);
  }
}

static rille_status check_file_name(const char *file, rl_error *err) {
  if (!file || !*file) return rl_fail(err, RL_VALIDATION, "file: missing; the backup needs a file name");
  return RILLE_OK;
}

/* Rejects devices, pipes and dangling links, which a rename would replace. */
static rille_status check_target(const char *file, bool overwrite, rl_error *err) {
  struct stat st;
  if (lstat(file, &st) != 0) return RILLE_OK;
  if (stat(file, &st) != 0 || !S_ISREG(st.st_mode))
    return rl_fail(err, RL_VALIDATION, "file: %s exists and is no regular file; a backup needs its own file", file);
  if (!overwrite) return rl_fail(err, RL_VALIDATION, "file: %s already exists; `overwrite = true` replaces it", file);
  return RILLE_OK;
}

static bool is_file(const rl_conn_options *o) {
  return rl_facts_of(o->driver->provider)->file_based && !o->memory;
}

/* Rejects the database's own file. Replacing it would leave its open connections on a file without a name. */
static rille_status check_not_database(const rl_conn_options *o, const char *file, rl_error *err) {
  struct stat database, copy;
  if (!is_file(o) || stat(o->conninfo, &database) != 0 || stat(file, &copy) != 0) return RILLE_OK;
  if (database.st_dev != copy.st_dev || database.st_ino != copy.st_ino) return RILLE_OK;
  return rl_fail(err, RL_VALIDATION, "file: %s is the database itself; a backup needs its own file", file);
}

/* Rejects a missing file, because opening an SQLite database would create it. */
static rille_status check_source(rl_str url, const char *file, rl_arena *arena, rl_error *err) {
  rl_conn_options o;
  rille_status st = rl_driver_parse_url(url, arena, &o, err);
  if (st != RILLE_OK) return st;
  if (is_file(&o) && !file_exists(o.conninfo))
    return rl_fail(err, RL_P1003, "the database file %s does not exist", o.conninfo);
  return check_not_database(&o, file, err);
}

static rille_status write_backup(rl_session *s, const char *file, bool overwrite, rl_error *err) {
  char *temporary = rl_arena_printf(&s->arena, "%s.%ld.part", file, rl_process_id());
  if (!temporary) return rl_fail_nomem(err);
  rille_status st = create_file(temporary, err);
  if (st != RILLE_OK) return st;
  st = s->options.driver->backup(s->conn, temporary, err);
  if (st == RILLE_OK) st = publish_file(temporary, file, overwrite, &s->arena, err);
  if (st != RILLE_OK) remove_file(temporary, &s->arena);
  return st;
}

rille_status rl_backup(rl_str url, const char *file, bool overwrite, rl_error *err) {
  rl_session s;
  rl_arena arena;
  rille_status st = check_file_name(file, err);
  if (st == RILLE_OK) st = check_target(file, overwrite, err);
  if (st != RILLE_OK) return st;
  rl_arena_init(&arena, 0);
  st = check_source(url, file, &arena, err);
  rl_arena_dispose(&arena);
  if (st == RILLE_OK) st = rl_session_open_shared(&s, url, err);
  if (st != RILLE_OK) return st;
  char *link_target = realpath(file, NULL); /* a link stays, and its target is replaced */
  st = write_backup(&s, link_target ? link_target : file, overwrite, err);
  free(link_target);
  rl_session_close(&s);
  return st;
}

/* ------------------------------------------------------------------ restore */

static rille_status read_head(const char *file, char head[16], rl_error *err) {
  memset(head, 0, 16);
  FILE *f = fopen(file, "rbe");
  if (!f) return rl_fail(err, RL_VALIDATION, "file: cannot read %s: %s", file, strerror(errno));
  size_t n = fread(head, 1, 16, f);
  fclose(f);
  return n == 16 ? RILLE_OK : rl_fail(err, RL_VALIDATION, "file: %s is no backup; it is empty or truncated", file);
}

/* Checks the first bytes, which distinguish the backups of the databases. */
static rille_status check_backup(const char *file, rl_provider wanted, rl_error *err) {
  char head[16];
  rille_status st = read_head(file, head, err);
  if (st != RILLE_OK) return st;
  rl_provider found = RL_PROVIDER_NONE;
  for (RL_EACH_PROVIDER(p)) {
    const rl_migrate_part *part = rl_migrate_part_of(p);
    if (memcmp(head, part->backup_head.p, part->backup_head.len) == 0) found = p;
  }
  if (found == wanted) return RILLE_OK;
  if (found != RL_PROVIDER_NONE)
    return rl_fail(err, RL_VALIDATION, "file: %s is a backup of %s, but the URL is for another database", file,
                   rl_provider_title(found));
  return rl_fail(err, RL_VALIDATION, "file: %s is no backup; expected %s", file,
                 rl_migrate_part_of(wanted)->backup_title);
}

static rille_status check_empty(rl_session *s, rl_error *err) {
  rl_str *names = NULL;
  size_t count = 0;
  rille_status st =
      rl_session_texts(s, rl_migrate_part_of(s->options.driver->provider)->contents(&s->options), &names, &count, err);
  if (st != RILLE_OK || count == 0) return st;
  return rl_fail(err, RL_P3005, "the database %s is not empty: it has the table `%.*s`; `force = true` replaces it",
                 s->options.display, RL_STR_ARG(names[0]));
}

static rille_status read_backup(rl_session *s, const char *file, bool force, rl_error *err) {
  rille_status st = force ? RILLE_OK : check_empty(s, err);
  return st == RILLE_OK ? rl_session_restore(s, file, force, err) : st;
}

rille_status rl_restore(rl_str url, const char *file, bool force, rl_error *err) {
  rl_session s;
  rl_arena arena;
  rl_conn_options o;
  rille_status st = check_file_name(file, err);
  if (st != RILLE_OK) return st;
  rl_arena_init(&arena, 0);
  st = rl_driver_parse_url(url, &arena, &o, err);
  bool is_new = st == RILLE_OK && is_file(&o) && !file_exists(o.conninfo);
  if (st == RILLE_OK) st = check_not_database(&o, file, err);
  if (st == RILLE_OK) st = check_backup(file, o.driver->provider, err);
  if (st == RILLE_OK) {
    st = rl_open_or_create(&s, url, rl_dialect_of(o.driver), err);
    if (st == RILLE_OK) {
      st = read_backup(&s, file, force, err);
      rl_session_close(&s);
    }
    if (st != RILLE_OK && is_new) remove_file(o.conninfo, &arena);
  }
  rl_arena_dispose(&arena);
  return st;
}
