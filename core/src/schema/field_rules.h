/* The rules that a field's doc comments have: `/// @length 3..200`. A doc line that begins with @ and one of our words
 * is a rule. Every other word after @ belongs to other tools and means nothing here. Rules are compiled with the
 * schema and are as immutable as it is; input/rules.h applies them. */
#ifndef RL_SCHEMA_FIELD_RULES_H
#define RL_SCHEMA_FIELD_RULES_H

#include "schema/schema.h"
#include "tape/tape.h"

typedef enum rl_rule_kind {
  RL_RULE_LENGTH, /* min, max: code points of a String, bytes of a Bytes, elements of a list */
  RL_RULE_RANGE,  /* min, max */
  RL_RULE_EMAIL,
  RL_RULE_URL,
  RL_RULE_PATTERN, /* text: a well-formed Lua pattern */
  RL_RULE_ONE_OF   /* items */
} rl_rule_kind;

typedef struct rl_bound {
  bool given;
  rl_str text;    /* as written */
  rl_value value; /* INT for lengths; otherwise of the field's kind, decimals in their text form */
} rl_bound;

typedef struct rl_rule {
  rl_rule_kind kind;
  rl_str text; /* what follows the word, as written */
  rl_bound min, max;
  rl_value *items; /* TEXT or INT */
  size_t item_count;
} rl_rule;

struct rl_field_rules {
  bool trim, lowercase; /* done in this order, before the checks */
  rl_rule *checks;      /* in order of the schema */
  size_t check_count;
  rl_str message; /* @message: replaces the messages of the rules; empty: none */
};

const char *rl_rule_word(rl_rule_kind kind); /* "length", "one-of"; static */

#endif
