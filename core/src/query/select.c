/* select, include and omit: which fields of a row are returned, and which relations with it. */
#include "query/bind.h"

typedef struct picking {
  const rl_model *model;
  rl_selection *out;
  const bool *picked; /* by field index: scalars that are returned */
  rl_arg **relations; /* by field index: the value of a relation that is returned; NULL: it is not */
  rl_arg *count;      /* the value of _count */
} picking;

/* ------------------------------------------------------------------ relations */

static const rl_word many_words[] = {{"where", 0}, {"order_by", 1}, {"cursor", 2},     {"take", 3},
                                     {"skip", 4},  {"distinct", 5}, {"select", 6},     {"include", 7},
                                     {"omit", 8},  {"lock", 9},     {"recursive", 10}, {"depth", 11}};
static const rl_word one_words[] = {{"where", 0}, {"select", 6},     {"include", 7},
                                    {"omit", 8},  {"recursive", 10}, {"depth", 11}};

static rille_status check_words(rl_binder *b, const rl_field *relation, rl_arg *arg) {
  const rl_word *words = relation->list ? many_words : one_words;
  size_t count = relation->list ? RL_COUNT_OF(many_words) : RL_COUNT_OF(one_words);
  for (size_t i = 0; i < arg->count; i++) {
    rl_arg *member = &arg->children[i];
    if (rl_word_id(words, count, member->key) >= 0) continue;
    const rl_field *f = rl_find_field(relation->target, member->key);
    if (f && f->is_relation)
      return rl_bad(b, member, f, "a relation of %.*s; write `include = { %.*s = ... }`",
                    RL_STR_ARG(relation->target->name), RL_STR_ARG(f->name));
    if (f)
      return rl_bad(
          b, member, f,
          "a field of %.*s; write `select = { %.*s = true }` to return it, or `where = { %.*s = ... }` to filter by it",
          RL_STR_ARG(relation->target->name), RL_STR_ARG(f->name), RL_STR_ARG(f->name));
    rl_choices names = {.arena = b->arena};
    rl_choices_words(&names, words, count);
    return rl_bad_name(b, member, member->key,
                       relation->list ? "argument of a to-many relation" : "argument of a to-one relation", NULL,
                       &names);
  }
  rl_arg *where = rl_get(arg, "where");
  if (where && !relation->list && relation->required)
    return rl_bad(b, where, relation, "a required relation cannot be filtered");
  return RILLE_OK;
}

/* Rejects arguments that would apply to each level separately, and the relation itself, which is followed anyway. */
static rille_status check_recursion(rl_binder *b, const rl_field *relation, rl_arg *arg) {
  static const char *const apart[] = {"take", "skip", "cursor", "distinct", "lock"};
  static const char *const selections[] = {"include", "select"};
  for (size_t i = 0; i < RL_COUNT_OF(apart); i++) {
    rl_arg *given = rl_get(arg, apart[i]);
    if (given)
      return rl_bad(b, given, relation,
                    "cannot be used with `recursive`; leave it out, or include each level separately");
  }
  for (size_t i = 0; i < RL_COUNT_OF(selections); i++) {
    rl_arg *members = rl_get(arg, selections[i]);
    for (size_t k = 0; members && members->kind == RL_ARG_OBJECT && k < members->count; k++)
      if (rl_str_eq(members->children[k].key, relation->name))
        return rl_bad(b, &members->children[k], relation, "`recursive` already follows this relation; leave it out");
  }
  return RILLE_OK;
}

static rille_status bind_recursion(rl_binder *b, const rl_field *relation, rl_arg *arg, rl_read *read) {
  rl_arg *recursive = rl_get(arg, "recursive"), *depth = rl_get(arg, "depth");
  bool on = false;
  if (recursive) RL_TRY(rl_expect_flag(b, recursive, &on));
  if (depth && !on) return rl_bad(b, depth, relation, "needs `recursive = true`");
  if (!on) return RILLE_OK;
  if (relation->target != relation->model)
    return rl_bad(b, recursive, relation, "only a relation of a model with itself can be followed recursively");
  RL_TRY(check_recursion(b, relation, arg));
  read->recursive_depth = INT32_MAX;
  if (!depth) return RILLE_OK;
  if (depth->kind != RL_ARG_INT)
    return rl_bad(b, depth, relation, "expected an integer, 1 or more, got %s", rl_kind_text(depth));
  if (depth->value->as.i < 1 || depth->value->as.i > INT32_MAX)
    return rl_bad(b, depth, relation, "expected an integer from 1 to %d, got %lld", INT32_MAX,
                  (long long)depth->value->as.i);
  rl_arg_pin(depth);
  read->recursive_depth = (int32_t)depth->value->as.i;
  return RILLE_OK;
}

static rille_status bind_include(rl_binder *b, const rl_field *relation, rl_arg *arg, rl_include *out) {
  out->relation = relation;
  out->read = RL_NEW(b->arena, rl_read);
  if (!out->read) return rl_nomem(b);
  out->read->model = relation->target;
  if (arg->kind == RL_ARG_BOOL) {
    RL_TRY(rl_scope_add(b, relation->target, &out->read->where));
    return rl_bind_selection(b, relation->target, NULL, &out->read->selection);
  }
  RL_TRY(check_words(b, relation, arg));
  RL_TRY(rl_bind_read(b, relation->target, arg, false, out->read));
  RL_TRY(rl_scope_add(b, relation->target, &out->read->where));
  RL_TRY(bind_recursion(b, relation, arg, out->read));
  return rl_bind_selection(b, relation->target, arg, &out->read->selection);
}

static rille_status bind_includes(rl_binder *b, const picking *p) {
  const rl_model *m = p->model;
  size_t count = 0;
  for (size_t i = 0; i < m->field_count; i++) count += p->relations[i] != NULL;
  p->out->includes = RL_NEW_ARRAY(b->arena, rl_include, count);
  if (!p->out->includes) return rl_nomem(b);
  for (size_t i = 0; i < m->field_count; i++)
    if (p->relations[i])
      RL_TRY(bind_include(b, &m->fields[i], p->relations[i], &p->out->includes[p->out->include_count++]));
  return RILLE_OK;
}

/* ------------------------------------------------------------------ _count */

static rille_status bind_relation_count(rl_binder *b, const rl_field *relation, rl_arg *arg, rl_selection *out) {
  if (arg && arg->kind == RL_ARG_BOOL) {
    bool on;
    RL_TRY(rl_expect_flag(b, arg, &on));
    if (!on) return RILLE_OK;
    arg = NULL;
  }
  rl_relation_count *c = &out->counts[out->count_count++];
  c->relation = relation;
  if (!arg) return rl_scope_add(b, relation->target, &c->where);
  RL_TRY(rl_expect_object(b, arg, "`true` or `{ where = {...} }`"));
  rl_arg *where = rl_get(arg, "where");
  if (arg->count > (where ? 1u : 0u)) {
    rl_choices names = {.arena = b->arena};
    rl_choices_add(&names, RL_STR("where"));
    rl_arg *member = &arg->children[arg->children == where ? 1 : 0];
    return rl_bad_name(b, member, member->key, "argument", NULL, &names);
  }
  if (where) RL_TRY(rl_bind_where(b, relation->target, where, &c->where));
  return rl_scope_add(b, relation->target, &c->where);
}

static bool is_countable(const rl_field *f) {
  return f->is_relation && f->list && !f->ignored;
}

/* Binds the relations that `select` names; NULL: all. */
static rille_status bind_counts(rl_binder *b, const picking *p, rl_arg *select) {
  const rl_model *m = p->model;
  p->out->counts = RL_NEW_ARRAY(b->arena, rl_relation_count, m->field_count);
  if (!p->out->counts) return rl_nomem(b);
  for (size_t i = 0; select && i < select->count; i++) {
    const rl_field *f = rl_find_field(m, select->children[i].key);
    if (f && is_countable(f)) continue;
    rl_choices names = {.arena = b->arena};
    for (size_t k = 0; k < m->field_count; k++)
      if (is_countable(&m->fields[k])) rl_choices_add(&names, m->fields[k].name);
    return rl_bad_name(b, &select->children[i], select->children[i].key, "to-many relation", m, &names);
  }
  for (size_t i = 0; i < m->field_count; i++) {
    const rl_field *f = &m->fields[i];
    if (!is_countable(f)) continue;
    rl_arg *given = NULL;
    for (size_t k = 0; select && k < select->count; k++)
      if (rl_str_eq(select->children[k].key, f->name)) given = &select->children[k];
    if (given || !select) RL_TRY(bind_relation_count(b, f, given, p->out));
  }
  return RILLE_OK;
}

static rille_status bind_count(rl_binder *b, const picking *p) {
  rl_arg *arg = p->count;
  if (!arg) return RILLE_OK;
  if (arg->kind == RL_ARG_BOOL) return bind_counts(b, p, NULL);
  RL_TRY(rl_expect_object(b, arg, "`true` or `{ select = {...} }`"));
  rl_arg *select = rl_get(arg, "select");
  if (!select || arg->count > 1) return rl_bad(b, arg, NULL, "expected `true` or `{ select = {...} }`");
  if (select->kind == RL_ARG_BOOL) {
    bool all;
    RL_TRY(rl_expect_flag(b, select, &all));
    return all ? bind_counts(b, p, NULL) : RILLE_OK;
  }
  RL_TRY(rl_expect_object(b, select, "a table with the names of to-many relations"));
  RL_TRY(bind_counts(b, p, select));
  return p->out->count_count ? RILLE_OK : rl_bad(b, select, NULL, "must name at least one to-many relation");
}

/* ------------------------------------------------------------------ what is picked */

/* Reads whether a member is returned: true, false, or an object of arguments for a relation. */
static rille_status read_is_on(rl_binder *b, rl_arg *arg, bool arguments, bool *out) {
  rl_plain(arg);
  *out = true;
  if (arguments && arg->kind == RL_ARG_OBJECT) return RILLE_OK;
  if (arguments && arg->kind != RL_ARG_BOOL)
    return rl_bad(b, arg, NULL, "expected a boolean or a table of arguments, got %s", rl_kind_text(arg));
  return rl_expect_flag(b, arg, out);
}

static rille_status pick_members(rl_binder *b, picking *p, rl_arg *arg, bool scalars, bool *picked, size_t *count) {
  RL_TRY(rl_refuse_names(b, arg));
  RL_TRY(rl_expect_object(b, arg, "a table with the names of fields"));
  for (size_t i = 0; i < arg->count; i++) {
    rl_arg *member = &arg->children[i];
    const rl_field *f = rl_find_field(p->model, member->key);
    bool is_count = rl_str_is(member->key, "_count"), on;
    if (!is_count && f && !f->is_relation && !scalars)
      return rl_bad(b, member, f, "`include` accepts only relations; the fields of %.*s are returned anyway",
                    RL_STR_ARG(p->model->name));
    if (!is_count && !f) {
      rl_choices names = {.arena = b->arena};
      rl_choices_fields(&names, p->model, scalars, true);
      rl_choices_add(&names, RL_STR("_count"));
      return rl_bad_name(b, member, member->key, scalars ? "field" : "relation", p->model, &names);
    }
    RL_TRY(read_is_on(b, member, is_count || f->is_relation, &on));
    if (!on) continue;
    ++*count;
    if (is_count)
      p->count = member;
    else if (f->is_relation)
      p->relations[f->index] = member;
    else
      picked[f->index] = true;
  }
  return RILLE_OK;
}

static bool omitted_everywhere(rl_binder *b, const rl_field *f) {
  if (!b->options || !b->options->omit || b->options->omit->count == 0) return false;
  char *key = rl_arena_printf(b->arena, "%.*s.%.*s", RL_STR_ARG(f->model->client_names[0]), RL_STR_ARG(f->name));
  return key && rl_map_get(b->options->omit, rl_str_of(key)) != NULL;
}

static rille_status apply_omit(rl_binder *b, const rl_model *model, rl_arg *omit, bool *picked) {
  RL_TRY(rl_refuse_names(b, omit));
  RL_TRY(rl_expect_object(b, omit, "a table with the names of fields"));
  for (size_t i = 0; i < omit->count; i++) {
    rl_arg *member = &omit->children[i];
    const rl_field *f = rl_find_field(model, member->key);
    if (!f || f->is_relation) return rl_bad_field(b, member, member->key, model, true, false);
    bool on;
    RL_TRY(rl_expect_flag(b, member, &on));
    picked[f->index] = !on;
  }
  return RILLE_OK;
}

static rille_status pick_all_fields(rl_binder *b, picking *p, rl_arg *include, rl_arg *omit, bool *picked) {
  size_t count = 0;
  for (size_t i = 0; i < p->model->field_count; i++) {
    const rl_field *f = &p->model->fields[i];
    picked[i] = !f->is_relation && !f->ignored && !omitted_everywhere(b, f);
  }
  if (omit) RL_TRY(apply_omit(b, p->model, omit, picked));
  if (include) RL_TRY(pick_members(b, p, include, false, picked, &count));
  for (size_t i = 0; i < p->model->field_count; i++) count += picked[i];
  return count || !omit ? RILLE_OK : rl_bad(b, omit, NULL, "leaves no field of %.*s", RL_STR_ARG(p->model->name));
}

static rille_status keep_fields(rl_binder *b, picking *p) {
  p->out->fields = RL_NEW_ARRAY(b->arena, const rl_field *, p->model->column_count);
  if (!p->out->fields) return rl_nomem(b);
  for (size_t i = 0; i < p->model->field_count; i++)
    if (p->picked[i]) p->out->fields[p->out->field_count++] = &p->model->fields[i];
  return RILLE_OK;
}

rille_status rl_bind_selection(rl_binder *b, const rl_model *model, rl_arg *args, rl_selection *out) {
  bool *picked = RL_NEW_ARRAY(b->arena, bool, model->field_count);
  picking p = {.model = model, .out = out, .picked = picked};
  p.relations = RL_NEW_ARRAY(b->arena, rl_arg *, model->field_count);
  if (!picked || !p.relations) return rl_nomem(b);
  out->model = model;
  rl_arg *select = args ? rl_get(args, "select") : NULL, *inc = args ? rl_get(args, "include") : NULL;
  rl_arg *omit = args ? rl_get(args, "omit") : NULL;
  if (select && (inc || omit))
    return rl_bad(b, args, NULL, "`select` and `%s` cannot be used together; %s", inc ? "include" : "omit",
                  inc ? "write the relations in `select`" : "leave the fields out of `select`");
  if (select) {
    size_t count = 0;
    RL_TRY(pick_members(b, &p, select, true, picked, &count));
    if (count == 0) return rl_bad(b, select, NULL, "must name at least one field of %.*s", RL_STR_ARG(model->name));
  } else {
    RL_TRY(pick_all_fields(b, &p, inc, omit, picked));
  }
  RL_TRY(keep_fields(b, &p));
  RL_TRY(bind_includes(b, &p));
  return bind_count(b, &p);
}
