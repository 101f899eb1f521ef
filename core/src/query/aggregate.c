/* aggregate, group_by and count with select: which numbers are computed, and for which groups. */
#include "query/bind.h"

const rl_word rl_aggregate_words[5] = {{"_count", RL_WORD_COUNT},
                                       {"_avg", RL_WORD_AVG},
                                       {"_sum", RL_WORD_SUM},
                                       {"_min", RL_WORD_MIN},
                                       {"_max", RL_WORD_MAX}};
static const rl_aggregate functions[] = {RL_AGG_COUNT, RL_AGG_AVG, RL_AGG_SUM, RL_AGG_MIN, RL_AGG_MAX};

bool rl_can_aggregate(rl_aggregate fn, const rl_field *f) {
  bool number = f->type.scalar == RL_INT || f->type.scalar == RL_BIGINT || f->type.scalar == RL_FLOAT ||
                f->type.scalar == RL_DECIMAL;
  switch (fn) {
  case RL_AGG_AVG:
  case RL_AGG_SUM: return number && !f->list;
  case RL_AGG_MIN:
  case RL_AGG_MAX: return !f->list && f->type.scalar != RL_JSON;
  default: return true;
  }
}

static rille_status add_aggregate(rl_binder *b, rl_aggregate fn, const rl_field *field, rl_str group, rl_str name) {
  rl_query *q = b->query;
  if (!q->aggregates) {
    size_t most = 5 * (q->model->column_count + 2);
    q->aggregates = RL_NEW_ARRAY(b->arena, rl_aggregate_column, most);
    if (!q->aggregates) return rl_nomem(b);
  }
  q->aggregates[q->aggregate_count++] = (rl_aggregate_column){fn, field, group, name};
  return RILLE_OK;
}

/* Reads true, or for a count { distinct = true }. */
static rille_status read_is_on(rl_binder *b, rl_arg *arg, rl_aggregate *fn, bool *on) {
  if (arg->kind != RL_ARG_OBJECT || *fn != RL_AGG_COUNT) return rl_expect_flag(b, arg, on);
  rl_arg *distinct = rl_get(arg, "distinct");
  if (!distinct || arg->count != 1) return rl_bad(b, arg, NULL, "expected a boolean or `{ distinct = true }`");
  bool only;
  *on = true;
  RL_TRY(rl_expect_flag(b, distinct, &only));
  if (only) *fn = RL_AGG_COUNT_DISTINCT;
  return RILLE_OK;
}

static rille_status bind_member(rl_binder *b, rl_aggregate fn, rl_str group, rl_arg *member, size_t *count) {
  const rl_model *model = b->query->model;
  bool all = fn == RL_AGG_COUNT && rl_str_is(member->key, "_all"), on;
  const rl_field *f = all ? NULL : rl_find_field(model, member->key);
  if (!all && (!f || f->is_relation || !rl_can_aggregate(fn, f))) {
    rl_choices names = {.arena = b->arena};
    for (size_t i = 0; i < model->column_count; i++)
      if (!model->columns[i]->ignored && rl_can_aggregate(fn, model->columns[i]))
        rl_choices_add(&names, model->columns[i]->name);
    if (fn == RL_AGG_COUNT) rl_choices_add(&names, RL_STR("_all"));
    return rl_bad_name(b, member, member->key, "field for this aggregate", model, &names);
  }
  RL_TRY(read_is_on(b, member, &fn, &on));
  if (!on) return RILLE_OK;
  ++*count;
  return add_aggregate(b, all ? RL_AGG_COUNT_ALL : fn, f, group, all ? RL_STR("_all") : f->name);
}

static rille_status bind_members(rl_binder *b, rl_aggregate fn, rl_str group, rl_arg *arg) {
  size_t count = 0;
  RL_TRY(rl_refuse_names(b, arg));
  RL_TRY(rl_expect_object(b, arg, "a table with the names of fields"));
  for (size_t i = 0; i < arg->count; i++) RL_TRY(bind_member(b, fn, group, &arg->children[i], &count));
  return count ? RILLE_OK
               : rl_bad(b, arg, NULL, "must name at least one field of %.*s", RL_STR_ARG(b->query->model->name));
}

static rille_status bind_function(rl_binder *b, int word, rl_arg *arg) {
  rl_str group = rl_str_of(rl_aggregate_words[word].text);
  if (word != RL_WORD_COUNT || arg->kind != RL_ARG_BOOL) return bind_members(b, functions[word], group, arg);
  bool on;
  RL_TRY(rl_expect_flag(b, arg, &on));
  return on ? add_aggregate(b, RL_AGG_COUNT_ALL, NULL, RL_STR(""), group) : RILLE_OK;
}

static rille_status bind_functions(rl_binder *b, rl_arg *args) {
  for (int i = 0; i < 5; i++) {
    rl_arg *arg = rl_get(args, rl_aggregate_words[i].text);
    if (arg) RL_TRY(bind_function(b, i, arg));
  }
  return RILLE_OK;
}

rille_status rl_bind_aggregates(rl_binder *b, rl_arg *args) {
  RL_TRY(bind_functions(b, args));
  if (b->query->aggregate_count) return RILLE_OK;
  return rl_bad(b, args, NULL, "expected at least one of `_count`, `_sum`, `_avg`, `_min`, `_max`");
}

rille_status rl_bind_count_select(rl_binder *b, rl_arg *select) {
  if (select && select->kind == RL_ARG_BOOL) {
    bool on;
    RL_TRY(rl_expect_flag(b, select, &on));
    select = NULL;
  }
  b->query->count_plain = !select;
  if (!select) return add_aggregate(b, RL_AGG_COUNT_ALL, NULL, RL_STR(""), RL_STR("_all"));
  return bind_members(b, RL_AGG_COUNT, RL_STR(""), select);
}

/* ------------------------------------------------------------------ group_by */

/* Reads { createdAt = "month" }, an element of `by` that groups rows by a period of a date-time. */
static rille_status bind_period(rl_binder *b, rl_arg *arg, const rl_field **field, rl_period *period) {
  static const rl_word words[] = {{"year", RL_PERIOD_YEAR},
                                  {"month", RL_PERIOD_MONTH},
                                  {"week", RL_PERIOD_WEEK},
                                  {"day", RL_PERIOD_DAY},
                                  {"hour", RL_PERIOD_HOUR}};
  const rl_model *model = b->query->model;
  if (arg->count != 1)
    return rl_bad(b, arg, NULL,
                  "expected the name of a field, or a field and its period like `{ createdAt = \"month\" }`");
  rl_arg *member = &arg->children[0];
  int id;
  *field = rl_find_field(model, member->key);
  if (!*field || (*field)->is_relation) return rl_bad_field(b, member, member->key, model, true, false);
  const rl_type *t = &(*field)->type;
  bool dated = t->scalar == RL_DATETIME && t->native != RL_NATIVE_TIME && t->native != RL_NATIVE_TIMETZ;
  if (!dated || (*field)->list)
    return rl_bad(b, member, *field, "`%.*s` is not a DateTime field, so it has no periods",
                  RL_STR_ARG((*field)->name));
  RL_TRY(rl_expect_word(b, member, words, RL_COUNT_OF(words), &id));
  *period = (rl_period)id;
  return RILLE_OK;
}

static rille_status bind_by_one(rl_binder *b, rl_arg *arg) {
  rl_query *q = b->query;
  const rl_field **field = &q->by[q->by_count], **one = NULL;
  rl_period *period = &q->periods[q->by_count];
  size_t count;
  if (arg->kind == RL_ARG_OBJECT) {
    RL_TRY(bind_period(b, arg, field, period));
  } else {
    RL_TRY(rl_expect_fields(b, arg, q->model, &one, &count));
    if (count != 1) return rl_bad(b, arg, NULL, "expected the name of a field, got a list");
    *field = one[0];
  }
  for (size_t i = 0; i < q->by_count; i++)
    if (q->by[i] == *field && q->periods[i] != *period)
      return rl_bad(b, arg, *field, "`%.*s` is given twice; the result can have only one value of that name",
                    RL_STR_ARG((*field)->name));
  q->by_count++;
  return RILLE_OK;
}

static rille_status bind_by(rl_binder *b, rl_arg *by) {
  rl_query *q = b->query;
  rl_args list = {by, 1};
  rl_plain(by);
  if (by->kind != RL_ARG_TEXT) RL_TRY(rl_expect_many(b, by, false, &list));
  q->by = RL_NEW_ARRAY(b->arena, const rl_field *, list.count + 1);
  q->periods = RL_NEW_ARRAY(b->arena, rl_period, list.count + 1);
  if (!q->by || !q->periods) return rl_nomem(b);
  for (size_t i = 0; i < list.count; i++) RL_TRY(bind_by_one(b, &list.items[i]));
  if (q->by_count) return RILLE_OK;
  return rl_bad(b, by, NULL, "must name at least one field of %.*s", RL_STR_ARG(q->model->name));
}

static bool is_grouped(const rl_query *q, const rl_field *f, rl_period *period) {
  for (size_t i = 0; i < q->by_count; i++) {
    if (q->by[i] != f) continue;
    *period = q->periods[i];
    return true;
  }
  return false;
}

static rille_status check_order(rl_binder *b, rl_arg *args) {
  const rl_query *q = b->query;
  rl_buf missing;
  rl_buf_init(&missing);
  for (size_t i = 0; i < q->read.order_count; i++) {
    rl_order *o = &q->read.orders[i];
    if (o->kind == RL_ORDER_FIELD && !is_grouped(q, o->field, &o->period))
      rl_buf_printf(&missing, "%s`%.*s`", missing.len ? ", " : "", RL_STR_ARG(o->field->name));
  }
  const char *z = rl_buf_z(&missing);
  rille_status status = z ? RILLE_OK : rl_nomem(b);
  if (z && *z)
    status = rl_bad_code(b, RL_P2019, rl_get(args, "order_by"), NULL,
                         "fields in `order_by` must also be in `by`; missing in `by`: %s", z);
  rl_buf_dispose(&missing);
  return status;
}

static void find_missing(const rl_query *q, const rl_filter *f, rl_buf *out) {
  if (!f) return;
  for (size_t i = 0; i < f->count; i++) find_missing(q, f->items[i], out);
  rl_period period = RL_PERIOD_NONE; /* a group by period has no single value of the field */
  if (f->field && f->aggregate == RL_AGG_NONE && (!is_grouped(q, f->field, &period) || period))
    rl_buf_printf(out, "%s`%.*s`", out->len ? ", " : "", RL_STR_ARG(f->field->name));
}

static rille_status check_having(rl_binder *b, rl_arg *arg) {
  rl_buf missing;
  rl_buf_init(&missing);
  find_missing(b->query, b->query->having, &missing);
  const char *z = rl_buf_z(&missing);
  rille_status status = z ? RILLE_OK : rl_nomem(b);
  if (z && *z)
    status =
        rl_bad_code(b, RL_P2019, arg, NULL,
                    "fields in `having` must also be in `by`, or be filtered by an aggregate; missing in `by`: %s", z);
  rl_buf_dispose(&missing);
  return status;
}

rille_status rl_bind_group_by(rl_binder *b, rl_arg *args) {
  rl_query *q = b->query;
  rl_arg *by = rl_get(args, "by"), *having = rl_get(args, "having");
  RL_TRY(bind_by(b, by));
  RL_TRY(check_order(b, args));
  if (having) {
    RL_TRY(rl_bind_having(b, q->model, having, &q->having));
    RL_TRY(check_having(b, having));
  }
  rl_arg *cut = rl_get(args, "take") ? rl_get(args, "take") : rl_get(args, "skip");
  if (cut && q->read.order_count == 0)
    return rl_bad_code(b, RL_P2019, cut, NULL, "needs `order_by`; groups have no order without it");
  return bind_functions(b, args);
}
