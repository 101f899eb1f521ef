/* Arrays as parameters: binary if the elements' type is, otherwise the server's text form. */
#include "driver/postgres/pg.h"

static Oid element_type(rl_wire wire) {
  switch (wire) {
  case RL_WIRE_TEXT: return RL_OID_TEXT;
  case RL_WIRE_BOOL: return RL_OID_BOOL;
  case RL_WIRE_INT2: return RL_OID_INT2;
  case RL_WIRE_INT4: return RL_OID_INT4;
  case RL_WIRE_INT8: return RL_OID_INT8;
  case RL_WIRE_OID: return RL_OID_OID;
  case RL_WIRE_FLOAT4: return RL_OID_FLOAT4;
  case RL_WIRE_FLOAT8: return RL_OID_FLOAT8;
  case RL_WIRE_TIMESTAMP: return RL_OID_TIMESTAMP;
  case RL_WIRE_TIMESTAMPTZ: return RL_OID_TIMESTAMPTZ;
  case RL_WIRE_DATE: return RL_OID_DATE;
  case RL_WIRE_TIME: return RL_OID_TIME;
  case RL_WIRE_TIMETZ: return RL_OID_TIMETZ;
  case RL_WIRE_BYTES: return RL_OID_BYTEA;
  case RL_WIRE_UUID: return RL_OID_UUID;
  default: return 0;
  }
}

static void put_u32(rl_buf *out, uint32_t n) {
  unsigned char bytes[4] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16), (unsigned char)(n >> 8),
                            (unsigned char)n};
  rl_buf_put(out, bytes, 4);
}

static bool has_null(const rl_value *list) {
  for (uint32_t i = 0; i < list->len; i++)
    if (list->as.list[i].kind == RILLE_NULL) return true;
  return false;
}

static bool put_element(rl_buf *out, rl_wire wire, const rl_value *v) {
  if (v->kind == RILLE_NULL) {
    put_u32(out, UINT32_MAX);
    return true;
  }
  size_t at = out->len;
  put_u32(out, 0);
  if (!rl_pg_write_scalar(out, wire, v)) return false;
  if (out->failed) return true; /* reported at the end */
  uint32_t len = (uint32_t)(out->len - at - 4);
  for (int i = 0; i < 4; i++) out->p[at + (size_t)i] = (char)(unsigned char)(len >> (24 - 8 * i));
  return true;
}

bool rl_pg_write_array(rl_buf *out, rl_wire wire, const rl_value *list) {
  Oid element = element_type(wire);
  if (element == 0) return false;
  put_u32(out, list->len ? 1 : 0);
  put_u32(out, has_null(list) ? 1 : 0);
  put_u32(out, element);
  if (list->len == 0) return true;
  put_u32(out, list->len);
  put_u32(out, 1);
  for (uint32_t i = 0; i < list->len; i++)
    if (!put_element(out, wire, &list->as.list[i])) return false;
  return true;
}

/* Quotes every element, so no text can be taken for NULL, a brace or a separator. */
static void put_quoted(rl_buf *out, rl_wire wire, const rl_value *v) {
  rl_buf text;
  rl_buf_init(&text);
  rl_pg_write_text(&text, wire, v);
  rl_buf_byte(out, '"');
  for (size_t i = 0; i < text.len; i++) {
    if (text.p[i] == '"' || text.p[i] == '\\') rl_buf_byte(out, '\\');
    rl_buf_byte(out, text.p[i]);
  }
  rl_buf_byte(out, '"');
  out->failed = out->failed || text.failed;
  rl_buf_dispose(&text);
}

void rl_pg_write_array_text(rl_buf *out, rl_wire wire, const rl_value *list) {
  rl_buf_byte(out, '{');
  for (uint32_t i = 0; i < list->len; i++) {
    const rl_value *v = &list->as.list[i];
    if (i > 0) rl_buf_byte(out, ',');
    if (v->kind == RILLE_NULL)
      rl_buf_text(out, "NULL");
    else if (v->kind == RILLE_LIST)
      rl_pg_write_array_text(out, wire, v);
    else
      put_quoted(out, wire, v);
  }
  rl_buf_byte(out, '}');
}
