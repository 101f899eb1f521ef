/* Conditions on a Json field: on the whole value or at a path. */
#include "query/bind.h"

enum { PATH = 100, MODE, NOT };
static const rl_word words[] = {
    {"equals", RL_OP_EQ},
    {"not", NOT},
    {"not_", NOT},
    {"path", PATH},
    {"mode", MODE},
    {"lt", RL_OP_LT},
    {"lte", RL_OP_LTE},
    {"gt", RL_OP_GT},
    {"gte", RL_OP_GTE},
    {"string_contains", RL_OP_STRING_CONTAINS},
    {"string_starts_with", RL_OP_STRING_STARTS_WITH},
    {"string_ends_with", RL_OP_STRING_ENDS_WITH},
    {"array_contains", RL_OP_ARRAY_CONTAINS},
    {"array_starts_with", RL_OP_ARRAY_STARTS_WITH},
    {"array_ends_with", RL_OP_ARRAY_ENDS_WITH},
};
static const rl_word mode_words[] = {{"default", 0}, {"insensitive", 1}};

/* The path stays a value: a list of steps, or one text such as "$.a.b[0]". */
static rille_status bind_path(rl_binder *b, const rl_subject *s, rl_node *node, rl_input **out) {
  rl_type steps = {.scalar = RL_STRING, .list = true};
  bool empty = rl_is_empty_list(node);
  if (!empty && node->kind != RL_NODE_TEXT && node->kind != RL_NODE_LIST)
    return rl_bad(b, node, s->field, "%s was given; expected is a list of keys and positions", rl_kind_text(node));
  rl_input_kind kind = empty ? RL_INPUT_CONSTANT : node->kind == RL_NODE_TEXT ? RL_INPUT_VALUE : RL_INPUT_LIST;
  *out = rl_input_new(b, kind, &steps, s->field, node);
  if (!*out) return rl_nomem(b);
  (*out)->constant = (rl_value){.kind = RILLE_LIST};
  (*out)->transform = RL_TRANSFORM_JSON_PATH;
  return RILLE_OK;
}

/* `json = rille.null` is the NULL of the column, where that has one. Behind an operator a null is a value of Json, as
 * in Prisma: the column's own is rille.db_null there. */
static rl_json_null null_of(const rl_subject *s, const rl_node *node) {
  bool alone = s->field && rl_str_eq(node->key, s->field->name);
  if (node->kind == RL_NODE_NULL) return s->nullable && alone ? RL_DB_NULL : RL_JSON_NULL_VALUE;
  if (node->kind != RL_NODE_MARK) return RL_JSON_NOT_NULL;
  switch (node->mark) {
  case RL_MARK_DB_NULL: return RL_DB_NULL;
  case RL_MARK_JSON_NULL: return RL_JSON_NULL_VALUE;
  case RL_MARK_ANY_NULL: return RL_ANY_NULL;
  default: return RL_JSON_NOT_NULL;
  }
}

static bool is_text_operator(rl_operator op) {
  return op >= RL_OP_STRING_CONTAINS && op <= RL_OP_STRING_ENDS_WITH;
}

static rl_transform transform_of(rl_operator op) {
  switch (op) {
  case RL_OP_STRING_CONTAINS: return RL_TRANSFORM_CONTAINS;
  case RL_OP_STRING_STARTS_WITH: return RL_TRANSFORM_STARTS_WITH;
  case RL_OP_STRING_ENDS_WITH: return RL_TRANSFORM_ENDS_WITH;
  case RL_OP_ARRAY_CONTAINS: return RL_TRANSFORM_JSON_ARRAY;
  default: return RL_TRANSFORM_NONE;
  }
}

/* A column on the right. The input of a text operator then has no value, it only tells which match is meant. */
static rille_status column_operand(rl_binder *b, const rl_subject *s, rl_node *node, rl_filter *f) {
  RL_TRY(rl_bind_field_ref(b, s, node, false, &f->column));
  if (!is_text_operator(f->op)) return RILLE_OK;
  f->input = rl_input_new(b, RL_INPUT_CONSTANT, &s->type, s->field, NULL);
  if (!f->input) return rl_nomem(b);
  f->input->transform = transform_of(f->op);
  return RILLE_OK;
}

static rille_status operand(rl_binder *b, const rl_subject *s, rl_node *node, rl_filter *f) {
  rl_subject wanted = *s;
  if (is_text_operator(f->op)) wanted.type = wanted.ref_type = rl_plain_type(RL_STRING);
  if (node->kind == RL_NODE_MARK && node->mark == RL_MARK_FIELD) return column_operand(b, &wanted, node, f);
  bool equality = f->op == RL_OP_EQ || f->op == RL_OP_NE;
  if (equality) f->json_null = null_of(s, node);
  if (f->json_null != RL_JSON_NOT_NULL) return RILLE_OK;
  RL_TRY(rl_input_scalar(b, &wanted.type, s->field, node, &f->input));
  f->input->transform = transform_of(f->op);
  return RILLE_OK;
}

static rille_status apply(rl_binder *b, const rl_subject *s, rl_operator op, rl_input *path, rl_node *node,
                          rl_filter **out) {
  RL_TRY(rl_filter_new(b, RL_FILTER_JSON, s->field, out));
  rl_filter *f = *out;
  f->op = op;
  f->insensitive = s->insensitive;
  f->aggregate = s->aggregate;
  f->json_path = path;
  RL_TRY(operand(b, s, node, f));
  return s->reverse ? rl_filter_not(b, f, out) : RILLE_OK;
}

static rille_status bad_operator(rl_binder *b, const rl_node *member) {
  rl_names names = {.arena = b->arena};
  for (size_t i = 0; i < RL_COUNT_OF(words); i++)
    if (!rl_str_is(rl_str_of(words[i].text), "not_")) rl_names_add(&names, rl_str_of(words[i].text));
  return rl_bad_name(b, member, member->key, "condition on Json; to compare with an object write `equals = {...}`",
                     NULL, &names);
}

static rille_status options(rl_binder *b, rl_subject *s, rl_node *node, rl_input **path) {
  *path = NULL;
  rl_node *at = rl_get(node, "path"), *mode = rl_get(node, "mode");
  if (at) RL_TRY(bind_path(b, s, at, path));
  if (!mode) return RILLE_OK;
  int id;
  RL_TRY(rl_expect_word(b, mode, mode_words, RL_COUNT_OF(mode_words), &id));
  s->insensitive = id == 1;
  return RILLE_OK;
}

rille_status rl_bind_json_filter(rl_binder *b, const rl_subject *subject, rl_node *node, rl_filter **out) {
  *out = NULL;
  rl_subject s = *subject;
  if (node->kind == RL_NODE_LIST && node->count > 0)
    return rl_bad(b, node, s.field, "a list was given; to compare with it write `equals = {...}`");
  if (node->kind != RL_NODE_OBJECT && !rl_is_empty_list(node)) return apply(b, &s, RL_OP_EQ, NULL, node, out);
  rl_plain(node);
  rl_input *path;
  RL_TRY(options(b, &s, node, &path));
  rl_filters list = {0};
  for (size_t i = 0; i < node->count; i++) {
    rl_node *member = &node->children[i];
    int id = rl_word_id(words, RL_COUNT_OF(words), member->key);
    if (id < 0) return bad_operator(b, member);
    if (id == PATH || id == MODE) continue;
    rl_filter *f;
    RL_TRY(apply(b, &s, id == NOT ? RL_OP_NE : (rl_operator)id, path, member, &f));
    RL_TRY(rl_filters_add(b, &list, f));
  }
  if (path && list.count == 0)
    return rl_bad_code(b, RL_P2019, node, s.field, "A JSON path cannot be set without a scalar filter.");
  return rl_filters_and(b, &list, out);
}
