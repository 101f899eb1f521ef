/* How values are encoded for a database and decoded from it: sql chooses, the drivers do it. */
#ifndef RL_TAPE_WIRE_H
#define RL_TAPE_WIRE_H

#include <stdbool.h>

/* The format of one value on its way to the database and back. */
typedef enum rl_wire {
  RL_WIRE_ANY, /* by the column's own type (raw queries) */
  RL_WIRE_TEXT,
  RL_WIRE_BOOL,
  RL_WIRE_INT2,
  RL_WIRE_INT4,
  RL_WIRE_INT8,
  RL_WIRE_OID,
  RL_WIRE_FLOAT4,
  RL_WIRE_FLOAT8,
  RL_WIRE_DECIMAL,
  RL_WIRE_TIMESTAMP,
  RL_WIRE_TIMESTAMPTZ,
  RL_WIRE_DATE,
  RL_WIRE_TIME,
  RL_WIRE_TIMETZ,
  RL_WIRE_JSON,
  RL_WIRE_JSONB,
  RL_WIRE_BYTES,
  RL_WIRE_UUID,
  RL_WIRE_ENUM,   /* a type that only the database knows: parameters are sent as text of unknown type */
  RL_WIRE_UNKNOWN /* inet, xml, bit, money, citext, ...: text in, text out; the statement casts if needed */
} rl_wire;

/* SQLite stores date-times as text or as a number. rille writes one format, which the URL chooses. CURRENT_TIMESTAMP of
 * the database has another, the brief format: "2026-11-22 12:00:00". */
typedef enum rl_datetime_style {
  RL_DATETIME_WRITTEN, /* only the format that rille writes */
  RL_DATETIME_BRIEF,   /* a parameter in the brief format, with a fraction if it has one */
  RL_DATETIME_BOTH     /* a column with values in either format; a list with each value in both */
} rl_datetime_style;

/* How a parameter is encoded, or a result column decoded. */
typedef struct rl_wire_type {
  rl_wire wire;
  bool list; /* an array of it. SQLite has no arrays: a list is bound as the text of a JSON array, and read from such
                text */
  rl_datetime_style datetime_style;
} rl_wire_type;

#endif
