/* order_by: fields, fields of to-one relations, counts of to-many ones, relevance, and aggregates in group_by. */
#include "query/bind.h"

static const rl_word sort_words[] = {{"asc", 0}, {"desc", 1}};
static const rl_word nulls_words[] = {{"first", RL_NULLS_FIRST}, {"last", RL_NULLS_LAST}};
static const rl_word option_words[] = {{"sort", 0}, {"nulls", 1}};

typedef struct walk { /* the to-one relations that lead to the field */
  const rl_field *path[64];
  size_t count;
} walk;

static rille_status bind_direction(rl_binder *b, rl_arg *arg, bool *descending) {
  int id;
  RL_TRY(rl_expect_word(b, arg, sort_words, RL_COUNT_OF(sort_words), &id));
  *descending = id == 1;
  return RILLE_OK;
}

/* Returns why the value can never be NULL; NULL: it can. */
static const char *why_never_null(const rl_order *order) {
  if (order->kind == RL_ORDER_COUNT || order->aggregate == RL_AGG_COUNT) return "is a count";
  if (order->kind != RL_ORDER_FIELD) return NULL;
  if (order->field->list) return "is a list";
  return order->field->required ? "is required" : NULL;
}

/* Reads "desc" or { sort = "desc", nulls = "last" }. The kind of order is already in `out`. */
static rille_status bind_sorting(rl_binder *b, const rl_field *field, rl_arg *arg, rl_order *out) {
  if (arg->kind != RL_ARG_OBJECT) return bind_direction(b, arg, &out->descending);
  rl_arg *sort = NULL;
  for (size_t i = 0; i < arg->count; i++) {
    rl_arg *member = &arg->children[i];
    int id = rl_word_id(option_words, RL_COUNT_OF(option_words), member->key), nulls;
    if (id == 0) {
      sort = member;
    } else if (id == 1) {
      const char *reason = why_never_null(out);
      if (reason)
        return rl_bad(b, member, field, "`%.*s` %s, so it is never NULL; leave `nulls` out", RL_STR_ARG(field->name),
                      reason);
      RL_TRY(rl_expect_word(b, member, nulls_words, RL_COUNT_OF(nulls_words), &nulls));
      out->nulls = (rl_nulls)nulls;
    } else {
      rl_choices names = {.arena = b->arena};
      rl_choices_words(&names, option_words, RL_COUNT_OF(option_words));
      return rl_bad_name(b, member, member->key, "option", NULL, &names);
    }
  }
  if (!sort) return rl_bad_child(b, RL_P2013, arg, "sort", field, "missing; expected \"asc\" or \"desc\"");
  return bind_direction(b, sort, &out->descending);
}

/* Returns the member of an object with one key; *out is NULL for an empty one. */
static rille_status only_member(rl_binder *b, rl_arg *arg, rl_arg **out) {
  *out = NULL;
  RL_TRY(rl_expect_object(b, arg, "a table with one key, like `{ name = \"asc\" }`"));
  if (arg->count > 1)
    return rl_bad(
        b, arg, NULL,
        "expected one key, got %lu; a Lua table has no order, so write a list of tables with one key each, like "
        "`{ { %.*s = \"asc\" }, { %.*s = \"asc\" } }`",
        (unsigned long)arg->count, RL_STR_ARG(arg->children[0].key), RL_STR_ARG(arg->children[1].key));
  if (arg->count == 1) *out = &arg->children[0];
  return RILLE_OK;
}

/* ------------------------------------------------------------------ the kinds of order */

static rille_status order_by_count(rl_binder *b, const rl_field *relation, rl_arg *arg, rl_order *out) {
  rl_arg *member;
  RL_TRY(only_member(b, arg, &member));
  if (!member || !rl_str_is(member->key, "_count"))
    return rl_bad(b, member ? member : arg, relation,
                  "a to-many relation can be ordered only by its size: `{ _count = \"asc\" }`");
  out->kind = RL_ORDER_COUNT;
  out->field = relation;
  return bind_sorting(b, relation, member, out);
}

static rille_status order_by_relevance(rl_binder *b, const rl_model *model, rl_arg *arg, rl_order *out) {
  static const rl_word words[] = {{"fields", 0}, {"search", 1}, {"sort", 2}};
  RL_TRY(rl_expect_object(b, arg, "a table with `fields`, `search` and `sort`"));
  out->kind = RL_ORDER_RELEVANCE;
  for (size_t i = 0; i < arg->count; i++) {
    if (rl_word_id(words, RL_COUNT_OF(words), arg->children[i].key) >= 0) continue;
    rl_choices names = {.arena = b->arena};
    rl_choices_words(&names, words, RL_COUNT_OF(words));
    return rl_bad_name(b, &arg->children[i], arg->children[i].key, "option", NULL, &names);
  }
  rl_arg *parts[3] = {rl_get(arg, "fields"), rl_get(arg, "search"), rl_get(arg, "sort")};
  for (size_t i = 0; i < 3; i++)
    if (!parts[i]) return rl_bad_child(b, RL_P2013, arg, words[i].text, NULL, "missing; `_relevance` needs it");
  RL_TRY(rl_expect_fields(b, parts[0], model, &out->fields, &out->field_count));
  for (size_t i = 0; i < out->field_count; i++)
    if (out->fields[i]->type.scalar != RL_STRING)
      return rl_bad(b, parts[0], out->fields[i], "expected fields of type String, got `%.*s`",
                    RL_STR_ARG(out->fields[i]->name));
  rl_type text = rl_plain_type(RL_STRING);
  RL_TRY(rl_input_scalar(b, &text, NULL, parts[1], &out->search));
  return bind_direction(b, parts[2], &out->descending);
}

static const rl_aggregate functions[] = {RL_AGG_COUNT, RL_AGG_AVG, RL_AGG_SUM, RL_AGG_MIN, RL_AGG_MAX};

static rille_status order_by_aggregate(rl_binder *b, const rl_model *model, rl_aggregate fn, rl_arg *arg,
                                       rl_order *out) {
  rl_arg *member;
  RL_TRY(only_member(b, arg, &member));
  if (!member) return rl_bad(b, arg, NULL, "expected a table with the name of a field, got an empty table");
  out->kind = RL_ORDER_AGGREGATE;
  out->aggregate = fn;
  if (fn == RL_AGG_COUNT && rl_str_is(member->key, "_all")) {
    out->aggregate = RL_AGG_COUNT_ALL;
    return bind_direction(b, member, &out->descending);
  }
  out->field = rl_find_field(model, member->key);
  if (!out->field || out->field->is_relation) return rl_bad_field(b, member, member->key, model, true, false);
  if (!rl_can_aggregate(fn, out->field))
    return rl_bad(b, member, out->field, "this aggregate cannot be applied to `%.*s`", RL_STR_ARG(out->field->name));
  return bind_sorting(b, out->field, member, out);
}

static rille_status bind_order_member(rl_binder *b, const rl_model *model, rl_arg *member, bool grouped, walk *w,
                                      rl_order *out);

static rille_status order_by_relation(rl_binder *b, const rl_field *relation, rl_arg *arg, walk *w, rl_order *out) {
  if (relation->list) return order_by_count(b, relation, arg, out);
  if (w->count == RL_COUNT_OF(w->path))
    return rl_bad(b, arg, relation, "cannot follow more than %zu relations", RL_COUNT_OF(w->path));
  w->path[w->count++] = relation;
  rl_arg *member;
  RL_TRY(only_member(b, arg, &member));
  if (!member) return rl_bad(b, arg, relation, "expected a table with the name of a field, got an empty table");
  return bind_order_member(b, relation->target, member, false, w, out);
}

static rille_status bind_order_member(rl_binder *b, const rl_model *model, rl_arg *member, bool grouped, walk *w,
                                      rl_order *out) {
  int fn = rl_word_id(rl_aggregate_words, RL_COUNT_OF(rl_aggregate_words), member->key);
  if (grouped && fn >= 0) return order_by_aggregate(b, model, functions[fn], member, out);
  if (rl_str_is(member->key, "_relevance") && !grouped) return order_by_relevance(b, model, member, out);
  const rl_field *field = rl_find_field(model, member->key);
  if (field && !field->is_relation) {
    out->kind = RL_ORDER_FIELD;
    out->field = field;
    return bind_sorting(b, field, member, out);
  }
  if (field && !grouped) return order_by_relation(b, field, member, w, out);
  rl_choices names = {.arena = b->arena};
  rl_choices_fields(&names, model, true, !grouped);
  if (grouped) rl_choices_words(&names, rl_aggregate_words, RL_COUNT_OF(rl_aggregate_words));
  return rl_bad_name(b, member, member->key, "field", model, &names);
}

/* Keeps the scopes of the models on the way. */
static rille_status keep_scopes(rl_binder *b, const walk *w, rl_order *out) {
  bool counts = out->kind == RL_ORDER_COUNT;
  if (!b->tree->suffix_count || (w->count == 0 && !counts)) return RILLE_OK;
  out->scopes = RL_NEW_ARRAY(b->arena, rl_filter *, w->count + 1);
  if (!out->scopes) return rl_nomem(b);
  for (size_t i = 0; i < w->count; i++) RL_TRY(rl_scope_of(b, w->path[i]->target, &out->scopes[i]));
  return counts ? rl_scope_of(b, out->field->target, &out->scopes[w->count]) : RILLE_OK;
}

static rille_status keep_path(rl_binder *b, const walk *w, rl_order *out) {
  RL_TRY(keep_scopes(b, w, out));
  if (w->count == 0) return RILLE_OK;
  out->path = RL_NEW_ARRAY(b->arena, const rl_field *, w->count);
  if (!out->path) return rl_nomem(b);
  for (size_t i = 0; i < w->count; i++) out->path[i] = w->path[i];
  out->path_count = w->count;
  return RILLE_OK;
}

rille_status rl_bind_order(rl_binder *b, const rl_model *model, rl_arg *arg, bool grouped, rl_order **orders,
                           size_t *count) {
  rl_args list;
  RL_TRY(rl_expect_many(b, arg, false, &list));
  rl_order *found = RL_NEW_ARRAY(b->arena, rl_order, list.count);
  if (!found) return rl_nomem(b);
  *count = 0;
  for (size_t i = 0; i < list.count; i++) {
    rl_arg *member;
    walk w = {.count = 0};
    RL_TRY(only_member(b, &list.items[i], &member));
    if (!member) continue;
    rl_order *out = &found[(*count)++];
    RL_TRY(bind_order_member(b, model, member, grouped, &w, out));
    RL_TRY(keep_path(b, &w, out));
  }
  *orders = found;
  return RILLE_OK;
}
