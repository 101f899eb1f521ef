/* The folder of migrations: reads and writes it. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sha256.h"
#include "migrate/history/migrations.h"

static bool is_kind(const char *path, mode_t kind) {
  struct stat s;
  return stat(path, &s) == 0 && (s.st_mode & S_IFMT) == kind;
}

static char *path_of(rl_arena *arena, rl_str folder, rl_str name, const char *file) {
  if (!name.len) return rl_arena_printf(arena, "%.*s/%s", RL_STR_ARG(folder), file);
  return rl_arena_printf(arena, "%.*s/%.*s/%s", RL_STR_ARG(folder), RL_STR_ARG(name), file);
}

static rille_status read_file(const char *path, rl_arena *arena, rl_str *out, rl_error *err) {
  FILE *f = fopen(path, "rb");
  if (!f) return RILLE_DONE;
  rl_buf b;
  char part[8192];
  size_t n;
  rl_buf_init(&b);
  while ((n = fread(part, 1, sizeof part, f)) > 0) rl_buf_put(&b, part, n);
  bool bad = ferror(f) != 0;
  fclose(f);
  *out = b.failed ? (rl_str){NULL, 0} : rl_arena_str(arena, rl_buf_view(&b));
  rl_buf_dispose(&b);
  if (bad) return RILLE_DONE;
  return out->p ? RILLE_OK : rl_fail_nomem(err);
}

rille_status rl_folder_file(const rl_migrations *m, rl_str name, const char *file, rl_arena *arena, rl_str *out,
                            rl_error *err) {
  char *path = path_of(arena, m->folder, name, file);
  rille_status st = path ? read_file(path, arena, out, err) : rl_fail_nomem(err);
  if (st != RILLE_DONE) return st;
  rl_fail(err, RL_P3015, "cannot read the file %s (%s); restore it, or delete the migration's folder", path,
          strerror(errno));
  rl_error_detail(err, "migration", name);
  return RILLE_ERROR;
}

static bool has_file(rl_migrations *m, rl_str name, const char *file, bool *failed) {
  char *path = path_of(&m->texts, m->folder, name, file);
  if (!path) *failed = true;
  return path && is_kind(path, S_IFREG);
}

/* Computes the checksums with LF and with CRLF, because a checkout may change line endings. */
static rille_status other_checksums(rl_migration *x, rl_str text, rl_error *err) {
  rl_buf b[2];
  for (int i = 0; i < 2; i++) rl_buf_init(&b[i]);
  for (size_t i = 0; i < text.len; i++) {
    bool pair = text.p[i] == '\r' && i + 1 < text.len && text.p[i + 1] == '\n';
    if (pair) continue;
    rl_buf_byte(&b[0], text.p[i]);
    if (text.p[i] == '\n') rl_buf_byte(&b[1], '\r');
    rl_buf_byte(&b[1], text.p[i]);
  }
  bool failed = b[0].failed || b[1].failed;
  for (int i = 0; i < 2; i++) {
    rl_str view = rl_buf_view(&b[i]);
    if (!failed) rl_sha256_hex(&view, 1, x->others[i]);
    rl_buf_dispose(&b[i]);
  }
  return failed ? rl_fail_nomem(err) : RILLE_OK;
}

static rille_status add_migration(rl_migrations *m, const char *name, rl_error *err) {
  rl_migration *x = RL_DB_ADD(&m->texts, &m->list);
  if (!x) return rl_fail_nomem(err);
  bool failed = false;
  *x = (rl_migration){.name = rl_arena_str(&m->texts, rl_str_of(name)), .in_folder = true};
  if (!x->name.p) return rl_fail_nomem(err);
  x->has_script = has_file(m, x->name, "migration.sql", &failed);
  x->has_down = has_file(m, x->name, "down.sql", &failed);
  x->has_lua = has_file(m, x->name, "migration.lua", &failed);
  x->has_schema = has_file(m, x->name, "schema.prisma", &failed);
  if (failed) return rl_fail_nomem(err);
  if (!x->has_script) return RILLE_OK;
  rille_status st = rl_folder_file(m, x->name, "migration.sql", &m->texts, &x->script, err);
  if (st != RILLE_OK) return st;
  rl_sha256_hex(&x->script, 1, x->checksum);
  return other_checksums(x, x->script, err);
}

static int compare_names(const void *a, const void *b) {
  return rl_str_cmp(((const rl_migration *)a)->name, ((const rl_migration *)b)->name);
}

/* Every folder is a migration, as for Prisma. One whose name starts with a period is skipped. */
rille_status rl_folder_read(rl_migrations *m, rl_error *err) {
  rl_arena_reset(&m->texts);
  m->list.items = NULL;
  m->list.count = m->list.cap = 0;
  m->due = (rl_migrations_due){0};
  m->problems.items = NULL;
  m->problems.count = m->problems.cap = 0;
  char *path = rl_arena_strdup(&m->texts, m->folder);
  if (!path) return rl_fail_nomem(err);
  DIR *dir = opendir(path);
  if (!dir && errno == ENOENT) return RILLE_OK;
  if (!dir) return rl_fail(err, RL_P3015, "cannot read the folder %s (%s)", path, strerror(errno));
  rille_status st = RILLE_OK;
  for (struct dirent *e = readdir(dir); e && st == RILLE_OK; e = readdir(dir)) {
    if (e->d_name[0] == '.') continue;
    char *inner = path_of(&m->texts, m->folder, (rl_str){NULL, 0}, e->d_name);
    if (!inner)
      st = rl_fail_nomem(err);
    else if (is_kind(inner, S_IFDIR))
      st = add_migration(m, e->d_name, err);
  }
  closedir(dir);
  if (st == RILLE_OK && m->list.count) qsort(m->list.items, m->list.count, sizeof *m->list.items, compare_names);
  return st;
}

/* Returns the text between the quotes of `provider = "..."`. */
static rl_str provider_in(rl_str text) {
  for (size_t i = 0; i < text.len;) {
    size_t end = i;
    while (end < text.len && text.p[end] != '\n') end++;
    rl_str line = {text.p + i, end - i};
    if (rl_str_starts(line, RL_STR("provider"))) {
      const char *open = memchr(line.p, '"', line.len);
      const char *close = open ? memchr(open + 1, '"', (size_t)(line.p + line.len - open - 1)) : NULL;
      if (close) return (rl_str){open + 1, (size_t)(close - open - 1)};
    }
    i = end + 1;
  }
  return (rl_str){NULL, 0};
}

rille_status rl_folder_check_provider(const rl_migrations *m, rl_error *err) {
  rl_arena arena;
  rl_str text = {NULL, 0};
  rl_arena_init(&arena, 0);
  char *path = path_of(&arena, m->folder, (rl_str){NULL, 0}, "migration_lock.toml");
  rille_status st = path ? read_file(path, &arena, &text, err) : rl_fail_nomem(err);
  bool missing = st == RILLE_DONE;
  if (missing) st = RILLE_OK;
  rl_str provider = st == RILLE_OK ? provider_in(text) : (rl_str){NULL, 0};
  const char *own = rl_provider_name(m->session.options.driver->provider);
  bool same = missing || rl_provider_by_name(provider) == m->dialect->provider;
  if (st == RILLE_OK && !same && !provider.len)
    st = rl_fail(err, RL_P3019, "%s has no line like `provider = \"%s\"`; restore it from version control", path, own);
  else if (st == RILLE_OK && !same)
    st =
        rl_fail(err, RL_P3019,
                "the migrations in %.*s are for %.*s according to migration_lock.toml, but the database is %s; start a "
                "new folder for it",
                RL_STR_ARG(m->folder), RL_STR_ARG(provider), own);
  rl_arena_dispose(&arena);
  return st;
}

/* ------------------------------------------------------------------ writing */

static rille_status create_folders(char *path, rl_error *err) {
  for (char *p = path + 1;; p++) {
    if (*p && *p != '/') continue;
    char kept = *p;
    *p = 0;
    bool exists = mkdir(path, 0777) == 0 || errno == EEXIST;
    if (!exists) return rl_fail(err, RL_VALIDATION, "cannot create the folder %s (%s)", path, strerror(errno));
    *p = kept;
    if (!kept) return RILLE_OK;
  }
}

static rille_status write_file(const char *path, rl_str text, rl_error *err) {
  FILE *f = fopen(path, "wb");
  bool good = f && fwrite(text.p ? text.p : "", 1, text.len, f) == text.len;
  if (f && fclose(f) != 0) good = false;
  return good ? RILLE_OK : rl_fail(err, RL_VALIDATION, "cannot write the file %s (%s)", path, strerror(errno));
}

rille_status rl_folder_write(rl_str folder, rl_str name, const char *file, rl_str text, rl_error *err) {
  rl_arena arena;
  rl_arena_init(&arena, 0);
  const char *slash = name.len ? "/" : "";
  char *dir = rl_arena_printf(&arena, "%.*s%s%.*s", RL_STR_ARG(folder), slash, (int)name.len, name.len ? name.p : "");
  char *path = path_of(&arena, folder, name, file);
  rille_status st = dir && path ? create_folders(dir, err) : rl_fail_nomem(err);
  if (st == RILLE_OK) st = write_file(path, text, err);
  rl_arena_dispose(&arena);
  return st;
}

rille_status rl_folder_write_lock(rl_str folder, rl_provider provider, rl_error *err) {
  rl_buf text;
  rl_buf_init(&text);
  rl_buf_printf(&text,
                "# Please do not edit this file manually\n"
                "# It should be added in your version-control system (e.g., Git)\n"
                "provider = \"%s\"\n",
                rl_provider_name(provider));
  rille_status st = text.failed
                        ? rl_fail_nomem(err)
                        : rl_folder_write(folder, (rl_str){NULL, 0}, "migration_lock.toml", rl_buf_view(&text), err);
  rl_buf_dispose(&text);
  return st;
}
