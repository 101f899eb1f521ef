/* Builds filters: conjunctions and negations. NULL means no condition, like an empty object. */
#include "query/bind.h"

rille_status rl_filter_new(rl_binder *b, rl_filter_kind kind, const rl_field *field, rl_filter **out) {
  *out = RL_NEW(b->arena, rl_filter);
  if (!*out) return rl_nomem(b);
  (*out)->kind = kind;
  (*out)->field = field;
  return RILLE_OK;
}

rille_status rl_filters_add(rl_binder *b, rl_filters *list, rl_filter *f) {
  if (!f) return RILLE_OK;
  if (list->count == list->cap) {
    size_t cap = list->cap ? list->cap * 2 : 4;
    rl_filter **items = RL_NEW_ARRAY(b->arena, rl_filter *, cap);
    if (!items) return rl_nomem(b);
    for (size_t i = 0; i < list->count; i++) items[i] = list->items[i];
    list->items = items;
    list->cap = cap;
  }
  list->items[list->count++] = f;
  return RILLE_OK;
}

static rille_status combine_filters(rl_binder *b, rl_filter_kind kind, const rl_filters *list, rl_filter **out) {
  RL_TRY(rl_filter_new(b, kind, NULL, out));
  (*out)->items = list->items;
  (*out)->count = list->count;
  return RILLE_OK;
}

rille_status rl_filters_and(rl_binder *b, rl_filters *list, rl_filter **out) {
  RL_TRY(rl_join_searches(b, RL_FILTER_AND, list));
  *out = list->count ? list->items[0] : NULL;
  return list->count > 1 ? combine_filters(b, RL_FILTER_AND, list, out) : RILLE_OK;
}

rille_status rl_filter_not(rl_binder *b, rl_filter *inner, rl_filter **out) {
  *out = NULL;
  if (!inner) return RILLE_OK;
  rl_filters list = {0};
  RL_TRY(rl_filters_add(b, &list, inner));
  return combine_filters(b, RL_FILTER_NOT, &list, out);
}

const rl_word rl_grouping_words[3] = {{"AND", RL_WORD_AND}, {"OR", RL_WORD_OR}, {"NOT", RL_WORD_NOT}};

/* OR without an alternative is false, also if all of its objects are empty. NOT of a list negates each element. */
rille_status rl_bind_grouping(rl_binder *b, const rl_model *model, int id, rl_arg *arg, rl_where_fn *fn,
                              rl_filter **out) {
  rl_args parts;
  RL_TRY(rl_expect_many(b, arg, false, &parts));
  rl_filters list = {0};
  for (size_t i = 0; i < parts.count; i++) {
    rl_filter *f;
    RL_TRY(fn(b, model, &parts.items[i], &f));
    if (id == RL_WORD_NOT) RL_TRY(rl_filter_not(b, f, &f));
    RL_TRY(rl_filters_add(b, &list, f));
  }
  if (id != RL_WORD_OR) return rl_filters_and(b, &list, out);
  if (list.count == 0) return rl_filter_new(b, RL_FILTER_FALSE, NULL, out);
  RL_TRY(rl_join_searches(b, RL_FILTER_OR, &list));
  *out = list.items[0];
  return list.count > 1 ? combine_filters(b, RL_FILTER_OR, &list, out) : RILLE_OK;
}
