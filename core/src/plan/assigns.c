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

static void agree(rl_builder *b, rl_assigns *list, const rl_assign *old, const rl_assign *new, rl_str path) {
  const rl_raise *differs = rl_raise_disagree(b, new->field, path);
  if (!old->input || !new->input) {
    const char *at = (const char *)rl_need(b, rl_arena_strdup(b->arena, path));
    rl_refuse(b, RL_VALIDATION, at, "%.*s", RL_STR_ARG(differs->message));
  }
  list->agreements = (rl_agreement *)rl_more(b, list->agreements, list->agreement_count, &list->agreement_cap,
                                             sizeof *list->agreements);
  list->agreements[list->agreement_count++] =
      (rl_agreement){.one = old->input, .other = new->input, .differs = differs};
}

void rl_assigns_join(rl_builder *b, rl_assigns *list, const rl_assigns *key, rl_str path) {
  for (size_t i = 0; i < key->count; i++) {
    const rl_assign *old = rl_assign_of(list->items, list->count, key->items[i].field);
    if (old && old->input != key->items[i].input) agree(b, list, old, &key->items[i], path);
    rl_assigns_put(b, list, key->items[i]);
  }
}

void rl_assigns_no_key(rl_builder *b, rl_assigns *list, const rl_relation *relation) {
  for (size_t i = 0; i < relation->count; i++)
    if (!relation->fields[i]->required)
      rl_assigns_put(b, list, (rl_assign){.field = relation->fields[i], .op = RL_SET});
}
