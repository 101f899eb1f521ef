/* having: conditions on groups, on the fields in `by` and on aggregates of any field. */
#include "query/bind.h"

static const rl_aggregate functions[] = {RL_AGG_COUNT, RL_AGG_AVG, RL_AGG_SUM, RL_AGG_MIN, RL_AGG_MAX};

/* Sets the type of an aggregate. A sum of Int can exceed Int, so its values have 64 bits. */
static void set_type_of_aggregate(rl_aggregate fn, const rl_field *f, rl_subject *s) {
  s->type = s->ref_type = f->type;
  switch (fn) {
  case RL_AGG_COUNT:
  case RL_AGG_COUNT_ALL:
    s->type = rl_plain_type(RL_BIGINT);
    s->ref_type = rl_plain_type(RL_INT);
    break;
  case RL_AGG_AVG: s->type = s->ref_type = rl_plain_type(f->type.scalar == RL_DECIMAL ? RL_DECIMAL : RL_FLOAT); break;
  case RL_AGG_SUM:
    s->type = rl_plain_type(f->type.scalar == RL_INT ? RL_BIGINT : f->type.scalar);
    if (f->type.native == RL_NATIVE_REAL) s->type.native = RL_NATIVE_REAL; /* the type that a read returns */
    break;
  default: break;
  }
}

static rille_status bind_aggregate(rl_binder *b, const rl_field *f, rl_aggregate fn, rl_arg *arg, rl_filter **out) {
  rl_subject s = {.model = f->model, .field = f, .aggregate = fn, .nullable = true};
  if (!rl_can_aggregate(fn, f))
    return rl_bad(b, arg, f, "this aggregate cannot be applied to `%.*s`", RL_STR_ARG(f->name));
  set_type_of_aggregate(fn, f, &s);
  return rl_bind_scalar_filter(b, &s, arg, out);
}

/* Binds the members that are aggregates. If there are none, the members are a condition on the field itself. */
static rille_status bind_field(rl_binder *b, const rl_field *f, rl_arg *arg, rl_filter **out) {
  if (arg->kind != RL_ARG_OBJECT) return rl_bind_field_filter(b, f, arg, out);
  rl_arg rest = *arg;
  rl_filters list = {0};
  rest.children = RL_NEW_ARRAY(b->arena, rl_arg, arg->count);
  if (!rest.children) return rl_nomem(b);
  rest.count = 0;
  rl_filter *filter;
  for (size_t i = 0; i < arg->count; i++) {
    int word = rl_word_id(rl_aggregate_words, RL_COUNT_OF(rl_aggregate_words), arg->children[i].key);
    if (word < 0) {
      rest.count++;
      continue;
    }
    RL_TRY(bind_aggregate(b, f, functions[word], &arg->children[i], &filter));
    RL_TRY(rl_filters_add(b, &list, filter));
  }
  if (rest.count == arg->count) return rl_bind_field_filter(b, f, arg, out);
  if (rest.count)
    return rl_bad(
        b, arg, f,
        "conditions on the field and on its aggregates cannot be in one table; write two tables in `AND = {...}`");
  return rl_filters_and(b, &list, out);
}

static rille_status bind_count_all(rl_binder *b, const rl_model *model, rl_arg *arg, rl_filter **out) {
  rl_type counted = rl_plain_type(RL_BIGINT);
  rl_subject s = {.model = model, .aggregate = RL_AGG_COUNT_ALL, .type = counted, .ref_type = rl_plain_type(RL_INT)};
  rl_arg *count = rl_get(arg, "_count");
  if (!count || arg->count != 1) return rl_bad(b, arg, NULL, "expected `{ _count = {...} }`");
  return rl_bind_scalar_filter(b, &s, count, out);
}

rille_status rl_bind_having(rl_binder *b, const rl_model *model, rl_arg *arg, rl_filter **out) {
  *out = NULL;
  RL_TRY(rl_expect_object(b, arg, "a table of conditions"));
  rl_filters list = {0};
  for (size_t i = 0; i < arg->count; i++) {
    rl_arg *member = &arg->children[i];
    rl_filter *filter;
    int id = rl_word_id(rl_grouping_words, RL_COUNT_OF(rl_grouping_words), member->key);
    const rl_field *f = rl_find_field(model, member->key);
    if (id >= 0)
      RL_TRY(rl_bind_grouping(b, model, id, member, rl_bind_having, &filter));
    else if (rl_str_is(member->key, "_all"))
      RL_TRY(bind_count_all(b, model, member, &filter));
    else if (!f || f->is_relation)
      return rl_bad_field(b, member, member->key, model, true, false);
    else
      RL_TRY(bind_field(b, f, member, &filter));
    RL_TRY(rl_filters_add(b, &list, filter));
  }
  return rl_filters_and(b, &list, out);
}
