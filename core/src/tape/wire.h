/* How values travel to and from a database: agreed between sql, which chooses, and the drivers, which do it. */
#ifndef RL_TAPE_WIRE_H
#define RL_TAPE_WIRE_H

#include <stdbool.h>

/* What a parameter is bound as, and what a result column is decoded to. */
typedef enum rl_wire {
  RL_WIRE_ANY, /* as the database says (raw queries): decided by the column's own type */
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
  RL_WIRE_ENUM,   /* text of a type that only the database knows: parameters are sent as text of unknown type */
  RL_WIRE_UNKNOWN /* inet, xml, bit, money, citext, ...: text in, text out; the statement casts where it must */
} rl_wire;

/* SQLite keeps moments as text or as a number. rille writes one form, which the URL chooses; what the database fills a
 * column with by CURRENT_TIMESTAMP has another, the brief one: "2026-11-22 12:00:00". */
typedef enum rl_moments {
  RL_MOMENTS_WRITTEN, /* the form that is written, and no other */
  RL_MOMENTS_BRIEF,   /* a parameter in the brief form, with a fraction where it has one */
  RL_MOMENTS_BOTH     /* a column that may hold either; a list with each of its values in both */
} rl_moments;

typedef struct rl_slot {
  rl_wire wire;
  bool list; /* an array of it. SQLite has none: there a list is bound as the text of a Json array, and read from such
                text */
  rl_moments moments;
} rl_slot;

#endif
