/* Defaults of the schema that the client fills in: generated and literal values. */
#include "input/convert.h"

#include "base/id.h"

static size_t make_id(rl_default_kind generator, int32_t size, char out[RL_ID_MAX]) {
  switch (generator) {
  case RL_DEFAULT_UUID4: return rl_id_uuid4(out);
  case RL_DEFAULT_UUID7: return rl_id_uuid7(out);
  case RL_DEFAULT_CUID: return rl_id_cuid(out);
  case RL_DEFAULT_CUID2: return rl_id_cuid2(out);
  case RL_DEFAULT_ULID: return rl_id_ulid(out);
  case RL_DEFAULT_NANOID: return rl_id_nanoid(out, size > 0 ? (size_t)size : 21);
  default: return 0;
  }
}

rille_status rl_generate(rl_default_kind generator, int32_t size, int64_t now_us, rl_arena *arena, rl_value *out,
                         rl_error *err) {
  if (generator == RL_DEFAULT_NOW) {
    *out = (rl_value){.kind = RILLE_DATETIME,
                      .as.i = now_us - (now_us % 1000 + 1000) % 1000}; /* milliseconds, as Prisma writes them */
    return RILLE_OK;
  }
  char id[RL_ID_MAX];
  size_t len = make_id(generator, size, id);
  if (len == 0) return rl_fail(err, RL_INTERNAL, "the system returned no random bytes for an id");
  rl_str kept = rl_arena_str(arena, rl_str_make(id, len));
  if (!kept.p) return rl_fail_nomem(err);
  *out = (rl_value){.kind = RILLE_TEXT, .len = (uint32_t)len, .as.p = kept.p};
  return RILLE_OK;
}

/* ------------------------------------------------------------------ literals */

static int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* Decodes a literal of Bytes, which is Base64 in the schema. */
static rille_status decode_bytes(rl_str text, rl_arena *arena, rl_value *out, rl_error *err) {
  char *bytes = rl_arena_alloc(arena, text.len + 1);
  if (!bytes) return rl_fail_nomem(err);
  size_t len = 0;
  uint32_t bits = 0, count = 0;
  for (size_t i = 0; i < text.len; i++) {
    int digit = base64_digit(text.p[i]);
    if (digit < 0) continue;
    bits = bits << 6 | (uint32_t)digit;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes[len++] = (char)(bits >> count & 0xff);
    }
  }
  *out = (rl_value){.kind = RILLE_BYTES, .len = (uint32_t)len, .as.p = bytes};
  return RILLE_OK;
}

static rille_status literal_number(const rl_input *input, rl_str text, rl_arena *arena, rl_value *out, rl_error *err) {
  rl_value decimal, given = {.kind = RILLE_TEXT, .len = (uint32_t)text.len, .as.p = text.p};
  rille_status status = rl_coerce_decimal(input, &given, arena, &decimal, err);
  if (status < 0) return status;
  return rl_coerce(input, &decimal, arena, out, err);
}

static rille_status coerce_literal(const rl_field *field, const rl_literal *l, rl_arena *arena, rl_value *out,
                                   rl_error *err) {
  rl_input input = {.kind = RL_INPUT_CONSTANT, .type = field->type, .field = field};
  input.type.list = false;
  rl_value given = {.kind = RILLE_TEXT, .len = (uint32_t)l->text.len, .as.p = l->text.p};
  if (l->kind == RL_LITERAL_BOOL) given = (rl_value){.kind = RILLE_BOOL, .as.i = rl_str_is(l->text, "true")};
  if (field->type.scalar == RL_BYTES) return decode_bytes(l->text, arena, out, err);
  if (field->type.scalar == RL_JSON) given.kind = RILLE_JSON;
  if (l->kind == RL_LITERAL_NUMBER && field->type.scalar != RL_JSON)
    return literal_number(&input, l->text, arena, out, err);
  return rl_coerce(&input, &given, arena, out, err);
}

rille_status rl_literal_value(const rl_field *field, rl_arena *arena, rl_value *out, rl_error *err) {
  if (field->def.kind != RL_DEFAULT_LIST) return coerce_literal(field, &field->def.literal, arena, out, err);
  rl_value *items = RL_NEW_ARRAY(arena, rl_value, field->def.item_count);
  if (!items) return rl_fail_nomem(err);
  for (size_t i = 0; i < field->def.item_count; i++) {
    rille_status status = coerce_literal(field, &field->def.items[i], arena, &items[i], err);
    if (status < 0) return status;
  }
  *out = (rl_value){.kind = RILLE_LIST, .len = (uint32_t)field->def.item_count, .as.list = items};
  return RILLE_OK;
}
