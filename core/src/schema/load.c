/* Reads schema files: one, or every *.prisma of a folder and the folders in it. */
#include "schema/schema.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/buf.h"

enum { DEEPEST_FOLDER = 32 };

typedef struct loader {
  rl_source *sources;
  size_t count, cap, bytes;
  rl_error *err;
} loader;

static void dispose_loader(loader *l) {
  for (size_t i = 0; i < l->count; i++) {
    rl_free((void *)(uintptr_t)l->sources[i].file.p);
    rl_free((void *)(uintptr_t)l->sources[i].text.p);
  }
  rl_free(l->sources);
}

static bool reserve_file(loader *l) {
  if (l->count < l->cap) return true;
  size_t cap = l->cap ? l->cap * 2 : 8;
  rl_source *grown = rl_realloc(l->sources, cap * sizeof *grown);
  if (!grown) return false;
  l->sources = grown;
  l->cap = cap;
  return true;
}

static rille_status cannot_read(loader *l, const char *path) {
  int why = errno;
  if (why == ENOMEM) return rl_fail_nomem(l->err);
  return rl_fail(l->err, RL_P1012, "The schema `%s` cannot be read: %s.", path,
                 why == ENOENT ? "no such file or folder" : strerror(why));
}

static rille_status read_all(loader *l, const char *path, FILE *file, rl_buf *text) {
  for (;;) {
    if (!rl_buf_reserve(text, 65536)) return rl_fail_nomem(l->err);
    size_t got = fread(text->p + text->len, 1, 65536, file);
    text->len += got;
    l->bytes += got;
    if (l->bytes > RL_SCHEMA_MOST_BYTES)
      return rl_fail(l->err, RL_P1012, "The schema is too large: with `%s` it has more than 16 MiB.", path);
    if (got < 65536) break;
  }
  return ferror(file) ? cannot_read(l, path) : RILLE_OK;
}

/* The loader owns the name and the text afterwards. */
static rille_status add_file(loader *l, const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) return cannot_read(l, path);
  rl_buf text;
  rl_buf_init(&text);
  rille_status status = read_all(l, path, file, &text);
  fclose(file);
  if (status == RILLE_OK) {
    rl_str view = rl_buf_view(&text);
    char *name = rl_strndup(path, strlen(path)), *body = rl_buf_take(&text);
    if (name && body && reserve_file(l)) {
      l->sources[l->count++] = (rl_source){rl_str_of(name), rl_str_make(body, view.len)};
      return RILLE_OK;
    }
    rl_free(name);
    rl_free(body);
    status = rl_fail_nomem(l->err);
  }
  rl_buf_dispose(&text);
  return status;
}

static int by_name(const void *a, const void *z) {
  return strcmp(*(char *const *)a, *(char *const *)z);
}

typedef struct names {
  char **list;
  size_t count, cap;
} names;

static void dispose_names(names *n) {
  for (size_t i = 0; i < n->count; i++) rl_free(n->list[i]);
  rl_free(n->list);
}

static bool add_name(names *n, const char *folder, const char *entry) {
  if (n->count == n->cap) {
    size_t cap = n->cap ? n->cap * 2 : 16;
    char **grown = rl_realloc(n->list, cap * sizeof *grown);
    if (!grown) return false;
    n->list = grown;
    n->cap = cap;
  }
  size_t a = strlen(folder), z = strlen(entry);
  char *path = rl_alloc(a + z + 2);
  if (!path) return false;
  memcpy(path, folder, a);
  path[a] = '/';
  memcpy(path + a + 1, entry, z + 1);
  n->list[n->count++] = path;
  return true;
}

/* Skips entries that begin with a dot, which are hidden. */
static rille_status list_folder(loader *l, const char *folder, names *out) {
  DIR *dir = opendir(folder);
  if (!dir) return cannot_read(l, folder);
  rille_status status = RILLE_OK;
  for (struct dirent *e; status == RILLE_OK && (e = readdir(dir));)
    if (e->d_name[0] != '.' && !add_name(out, folder, e->d_name)) status = rl_fail_nomem(l->err);
  closedir(dir);
  if (out->count > 1) qsort(out->list, out->count, sizeof *out->list, by_name);
  return status;
}

static rille_status add_folder(loader *l, const char *folder, int depth) {
  names entries = {0};
  if (depth > DEEPEST_FOLDER)
    return rl_fail(l->err, RL_P1012, "The folders in `%s` are nested more than %d levels deep.", folder,
                   DEEPEST_FOLDER);
  rille_status status = list_folder(l, folder, &entries);
  for (size_t i = 0; i < entries.count && status == RILLE_OK; i++) {
    struct stat info;
    const char *path = entries.list[i];
    if (stat(path, &info) != 0) continue; /* a dangling link */
    if (S_ISDIR(info.st_mode))
      status = add_folder(l, path, depth + 1);
    else if (S_ISREG(info.st_mode) && rl_str_ends(rl_str_of(path), RL_STR(".prisma")))
      status = add_file(l, path);
  }
  dispose_names(&entries);
  return status;
}

static rille_status add_path(loader *l, const char *path) {
  struct stat info;
  if (stat(path, &info) != 0) return cannot_read(l, path);
  if (!S_ISDIR(info.st_mode)) return add_file(l, path);
  rille_status status = add_folder(l, path, 0);
  if (status == RILLE_OK && !l->count)
    return rl_fail(l->err, RL_P1012, "The folder `%s` has no file that ends in `.prisma`.", path);
  return status;
}

rille_status rl_schema_load(const char *path, rl_provider provider, rl_schema **out, rl_diagnostics *diagnostics,
                            rl_error *err) {
  loader l = {.err = err};
  *out = NULL;
  rille_status status = add_path(&l, path);
  if (status == RILLE_OK) status = rl_schema_parse(l.sources, l.count, provider, out, diagnostics, err);
  dispose_loader(&l);
  return status;
}
