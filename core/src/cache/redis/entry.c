/* What a computation has noted, and entries as bytes. */
#include "cache/redis/entry.h"

#include "base/alloc.h"
#include "base/hex.h"

enum { FORMAT = 4, DIGITS = RL_HEX_NUMBER };
static const char format[FORMAT + 1] = "rle1";

void rl_remote_work_init(rl_remote_work *w) {
  *w = (rl_remote_work){0};
  rl_buf_init(&w->key);
}

void rl_remote_work_dispose(rl_remote_work *w) {
  rl_free(w->notes);
  rl_buf_dispose(&w->key);
  rl_remote_work_init(w);
}

void rl_remote_work_clear(rl_remote_work *w) {
  rl_buf_reset(&w->key);
  w->count = 0;
  w->asked = w->spoiled = false;
  w->born_ms = 0;
}

static rl_note *find_note(const rl_remote_work *w, rl_name name) {
  for (size_t i = 0; i < w->count; i++)
    if (w->notes[i].name == name) return &w->notes[i];
  return NULL;
}

rl_note *rl_work_note(rl_remote_work *w, rl_name name) {
  if (w->count == w->cap) {
    size_t cap = w->cap ? w->cap * 2 : 16;
    rl_note *more = w->count <= RL_MOST_NAMES ? rl_realloc(w->notes, cap * sizeof *more) : NULL;
    if (!more) {
      w->spoiled = true;
      return NULL;
    }
    w->notes = more;
    w->cap = cap;
  }
  rl_note *n = &w->notes[w->count++];
  n->name = name;
  memset(n->stamp, 0, sizeof n->stamp);
  return n;
}

void rl_work_names(rl_remote_work *w, const rl_names *names) {
  if (names->everything) w->spoiled = true;
  for (size_t i = 0; i < names->count; i++)
    if (!find_note(w, names->items[i])) rl_work_note(w, names->items[i]);
}

void rl_remote_work_add(rl_remote_work *w, const rl_remote_work *hit) {
  if (hit->spoiled) w->spoiled = true;
  if (hit->born_ms && hit->born_ms < w->born_ms) w->born_ms = hit->born_ms;
  for (size_t i = 0; i < hit->count && !w->spoiled; i++) {
    rl_note *n = find_note(w, hit->notes[i].name);
    if (n && memcmp(n->stamp, hit->notes[i].stamp, RL_STAMP_SIZE) != 0) w->spoiled = true;
    if (!n && (n = rl_work_note(w, hit->notes[i].name))) memcpy(n->stamp, hit->notes[i].stamp, RL_STAMP_SIZE);
  }
}

/* ------------------------------------------------------------------ bytes */

static void write_name(rl_buf *out, rl_name name) {
  char digits[DIGITS];
  rl_hex_number(name, digits);
  rl_buf_put(out, digits, sizeof digits);
}

void rl_entry_write_notes(rl_buf *out, const rl_remote_work *w) {
  for (size_t i = 0; i < w->count; i++) {
    write_name(out, w->notes[i].name);
    rl_buf_put(out, w->notes[i].stamp, RL_STAMP_SIZE);
  }
}

void rl_entry_write_final(rl_buf *out, const rl_names *final) {
  write_name(out, RL_NAME_EVERYTHING);
  for (size_t i = 0; i < final->count; i++) write_name(out, final->items[i]);
}

void rl_entry_write_value(rl_buf *out, rl_str key, rl_str bytes) {
  rl_buf_put(out, format, FORMAT);
  for (int i = 0; i < 4; i++) rl_buf_byte(out, (char)(unsigned char)(key.len >> (8 * i) & 0xFF));
  rl_buf_str(out, key);
  rl_buf_str(out, bytes);
}

bool rl_entry_read_notes(rl_remote_work *w, rl_str notes) {
  enum { EACH = DIGITS + RL_STAMP_SIZE };
  if (notes.len == 0 || notes.len % EACH != 0) return false;
  w->count = 0;
  for (size_t at = 0; at < notes.len; at += EACH) {
    rl_name name;
    rl_note *n = rl_hex_read_number(rl_str_make(notes.p + at, DIGITS), &name) ? rl_work_note(w, name) : NULL;
    if (!n) return false;
    memcpy(n->stamp, notes.p + at + DIGITS, RL_STAMP_SIZE);
  }
  return true;
}

bool rl_entry_read_value(rl_str value, rl_str key, rl_str *bytes) {
  if (value.len < RL_ENTRY_HEAD || memcmp(value.p, format, FORMAT) != 0) return false;
  size_t len = 0;
  for (size_t i = RL_ENTRY_HEAD; i > FORMAT; i--) len = len << 8 | (unsigned char)value.p[i - 1];
  if (len != key.len || value.len - RL_ENTRY_HEAD < len || memcmp(value.p + RL_ENTRY_HEAD, key.p, len) != 0)
    return false;
  *bytes = rl_str_make(value.p + RL_ENTRY_HEAD + len, value.len - RL_ENTRY_HEAD - len);
  return true;
}
