/* A `where` that names one row: at least one whole unique key, by value, and any other conditions. */
#include "query/bind.h"

/* Writes "`id` or `email` or `a_b = { a = ..., b = ... }`". */
static void write_keys(const rl_model *model, rl_buf *out) {
  size_t written = 0;
  for (size_t i = 0; i < model->index_count; i++) {
    const rl_index *index = &model->indexes[i];
    if (!rl_index_names_row(index)) continue;
    rl_buf_printf(out, "%s`%.*s", written++ ? " or " : "", RL_STR_ARG(index->client_name));
    if (index->count > 1) {
      rl_buf_text(out, " = {");
      for (size_t k = 0; k < index->count; k++)
        rl_buf_printf(out, "%s %.*s = ...", k ? "," : "", RL_STR_ARG(index->fields[k].field->name));
      rl_buf_text(out, " }");
    }
    rl_buf_byte(out, '`');
  }
}

static rille_status refuse_without_key(rl_binder *b, const rl_model *model, const rl_arg *arg) {
  rl_buf keys;
  rl_buf_init(&keys);
  write_keys(model, &keys);
  const char *z = rl_buf_z(&keys);
  rille_status status = RILLE_NOMEM;
  if (!z)
    status = rl_nomem(b);
  else if (!*z)
    status = rl_bad(b, arg, NULL, "cannot name one row; %.*s has no unique key", RL_STR_ARG(model->name));
  else
    status = rl_bad(b, arg, NULL, "must name one %.*s by a unique key: %s", RL_STR_ARG(model->name), z);
  rl_buf_dispose(&keys);
  rl_error_detail(b->err, "model", model->name);
  return status;
}

static rille_status key_equals(rl_binder *b, const rl_field *field, rl_arg *arg, rl_filter **out) {
  RL_TRY(rl_filter_new(b, RL_FILTER_COMPARE, field, out));
  (*out)->op = RL_OP_EQ;
  if (arg->kind == RL_ARG_NULL) return rl_bad(b, arg, field, "cannot be `rille.null`; NULL does not identify a row");
  return rl_input_scalar(b, &field->type, field, arg, &(*out)->input);
}

static rille_status bind_compound_key(rl_binder *b, const rl_index *index, rl_arg *arg, rl_filter **out) {
  RL_TRY(rl_expect_object(b, arg, "a table with the fields of the key"));
  rl_choices names = {.arena = b->arena};
  rl_filters list = {0};
  for (size_t i = 0; i < index->count; i++) rl_choices_add(&names, index->fields[i].field->name);
  for (size_t i = 0; i < arg->count; i++) {
    bool known = false;
    for (size_t k = 0; k < names.count; k++) known = known || rl_str_eq(names.items[k], arg->children[i].key);
    if (!known) return rl_bad_name(b, &arg->children[i], arg->children[i].key, "field of the key", NULL, &names);
  }
  for (size_t i = 0; i < index->count; i++) {
    const rl_field *field = index->fields[i].field;
    rl_arg *value = NULL;
    for (size_t k = 0; k < arg->count; k++)
      if (rl_str_eq(arg->children[k].key, field->name)) value = &arg->children[k];
    char *name = rl_arena_strdup(b->arena, field->name);
    if (!name) return rl_nomem(b);
    if (!value)
      return rl_bad_child(b, RL_P2013, arg, name, field, "missing; the key `%.*s` needs all of its fields",
                          RL_STR_ARG(index->client_name));
    rl_filter *f;
    RL_TRY(key_equals(b, field, value, &f));
    RL_TRY(rl_filters_add(b, &list, f));
  }
  return rl_filters_and(b, &list, out);
}

static const rl_index *key_named(const rl_model *model, rl_str name) {
  const rl_index *index = rl_model_unique(model, name);
  return index && rl_index_names_row(index) ? index : NULL;
}

/* Binds a condition that is not a key. */
static rille_status bind_other_condition(rl_binder *b, const rl_model *model, rl_arg *member, rl_filter **out) {
  int id = rl_word_id(rl_grouping_words, RL_COUNT_OF(rl_grouping_words), member->key);
  if (id >= 0) return rl_bind_grouping(b, model, id, member, rl_bind_where, out);
  const rl_field *field = rl_find_field(model, member->key);
  if (field) return rl_bind_field_filter(b, field, member, out);
  rl_choices names = {.arena = b->arena};
  rl_choices_fields(&names, model, true, true);
  for (size_t i = 0; i < model->index_count; i++)
    if (rl_index_names_row(&model->indexes[i])) rl_choices_add(&names, model->indexes[i].client_name);
  return rl_bad_name(b, member, member->key, "field or key", model, &names);
}

rille_status rl_bind_unique(rl_binder *b, const rl_model *model, rl_arg *arg, rl_filter **out) {
  *out = NULL;
  RL_TRY(rl_expect_object(b, arg, "a table with a unique key"));
  rl_filters list = {0}, rest = {0};
  for (size_t i = 0; i < arg->count; i++) {
    rl_arg *member = &arg->children[i];
    const rl_index *index = key_named(model, member->key);
    rl_filter *f;
    if (!index)
      RL_TRY(bind_other_condition(b, model, member, &f));
    else if (index->count == 1)
      RL_TRY(key_equals(b, index->fields[0].field, member, &f));
    else
      RL_TRY(bind_compound_key(b, index, member, &f));
    RL_TRY(rl_filters_add(b, index ? &list : &rest, f));
  }
  if (list.count == 0) return refuse_without_key(b, model, arg);
  for (size_t i = 0; i < rest.count; i++) RL_TRY(rl_filters_add(b, &list, rest.items[i]));
  RL_TRY(rl_filters_and(b, &list, out));
  return rl_scope_add(b, model, out);
}
