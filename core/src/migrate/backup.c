/* A whole database into a file, and back: what is the same for all databases, above all that no half of it is left. */
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

static bool is_there(const char *path) {
  struct stat st;
  return stat(path, &st) == 0;
}

/* A file beside the final one, so that a rename is all it takes; its own, and nobody else's to read. */
static rille_status make_file(const char *path, rl_error *err) {
  int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return rl_fail(err, RL_BACKUP, "the file %s cannot be made: %s", path, strerror(errno));
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

static rille_status give_name(const char *made, const char *file, bool overwrite, rl_arena *arena, rl_error *err) {
  int code = flush_path(made);
  if (!code && !overwrite) {
    code = link(made, file) == 0 ? 0 : errno; /* unlike rename it fails when the name is taken by now */
    if (!code) unlink(made);
  }
  if ((overwrite && !code) || code == EPERM || code == ENOTSUP) code = rename(made, file) == 0 ? 0 : errno;
  if (!code) code = flush_folder_of(file, arena);
  return code ? rl_fail(err, RL_BACKUP, "the backup could not be written to %s: %s", file, strerror(code)) : RILLE_OK;
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
  if (!file || !*file) return rl_fail(err, RL_VALIDATION, "file: the name of the backup's file is missing");
  return RILLE_OK;
}

/* A rename would put the backup in the place of a device, a pipe, or a link to something that is not there. */
static rille_status check_target(const char *file, bool overwrite, rl_error *err) {
  struct stat st;
  if (lstat(file, &st) != 0) return RILLE_OK;
  if (stat(file, &st) != 0 || !S_ISREG(st.st_mode))
    return rl_fail(err, RL_VALIDATION, "file: %s is there and is no regular file; a backup needs a name of its own",
                   file);
  if (!overwrite) return rl_fail(err, RL_VALIDATION, "file: %s is there already; overwrite = true replaces it", file);
  return RILLE_OK;
}

static bool is_file(const rl_conn_options *o) {
  return rl_facts_of(o->driver->provider)->file_based && !o->memory;
}

/* A backup that takes the place of the database it is of would leave those who have it open on a file without a name.
 */
static rille_status check_other(const rl_conn_options *o, const char *file, rl_error *err) {
  struct stat database, copy;
  if (!is_file(o) || stat(o->conninfo, &database) != 0 || stat(file, &copy) != 0) return RILLE_OK;
  if (database.st_dev != copy.st_dev || database.st_ino != copy.st_ino) return RILLE_OK;
  return rl_fail(err, RL_VALIDATION, "file: %s is the database itself; a backup needs a file of its own", file);
}

/* Opening an SQLite database would make it. */
static rille_status check_source(rl_str url, const char *file, rl_arena *arena, rl_error *err) {
  rl_conn_options o;
  rille_status st = rl_driver_parse_url(url, arena, &o, err);
  if (st != RILLE_OK) return st;
  if (is_file(&o) && !is_there(o.conninfo))
    return rl_fail(err, RL_P1003, "the database file %s does not exist", o.conninfo);
  return check_other(&o, file, err);
}

static rille_status save(rl_session *s, const char *file, bool overwrite, rl_error *err) {
  char *made = rl_arena_printf(&s->arena, "%s.%ld.part", file, rl_process_id());
  if (!made) return rl_fail_nomem(err);
  rille_status st = make_file(made, err);
  if (st != RILLE_OK) return st;
  st = s->options.driver->backup(s->conn, made, err);
  if (st == RILLE_OK) st = give_name(made, file, overwrite, &s->arena, err);
  if (st != RILLE_OK) remove_file(made, &s->arena);
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
  char *behind_link = realpath(file, NULL); /* a link stays, and what it names is replaced */
  st = save(&s, behind_link ? behind_link : file, overwrite, err);
  free(behind_link);
  rl_session_close(&s);
  return st;
}

/* ------------------------------------------------------------------ and back */

static rille_status read_head(const char *file, char head[16], rl_error *err) {
  memset(head, 0, 16);
  FILE *f = fopen(file, "rbe");
  if (!f) return rl_fail(err, RL_VALIDATION, "file: %s cannot be read: %s", file, strerror(errno));
  size_t n = fread(head, 1, 16, f);
  fclose(f);
  return n == 16 ? RILLE_OK : rl_fail(err, RL_VALIDATION, "file: %s is no backup: it is empty or cut off", file);
}

/* Backups tell what they are by their first bytes. */
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
    return rl_fail(err, RL_VALIDATION, "file: %s is a backup of %s, and the URL names another kind of database", file,
                   rl_provider_title(found));
  return rl_fail(err, RL_VALIDATION, "file: %s is no backup; expected is %s", file,
                 rl_migrate_part_of(wanted)->backup_title);
}

static rille_status check_empty(rl_session *s, rl_error *err) {
  rl_str *names = NULL;
  size_t count = 0;
  rille_status st =
      rl_session_texts(s, rl_migrate_part_of(s->options.driver->provider)->contents(&s->options), &names, &count, err);
  if (st != RILLE_OK || count == 0) return st;
  return rl_fail(err, RL_P3005, "the database %s is not empty, it has the table \"%.*s\"; force = true replaces it",
                 s->options.display, RL_STR_ARG(names[0]));
}

static rille_status load(rl_session *s, const char *file, bool force, rl_error *err) {
  rille_status st = force ? RILLE_OK : check_empty(s, err);
  return st == RILLE_OK ? s->options.driver->restore(s->conn, file, force, err) : st;
}

rille_status rl_restore(rl_str url, const char *file, bool force, rl_error *err) {
  rl_session s;
  rl_arena arena;
  rl_conn_options o;
  rille_status st = check_file_name(file, err);
  if (st != RILLE_OK) return st;
  rl_arena_init(&arena, 0);
  st = rl_driver_parse_url(url, &arena, &o, err);
  bool made = st == RILLE_OK && is_file(&o) && !is_there(o.conninfo);
  if (st == RILLE_OK) st = check_other(&o, file, err);
  if (st == RILLE_OK) st = check_backup(file, o.driver->provider, err);
  if (st == RILLE_OK) {
    st = rl_open_or_create(&s, url, rl_dialect_of(o.driver), err);
    if (st == RILLE_OK) {
      st = load(&s, file, force, err);
      rl_session_close(&s);
    }
    if (st != RILLE_OK && made) remove_file(o.conninfo, &arena);
  }
  rl_arena_dispose(&arena);
  return st;
}
