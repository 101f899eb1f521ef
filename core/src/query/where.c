/* where: the conditions of a model, and quantifiers over its relations. */
#include "query/bind.h"

static rille_status bind_member(rl_binder *b, const rl_model *model, rl_arg *member, rl_filter **out) {
  int id = rl_word_id(rl_grouping_words, RL_COUNT_OF(rl_grouping_words), member->key);
  if (id >= 0) return rl_bind_grouping(b, model, id, member, rl_bind_where, out);
  const rl_field *field = rl_find_field(model, member->key);
  if (field) return rl_bind_field_filter(b, field, member, out);
  rl_choices names = {.arena = b->arena};
  rl_choices_fields(&names, model, true, true);
  rl_choices_words(&names, rl_grouping_words, RL_COUNT_OF(rl_grouping_words));
  if (rl_model_unique(model, member->key))
    return rl_bad(
        b, member, NULL,
        "a compound key can be used only to name one row (`find_unique`, `update`, `delete`, `connect`, ...); "
        "write its fields one by one here");
  return rl_bad_name(b, member, member->key, "field", model, &names);
}

rille_status rl_bind_where(rl_binder *b, const rl_model *model, rl_arg *arg, rl_filter **out) {
  *out = NULL;
  RL_TRY(rl_expect_object(b, arg, "a table of conditions"));
  rl_filters list = {0};
  for (size_t i = 0; i < arg->count; i++) {
    rl_filter *f;
    RL_TRY(bind_member(b, model, &arg->children[i], &f));
    RL_TRY(rl_filters_add(b, &list, f));
  }
  return rl_filters_and(b, &list, out);
}

/* ------------------------------------------------------------------ relations */

static const rl_word many_words[] = {{"some", RL_SOME}, {"every", RL_EVERY}, {"none", RL_NONE}};
static const rl_word one_words[] = {{"is", RL_IS}, {"is_not", RL_IS_NOT}};

static rille_status bind_quantified(rl_binder *b, const rl_field *relation, int quantifier, rl_arg *arg,
                                    rl_filter **out) {
  RL_TRY(rl_filter_new(b, RL_FILTER_RELATION, relation, out));
  rl_filter *f = *out;
  f->quantifier = (rl_quantifier)quantifier;
  RL_TRY(rl_scope_of(b, relation->target, &f->scope));
  if (arg->kind == RL_ARG_NULL) {
    if (relation->list)
      return rl_bad(b, arg, relation, "cannot be `rille.null`; give conditions on the rows, or `{}` for none");
    if (relation->required) return rl_bad(b, arg, relation, "cannot be `rille.null`; the relation is required");
    return RILLE_OK;
  }
  RL_TRY(rl_bind_where(b, relation->target, arg, &f->inner));
  return f->inner ? RILLE_OK : rl_filter_new(b, RL_FILTER_TRUE, NULL, &f->inner);
}

/* Returns whether the members are quantifiers. For a to-one relation they may also be the conditions themselves. */
static bool is_quantified(const rl_field *relation, const rl_arg *arg) {
  if (relation->list) return true;
  for (size_t i = 0; i < arg->count; i++)
    if (rl_word_id(one_words, 2, arg->children[i].key) < 0 || rl_find_field(relation->target, arg->children[i].key))
      return false;
  return true;
}

static rille_status bind_relation(rl_binder *b, const rl_field *relation, rl_arg *arg, rl_filter **out) {
  *out = NULL;
  if (!relation->list && arg->kind == RL_ARG_NULL) return bind_quantified(b, relation, RL_IS, arg, out);
  RL_TRY(rl_expect_object(b, arg, relation->list ? "a table with `some`, `every` or `none`" : "a table of conditions"));
  if (!is_quantified(relation, arg)) return bind_quantified(b, relation, RL_IS, arg, out);
  const rl_word *words = relation->list ? many_words : one_words;
  size_t count = relation->list ? RL_COUNT_OF(many_words) : RL_COUNT_OF(one_words);
  rl_filters list = {0};
  for (size_t i = 0; i < arg->count; i++) {
    rl_arg *member = &arg->children[i];
    int id = rl_word_id(words, count, member->key);
    if (id < 0) {
      const rl_field *f = rl_find_field(relation->target, member->key);
      if (f && relation->list)
        return rl_bad(b, member, f,
                      "a field of %.*s; write `some = { %.*s = ... }`, or the same with `every` or `none`",
                      RL_STR_ARG(relation->target->name), RL_STR_ARG(f->name));
      rl_choices names = {.arena = b->arena};
      rl_choices_words(&names, words, count);
      return rl_bad_name(b, member, member->key, "condition on a to-many relation", NULL, &names);
    }
    rl_filter *f;
    RL_TRY(bind_quantified(b, relation, id, member, &f));
    RL_TRY(rl_filters_add(b, &list, f));
  }
  return rl_filters_and(b, &list, out);
}

rille_status rl_bind_field_filter(rl_binder *b, const rl_field *field, rl_arg *arg, rl_filter **out) {
  if (field->is_relation) return bind_relation(b, field, arg, out);
  if (field->list) return rl_bind_list_filter(b, field, arg, out);
  rl_subject s = {.model = field->model,
                  .field = field,
                  .type = field->type,
                  .ref_type = field->type,
                  .nullable = !field->required};
  if (field->type.scalar == RL_JSON) return rl_bind_json_filter(b, &s, arg, out);
  return rl_bind_scalar_filter(b, &s, arg, out);
}
