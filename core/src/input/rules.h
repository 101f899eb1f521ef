/* The rules of a field (schema/field_rules.h), applied to a value that already has the field's type: rl_coerce comes
 * first. NULL passes every rule. Only @lowercase, and lists whose elements it changes, allocate memory. */
#ifndef RL_INPUT_RULES_H
#define RL_INPUT_RULES_H

#include "input/input.h"
#include "schema/field_rules.h"

/* Applies @trim and @lowercase, to each element of a list. New text is allocated in the arena. Errors: out of memory.
 */
rille_status rl_rules_change(const rl_field_rules *rules, rl_arena *arena, rl_value *value, rl_error *err);
/* The same, if there is anything to do. */
static inline rille_status rl_rules_transform(const rl_field_rules *rules, rl_arena *arena, rl_value *value,
                                              rl_error *err) {
  return rules->trim || rules->lowercase ? rl_rules_change(rules, arena, value, err) : RILLE_OK;
}

/* A violation of a rule by a value. */
typedef struct rl_rule_fault {
  const char *code; /* static: too_short, too_long, too_small, too_large, not_one_of, not_email, not_url, bad_format */
  const char *rule; /* static: the word of the rule, "length" */
  rl_str limit;     /* the bound, the values or the pattern, as written in the schema; empty: none */
  uint32_t element; /* of a list, from 1; 0: the value as a whole */
  const rl_rule *by;
} rl_rule_fault;

/* Compares a transformed value with the rules from number *at on (0 at first). Returns true with the next violation,
 * and moves *at after its rule; false: none. pushed: the value has elements that are appended to a list, so the length
 * of the list is unknown. */
bool rl_rules_check(const rl_field *field, const rl_value *value, bool pushed, uint32_t *at, rl_rule_fault *fault);

/* Writes the message for the person at a form: @message, or "must be at least 3 characters long". */
void rl_rule_message(const rl_field *field, const rl_rule_fault *fault, rl_buf *out);

/* Sets INPUT, "path: message", with the details path, model, field and rule. */
rille_status rl_rules_refuse(const rl_input *input, const rl_rule_fault *fault, rl_arena *arena, rl_error *err);

/* Both, for a value that is about to be written. The first violation is an error as above. */
rille_status rl_rules_apply(const rl_input *input, bool pushed, rl_arena *arena, rl_value *value, rl_error *err);

#endif
