/* @id, @unique, @@id, @@unique, @@index, @@fulltext: their arguments and fields. */
#include "schema/operator_class.h"
#include "schema/resolve.h"

typedef struct site {
  rl_build *b;
  rl_model_info *m;
  rl_attr *attr;
  rl_index_node *node;
} site;

static rl_index_node *add_node(rl_build *b, rl_model_info *m, rl_attr *attr, rl_index_kind kind, size_t fields) {
  rl_index_node *node = RL_TEMP(b, rl_index_node);
  node->attr = attr;
  node->index.kind = kind;
  node->index.model = m->model;
  node->index.fields = RL_KEEP_ARRAY(b, rl_index_field, fields);
  if (m->last_index)
    m->last_index->next = node;
  else
    m->indexes = node;
  m->last_index = node;
  m->index_count++;
  return node;
}

static void report_lack(site *s, const char *what) {
  rl_report(s->b, s->attr->span, "%s has no %s for `%.*s`.", rl_title(s->b), what,
            RL_STR_ARG(rl_attr_label(s->b, s->attr)));
}

/* Reads Asc or Desc. */
static void read_sort(site *s, rl_index_field *f, rl_ast_expr *value) {
  if (!value) return;
  bool desc = value->kind == RL_EXPR_PATH && rl_str_is(value->text, "Desc");
  if (!desc && !(value->kind == RL_EXPR_PATH && rl_str_is(value->text, "Asc"))) {
    rl_report(s->b, value->span, "`sort` must be `Asc` or `Desc`.");
    return;
  }
  f->has_sort = true;
  f->descending = desc;
  if (s->node->index.kind == RL_INDEX_PRIMARY && !rl_rules(s->b)->key_order) report_lack(s, "order of fields");
}

static void read_length(site *s, rl_index_field *f, rl_ast_expr *value) {
  int64_t n;
  if (!rl_expr_int(value, &n) || n < 1 || n > INT32_MAX) {
    if (value) rl_report(s->b, value->span, "`length` must be an integer, 1 or more.");
    return;
  }
  f->length = (int32_t)n;
  if (!rl_rules(s->b)->prefix_lengths) report_lack(s, "prefix length");
}

/* Reads ops: a known class, or raw("name"). */
static void read_ops(site *s, rl_index_field *f, rl_ast_expr *value) {
  static const char *const common[] = {"InetOps", "JsonbOps", "JsonbPathOps", "ArrayOps", "TextOps", NULL};
  if (!value) return;
  if (s->node->index.kind != RL_INDEX_NORMAL) {
    rl_report(s->b, value->span, "Only `@@index` can have operator classes.");
  } else if (!rl_rules(s->b)->operator_classes) {
    report_lack(s, "operator classes");
  } else if (value->kind == RL_EXPR_CALL && rl_str_is(value->text, "raw") && value->count == 1 && value->args->value &&
             value->args->value->kind == RL_EXPR_STRING && value->args->value->value.len) {
    f->ops = value->args->value->value;
    f->ops_raw = true;
  } else if (value->kind == RL_EXPR_PATH && rl_is_operator_class(value->text)) {
    f->ops = value->text;
  } else {
    rl_str hint = value->kind == RL_EXPR_PATH ? rl_suggest_of(s->b, value->text, common) : RL_STR("");
    rl_report(s->b, value->span, "This operator class is unknown; for other classes write `raw(\"name\")`.%.*s",
              RL_STR_ARG(hint));
  }
}

/* Reads name(sort: Desc, length: 3, ops: X). */
static void read_field_options(site *s, rl_index_field *f, rl_ast_expr *e) {
  for (rl_ast_arg *a = e->args; a; a = a->next) {
    if (rl_str_is(a->name, "sort"))
      read_sort(s, f, a->value);
    else if (rl_str_is(a->name, "length"))
      read_length(s, f, a->value);
    else if (rl_str_is(a->name, "ops"))
      read_ops(s, f, a->value);
    else
      rl_report(s->b, a->span, "A field of an index has the arguments `sort`, `length` and `ops`.");
  }
}

static void report_unknown_field(site *s, rl_ast_expr *e) {
  rl_str hint = rl_suggest_field(s->b, s->m, e->text);
  s->node->broken = true;
  if (s->m->has_bad_field && !hint.len) return; /* it may be on a line that could not be parsed */
  rl_report(s->b, e->span, "The %.*s `%.*s` has no field `%.*s`.%.*s", RL_STR_ARG(s->m->ast->keyword),
            RL_STR_ARG(s->m->model->name), RL_STR_ARG(e->text), RL_STR_ARG(hint));
}

static void report_relation(site *s, rl_ast_expr *e, const rl_field_info *fi) {
  const char *hint = fi->field->list ? "" : " Name the fields of its key.";
  s->node->broken = true;
  rl_report(s->b, e->span, "`%.*s` is a relation and has no column.%s", RL_STR_ARG(fi->field->name), hint);
}

static void read_field(site *s, rl_ast_expr *e) {
  rl_index *index = &s->node->index;
  if (e->kind != RL_EXPR_PATH && e->kind != RL_EXPR_CALL) {
    s->node->broken = true;
    rl_report(s->b, e->span, "This must be the name of a field.");
    return;
  }
  rl_field_info *fi = rl_info_field(s->b, s->m, e->text);
  if (!fi) {
    report_unknown_field(s, e);
  } else if (fi->field->is_relation) {
    report_relation(s, e, fi);
  } else if (rl_index_has(index, fi->field)) {
    rl_report(s->b, e->span, "The field `%.*s` is given twice.", RL_STR_ARG(fi->field->name));
  } else {
    rl_index_field *f = &index->fields[index->count++];
    f->field = fi->field;
    if (e->kind == RL_EXPR_CALL) read_field_options(s, f, e);
    if (index->kind != RL_INDEX_PRIMARY) return;
    if (fi->field->list)
      rl_report(s->b, e->span, "The list `%.*s` cannot be part of an id.", RL_STR_ARG(fi->field->name));
    else if (!fi->field->required)
      rl_report(s->b, e->span, "The field `%.*s` is optional; the fields of an id must be required.",
                RL_STR_ARG(fi->field->name));
  }
}

enum { MOST_METHODS = 16 };

static void report_unknown_method(site *s, const rl_index_method *methods, rl_ast_expr *value, rl_str word) {
  const char *names[MOST_METHODS + 1];
  rl_str parts[MOST_METHODS];
  size_t count = 0;
  for (; methods[count].name && count < MOST_METHODS; count++) {
    names[count] = methods[count].name;
    parts[count] = rl_str_of(methods[count].name);
  }
  names[count] = NULL;
  if (count == 1) {
    rl_report(s->b, value->span, "%s has only %s indexes.", rl_title(s->b), names[0]);
    return;
  }
  rl_str hint = rl_suggest_of(s->b, word, names);
  rl_str first = rl_build_join(s->b, &s->b->temp, parts, count - 1, ", ");
  rl_report(s->b, value->span, "The type of an index must be %.*s or %s.%.*s", RL_STR_ARG(first), names[count - 1],
            RL_STR_ARG(hint));
}

static void read_method(site *s) {
  rl_ast_arg *arg = rl_attr_take(s->attr, "type", false);
  if (!arg || !arg->value) return;
  rl_index *index = &s->node->index;
  rl_str word = arg->value->kind == RL_EXPR_PATH ? arg->value->text : RL_STR("");
  const rl_index_method *methods = rl_rules(s->b)->index_methods, *method = methods;
  while (method->name && !rl_str_is(word, method->name)) method++;
  if (!method->name) {
    report_unknown_method(s, methods, arg->value, word);
    return;
  }
  index->method = word;
  for (size_t k = 0; k < index->count; k++)
    if (index->fields[k].has_sort && !method->ordered)
      rl_report(s->b, arg->value->span, "A %s index has no order: leave out `sort`.", method->name);
  if (index->count > 1 && !method->many_fields)
    rl_report(s->b, arg->value->span, "A %s index can have only one field.", method->name);
}

static void read_clustered(site *s) {
  rl_index *index = &s->node->index;
  index->has_clustered = rl_attr_bool(s->b, s->attr, "clustered", &index->clustered);
  if (index->has_clustered && !rl_rules(s->b)->clustering) report_lack(s, "clustering");
}

static void read_map(site *s) {
  rl_index *index = &s->node->index;
  s->node->has_map = rl_attr_text(s->b, s->attr, "map", false, &index->name);
  if (!s->node->has_map) return;
  if (!rl_rules(s->b)->primary_key_names && index->kind == RL_INDEX_PRIMARY)
    rl_report(s->b, s->attr->span, "%s has no names for primary keys: leave out `map`.", rl_title(s->b));
  rl_check_name_length(s->b, s->attr->span, index->name, "A constraint's name");
}

static void read_where(site *s) {
  rl_ast_arg *arg = rl_attr_take(s->attr, "where", false);
  if (arg && arg->value) rl_resolve_predicate(s->b, s->m, arg, &s->node->index.where);
}

static void check_view(site *s) {
  if (!s->m->model->is_view || s->node->index.kind == RL_INDEX_UNIQUE) return;
  rl_report(s->b, s->attr->span, "A view has no %s. Mark the fields that identify its rows with `@unique`.",
            s->node->index.kind == RL_INDEX_PRIMARY ? "primary key" : "index");
}

void rl_resolve_field_key(rl_build *b, rl_model_info *m, rl_field_info *f, rl_attr *attr, rl_index_kind kind) {
  static const char *const known_of_id[] = {"map", "sort", "length", "clustered", NULL};
  static const char *const known_of_unique[] = {"map", "sort", "length", "clustered", "where", NULL};
  bool id = kind == RL_INDEX_PRIMARY;
  site s = {b, m, attr, add_node(b, m, attr, kind, 1)};
  rl_index_field *field = &s.node->index.fields[0];
  s.node->on_field = true;
  s.node->index.count = 1;
  field->field = f->field;
  if (id && f->field->list)
    rl_report(b, attr->span, "The list `%.*s` cannot be an id.", RL_STR_ARG(f->field->name));
  else if (id && !f->field->required)
    rl_report(b, attr->span, "An id must be required: write `%.*s` without the `?`.", RL_STR_ARG(f->ast->type_text));
  check_view(&s);
  read_map(&s);
  rl_ast_arg *sort = rl_attr_take(attr, "sort", false), *length = rl_attr_take(attr, "length", false);
  if (sort) read_sort(&s, field, sort->value);
  if (length) read_length(&s, field, length->value);
  read_clustered(&s);
  if (!id) read_where(&s);
  rl_attr_finish(b, attr, id ? known_of_id : known_of_unique);
}

static bool read_fields(site *s, rl_ast_arg *arg) {
  rl_ast_expr *list = rl_ast_list(s->b, arg);
  if (!list) {
    rl_str label = rl_attr_label(s->b, s->attr);
    rl_report(s->b, arg ? arg->span : s->attr->span, "`%.*s` needs a list of fields: `%.*s([a, b])`.",
              RL_STR_ARG(label), RL_STR_ARG(label));
    return false;
  }
  for (rl_ast_arg *a = list->args; a; a = a->next)
    if (a->value) read_field(s, a->value);
  if (list->count) return true;
  rl_report(s->b, list->span, "The list of fields is empty.");
  return false;
}

/* Reads `name`, the key of a compound `where`. On @@index, which has no such key, it is an old spelling of `map`. */
static void read_name(site *s) {
  rl_index *index = &s->node->index;
  rl_str name = RL_STR("");
  if (index->kind == RL_INDEX_FULLTEXT || !rl_attr_text(s->b, s->attr, "name", false, &name)) return;
  if (index->kind == RL_INDEX_NORMAL) {
    if (s->node->has_map)
      rl_report(s->b, s->attr->span, "On `@@index`, `name` is an old spelling of `map`: leave out `name`.");
    index->name = name;
    s->node->has_map = true;
    return;
  }
  s->node->given_name = name;
  rl_check_identifier(s->b, s->attr->span, name, "name");
}

void rl_resolve_block_index(rl_build *b, rl_model_info *m, rl_attr *attr, rl_index_kind kind) {
  static const char *const of_id[] = {"fields", "name", "map", "clustered", NULL};
  static const char *const of_unique[] = {"fields", "name", "map", "clustered", "where", NULL};
  static const char *const of_index[] = {"fields", "map", "name", "type", "clustered", "where", NULL};
  static const char *const of_fulltext[] = {"fields", "map", NULL};
  static const char *const *const known[] = {of_id, of_unique, of_index, of_fulltext};
  rl_ast_arg *fields = rl_attr_take(attr, "fields", true);
  site s = {b, m, attr, add_node(b, m, attr, kind, fields && fields->value ? fields->value->count + 1 : 1)};
  if (!read_fields(&s, fields)) s.node->broken = true;
  check_view(&s);
  read_map(&s);
  read_name(&s);
  if (kind == RL_INDEX_NORMAL) read_method(&s);
  if (kind == RL_INDEX_UNIQUE || kind == RL_INDEX_NORMAL) read_where(&s);
  if (kind != RL_INDEX_FULLTEXT)
    read_clustered(&s);
  else if (!rl_rules(b)->fulltext_indexes)
    report_lack(&s, "full-text index");
  rl_attr_finish(b, attr, known[kind]);
}
