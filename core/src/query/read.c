/* The arguments that decide which rows are read, and in which order: where, order_by, cursor, take, skip, distinct,
 * lock. */
#include "query/bind.h"

static rille_status bind_take(rl_binder *b, rl_arg *arg, rl_read *read) {
  rl_type type = rl_plain_type(RL_BIGINT);
  rl_input *take;
  RL_TRY(rl_expect_number(b, arg));
  RL_TRY(rl_input_scalar(b, &type, NULL, arg, &take));
  rl_arg_pin_sign(arg);
  double sign = arg->kind == RL_ARG_FLOAT ? arg->value->as.f : (double)arg->value->as.i;
  read->take_none = sign == 0;
  read->reverse = sign < 0;
  if (read->reverse) take->transform = RL_TRANSFORM_ABSOLUTE;
  read->take = take;
  return RILLE_OK;
}

/* ------------------------------------------------------------------ lock */

static const rl_word lock_words[] = {{"update", RL_LOCK_UPDATE},
                                     {"no_key_update", RL_LOCK_NO_KEY_UPDATE},
                                     {"share", RL_LOCK_SHARE},
                                     {"key_share", RL_LOCK_KEY_SHARE}};
static const rl_word lock_options[] = {
    {"mode", RL_LOCK_BLOCK}, {"skip_locked", RL_LOCK_SKIP_LOCKED}, {"nowait", RL_LOCK_NOWAIT}};

static rille_status bind_lock_mode(rl_binder *b, rl_arg *arg, rl_read *read) {
  int id;
  RL_TRY(rl_expect_word(b, arg, lock_words, RL_COUNT_OF(lock_words), &id));
  read->lock = (rl_lock_mode)id;
  return RILLE_OK;
}

rille_status rl_bind_lock(rl_binder *b, rl_arg *arg, rl_read *read) {
  if (arg->kind != RL_ARG_OBJECT) return bind_lock_mode(b, arg, read);
  for (size_t i = 0; i < arg->count; i++) {
    rl_arg *member = &arg->children[i];
    int id = rl_word_id(lock_options, RL_COUNT_OF(lock_options), member->key);
    if (id < 0) {
      rl_choices names = {.arena = b->arena};
      rl_choices_words(&names, lock_options, RL_COUNT_OF(lock_options));
      return rl_bad_name(b, member, member->key, "option", NULL, &names);
    }
    if (id == RL_LOCK_BLOCK) {
      RL_TRY(bind_lock_mode(b, member, read));
      continue;
    }
    bool on;
    RL_TRY(rl_expect_flag(b, member, &on));
    if (on && read->lock_wait != RL_LOCK_BLOCK)
      return rl_bad(b, arg, NULL, "`skip_locked` and `nowait` cannot be used together");
    if (on) read->lock_wait = (rl_lock_wait)id;
  }
  if (read->lock == RL_LOCK_NONE)
    return rl_bad_child(b, RL_P2013, arg, "mode", NULL,
                        "missing; expected \"update\", \"no_key_update\", \"share\" or \"key_share\"");
  return RILLE_OK;
}

/* ------------------------------------------------------------------ all of them */

/* Drops repeated fields, which change nothing. */
static void drop_repeated(rl_read *read) {
  size_t kept = 0;
  for (size_t i = 0; i < read->distinct_count; i++) {
    size_t k = 0;
    while (k < kept && read->distinct[k] != read->distinct[i]) k++;
    if (k == kept) read->distinct[kept++] = read->distinct[i];
  }
  read->distinct_count = kept;
}

rille_status rl_bind_read(rl_binder *b, const rl_model *model, rl_arg *args, bool grouped, rl_read *read) {
  read->model = model;
  rl_arg *where = rl_get(args, "where"), *order = rl_get(args, "order_by"), *cursor = rl_get(args, "cursor");
  rl_arg *take = rl_get(args, "take"), *skip = rl_get(args, "skip"), *distinct = rl_get(args, "distinct");
  rl_arg *lock = rl_get(args, "lock");
  bool all = where && where->kind == RL_ARG_MARK && where->mark == RL_MARK_ALL;
  if (where && !all) RL_TRY(rl_bind_where(b, model, where, &read->where));
  if (order) RL_TRY(rl_bind_order(b, model, order, grouped, &read->orders, &read->order_count));
  if (cursor) RL_TRY(rl_bind_unique(b, model, cursor, &read->cursor));
  if (take) RL_TRY(bind_take(b, take, read));
  if (skip) RL_TRY(rl_input_count(b, skip, &read->skip));
  if (distinct) RL_TRY(rl_expect_fields(b, distinct, model, &read->distinct, &read->distinct_count));
  drop_repeated(read);
  return lock ? rl_bind_lock(b, lock, read) : RILLE_OK;
}
