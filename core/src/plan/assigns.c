/* Lists of assignments, and a relation's key as assignments. */
#include "plan/write.h"

void rl_assigns_put(rl_builder *b, rl_assigns *list, rl_assign assign) {
  for (size_t i = 0; i < list->count; i++) {
    if (list->items[i].field != assign.field) continue;
    list->items[i] = assign;
    return;
  }
  list->items = rl_more(b, list->items, list->count, &list->cap, sizeof *list->items);
  list->items[list->count++] = assign;
}

void rl_assigns_all(rl_builder *b, rl_assigns *list, const rl_assign *items, size_t count) {
  for (size_t i = 0; i < count; i++) rl_assigns_put(b, list, items[i]);
}

void rl_assigns_key(rl_builder *b, rl_assigns *list, const rl_relation *relation, const rl_at *other) {
  for (size_t i = 0; i < relation->count; i++)
    rl_assigns_put(b, list,
                   (rl_assign){.field = relation->fields[i],
                               .op = RL_SET,
                               .input = rl_at_value(b, other, relation->references[i])});
}

void rl_assigns_no_key(rl_builder *b, rl_assigns *list, const rl_relation *relation) {
  for (size_t i = 0; i < relation->count; i++)
    if (!relation->fields[i]->required)
      rl_assigns_put(b, list, (rl_assign){.field = relation->fields[i], .op = RL_SET});
}
