/* What the dialects share: quoting, wire types, plain operators. */
#include "sql/dialect.h"

void rl_identifier_quote(rl_buf *out, rl_str name) {
  rl_buf_byte(out, '"');
  for (size_t i = 0; i < name.len; i++) {
    if (name.p[i] == '"') rl_buf_byte(out, '"');
    rl_buf_byte(out, name.p[i]);
  }
  rl_buf_byte(out, '"');
}

static rl_wire text_wire(rl_native native) {
  switch (native) {
  case RL_NATIVE_UUID: return RL_WIRE_UUID;
  case RL_NATIVE_INET:
  case RL_NATIVE_XML:
  case RL_NATIVE_BIT:
  case RL_NATIVE_VARBIT:
  case RL_NATIVE_CITEXT: return RL_WIRE_UNKNOWN;
  default: return RL_WIRE_TEXT;
  }
}

static rl_wire time_wire(rl_native native) {
  switch (native) {
  case RL_NATIVE_TIMESTAMPTZ: return RL_WIRE_TIMESTAMPTZ;
  case RL_NATIVE_DATE: return RL_WIRE_DATE;
  case RL_NATIVE_TIME: return RL_WIRE_TIME;
  case RL_NATIVE_TIMETZ: return RL_WIRE_TIMETZ;
  default: return RL_WIRE_TIMESTAMP;
  }
}

static rl_wire int_wire(rl_native native) {
  if (native == RL_NATIVE_SMALLINT) return RL_WIRE_INT2;
  return native == RL_NATIVE_OID ? RL_WIRE_OID : RL_WIRE_INT4;
}

static rl_wire wire_of(const rl_type *type) {
  switch (type->scalar) {
  case RL_STRING: return text_wire(type->native);
  case RL_BOOLEAN: return RL_WIRE_BOOL;
  case RL_INT: return int_wire(type->native);
  case RL_BIGINT: return RL_WIRE_INT8;
  case RL_FLOAT: return type->native == RL_NATIVE_REAL ? RL_WIRE_FLOAT4 : RL_WIRE_FLOAT8;
  case RL_DECIMAL: return RL_WIRE_DECIMAL; /* money too: statements cast it in both directions */
  case RL_DATETIME: return time_wire(type->native);
  case RL_JSON: return type->native == RL_NATIVE_JSON ? RL_WIRE_JSON : RL_WIRE_JSONB;
  case RL_BYTES: return RL_WIRE_BYTES;
  case RL_ENUM: return RL_WIRE_ENUM;
  case RL_UNSUPPORTED: return RL_WIRE_UNKNOWN;
  }
  return RL_WIRE_UNKNOWN;
}

rl_wire_type rl_wire_type_of(const rl_type *type) {
  return (rl_wire_type){.wire = wire_of(type), .list = type->list};
}

rl_expr rl_x_like(rl_writer *w, rl_expr subject, const char *operator_, rl_expr pattern) {
  return rl_x(w, "%s %s %s ESCAPE '\\'", subject, operator_, pattern);
}

rl_expr rl_x_arithmetic(rl_writer *w, rl_assign_op op, rl_expr column, rl_expr operand) {
  switch (op) {
  case RL_INCREMENT: return rl_x(w, "%s + %s", column, operand);
  case RL_DECREMENT: return rl_x(w, "%s - %s", column, operand);
  case RL_MULTIPLY: return rl_x(w, "%s * %s", column, operand);
  case RL_DIVIDE: return rl_x(w, "%s / %s", column, operand);
  case RL_SET:
  case RL_PUSH: return operand;
  }
  return operand;
}
