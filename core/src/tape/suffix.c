/* Suffixes: finished values that follow the arguments on many tapes. */
#include "tape/shape.h"

static char *put(char *p, rl_str s) {
  if (s.len) memcpy(p, s.p, s.len);
  return p + s.len;
}

static char *put_letter(char *p, char letter) {
  *p = letter;
  return p + 1;
}

static char *put_key(char *p, rl_str key) {
  *p++ = SHAPE_KEY;
  *p++ = (char)(key.len & 0xFF);
  *p++ = (char)(key.len >> 8);
  return put(p, key);
}

static bool borrows(const rl_value *v) {
  return v->len &&
         (v->kind == RILLE_TEXT || v->kind == RILLE_BYTES || v->kind == RILLE_DECIMAL || v->kind == RILLE_JSON);
}

/* Copies the values, with their texts. */
static bool copy_values(rl_value *to, const rl_value *from, size_t count, rl_arena *arena) {
  for (size_t i = 0; i < count; i++) {
    to[i] = from[i];
    if (!borrows(&from[i])) continue;
    to[i].as.p = rl_arena_str(arena, rl_str_make(from[i].as.p, from[i].len)).p;
    if (!to[i].as.p) return false;
  }
  return true;
}

const rl_tape_suffix *rl_tape_suffix_new(const rl_tape *t, rl_str name, rl_str other, const rl_str *keys, size_t count,
                                         const rl_tape_suffix *before, rl_arena *arena, rl_str *own) {
  static const rl_tape_suffix nothing;
  if (!before) before = &nothing;
  rl_str shape = {t->shape.p, t->end.suffix ? t->end.shape : t->shape.len};
  size_t values = t->end.suffix ? t->end.values : t->value_count, keys_len = 0;
  for (size_t i = 0; i < count; i++) keys_len += SHAPE_KEY_HEAD + keys[i].len + 1;
  size_t most = before->shape.len + shape.len + keys_len + name.len + other.len + 2 * (SHAPE_KEY_HEAD + 2);
  rl_tape_suffix *s = RL_NEW(arena, rl_tape_suffix);
  char *start = rl_arena_alloc(arena, most);
  rl_value *all = RL_NEW_ARRAY(arena, rl_value, before->value_count + values + 1);
  if (!s || !start || !all) return NULL;
  if (!copy_values(all, before->values, before->value_count, arena)) return NULL;
  if (!copy_values(all + before->value_count, t->values, values, arena)) return NULL;
  char *p = put(start, before->shape);
  char *first = p;
  p = put(put_key(put_letter(p, SHAPE_OPEN_OBJECT), name), shape);
  p = put_letter(put_key(p, other), SHAPE_OPEN_OBJECT);
  for (size_t i = 0; i < count; i++) p = put_letter(put_key(p, keys[i]), SHAPE_NULL);
  p = put_letter(put_letter(p, SHAPE_CLOSE_OBJECT), SHAPE_CLOSE_OBJECT);
  *own = rl_str_make(first, (size_t)(p - first));
  *s = (rl_tape_suffix){rl_str_make(start, (size_t)(p - start)), all, before->value_count + values};
  return s;
}
