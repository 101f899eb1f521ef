/* The operators of the typed query. */
#include "query/query.h"

static const rl_operator_info operators[] = {
#define RL_OPERATOR(id, negation, text, sign) [RL_OP_##id] = {RL_OP_##negation, text, sign},
#include "query/operators.def"
};

const rl_operator_info *rl_operator_info_of(rl_operator op) {
  return &operators[op];
}
