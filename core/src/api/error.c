/* The public functions of errors, versions and memory, and structs that start with their size. */
#include "api/handle.h"
#include "base/alloc.h"

static rille_error out_of_memory = {.error = {.code = RL_INTERNAL, .nomem = true}, .is_static = true};

rille_status rl_box(rille_status status, rl_error *error, rille_error **err) {
  if (status >= 0) {
    rl_error_clear(error);
    return status;
  }
  if (err) {
    bool no_memory = error->nomem || status == RILLE_NOMEM;
    rille_error *boxed = no_memory ? NULL : rl_calloc(1, sizeof *boxed);
    if (boxed) rl_error_move(&boxed->error, error);
    *err = boxed ? boxed : &out_of_memory;
    if (!boxed) status = RILLE_NOMEM;
  }
  rl_error_clear(error);
  return status;
}

rille_status rl_give_text(rille_status st, rl_buf *b, char **out, size_t *len, rl_error *error, rille_error **err) {
  size_t n = b->len;
  char *z = st == RILLE_OK ? rl_buf_take(b) : NULL;
  rl_buf_dispose(b);
  if (st == RILLE_OK && !z) st = rl_fail_nomem(error);
  if (st == RILLE_OK) {
    *out = z;
    if (len) *len = n;
  }
  return rl_box(st, error, err);
}

const char *rille_error_code(const rille_error *e) {
  return rl_code_name(e->error.code);
}
rille_kind rille_error_kind(const rille_error *e) {
  return rl_code_kind(e->error.code);
}
const char *rille_error_message(const rille_error *e) {
  return rl_error_message(&e->error);
}
const char *rille_error_sqlstate(const rille_error *e) {
  return e->error.sqlstate;
}
int32_t rille_error_native(const rille_error *e) {
  return e->error.native;
}
int rille_error_retryable(const rille_error *e) {
  return e->error.code == RL_P2034 || e->error.busy;
}
size_t rille_error_detail_count(const rille_error *e) {
  return e->error.detail_count;
}

const char *rille_error_detail_key(const rille_error *e, size_t i) {
  return i < e->error.detail_count ? e->error.details[i].key : NULL;
}

int rille_error_detail_is_list(const rille_error *e, size_t i) {
  return i < e->error.detail_count && e->error.details[i].is_list;
}

size_t rille_error_detail_value_count(const rille_error *e, size_t i) {
  return i < e->error.detail_count ? e->error.details[i].count : 0;
}

const char *rille_error_detail_value(const rille_error *e, size_t i, size_t value) {
  if (i >= e->error.detail_count || value >= e->error.details[i].count) return NULL;
  return e->error.details[i].values[value];
}

void rille_error_free(rille_error *e) {
  if (!e || e->is_static) return;
  rl_error_clear(&e->error);
  rl_free(e);
}

void rille_free(void *p) {
  rl_free(p);
}

void rille_allocator_set(rille_alloc_fn *fn, void *context) {
  rl_allocator_set(fn, context);
}

const char *rille_version(void) {
  return RILLE_VERSION_TEXT;
}

int rille_version_check(int major, int minor) {
  return major == RILLE_VERSION_MAJOR && minor <= RILLE_VERSION_MINOR;
}

/* More than any struct of options will have: a larger size was not set. */
#define LARGEST_OPTIONS 4096u

rille_status rl_read_options(void *to, size_t known, const void *from, size_t least, const char *name, rl_error *err) {
  uint32_t size;
  memset(to, 0, known);
  if (!from) return rl_fail(err, RL_VALIDATION, "%s: missing", name);
  memcpy(&size, from, sizeof size);
  if (size < least || size > LARGEST_OPTIONS)
    return rl_fail(err, RL_VALIDATION, "%s: struct_size: expected %zu to %u, got %u; set it to sizeof the struct", name,
                   least, LARGEST_OPTIONS, size);
  const char *bytes = from;
  for (size_t i = known; i < size; i++)
    if (bytes[i])
      return rl_fail(err, RL_P2026, "%s: this version of the library does not know an option that is set", name);
  memcpy(to, from, size < known ? size : known);
  return RILLE_OK;
}

rille_status rl_read_element(void *to, size_t known, const void **at, size_t least, const char *name, rl_error *err) {
  uint32_t size;
  memcpy(&size, *at, sizeof size);
  if (size % sizeof(void *))
    return rl_fail(err, RL_VALIDATION,
                   "%s: struct_size: expected a multiple of %zu, got %u; set it to sizeof the struct", name,
                   sizeof(void *), size);
  rille_status st = rl_read_options(to, known, *at, least, name, err);
  *at = (const char *)*at + size;
  return st;
}

void rl_write_struct(void *to, const void *from, size_t known) {
  uint32_t size;
  memcpy(&size, to, sizeof size);
  if (size > known) size = (uint32_t)known;
  if (size <= sizeof size) return;
  memcpy((char *)to + sizeof size, (const char *)from + sizeof size, size - sizeof size);
}
