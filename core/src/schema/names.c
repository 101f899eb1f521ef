/* Names: which are allowed, how Prisma derives those in the database, the client's names of a model, and conflicts. */
#include "schema/resolve.h"

void rl_check_identifier(rl_build *b, rl_span span, rl_str name, const char *what) {
  if (name.len && name.p[0] >= '0' && name.p[0] <= '9')
    rl_report(b, span, "The name of a %s must begin with a letter.", what);
  else if (memchr(name.p, '-', name.len))
    rl_report(b, span, "The name of a %s can have letters, digits and `_`, but not `-`.", what);
}

void rl_check_name_length(rl_build *b, rl_span span, rl_str name, const char *what) {
  const rl_schema_rules *rules = rl_rules(b);
  if (rules->known && rules->name_limit && name.len > rules->name_limit)
    rl_report(b, span, "%s can have at most %zu bytes on %s; this one has %zu.", what, rules->name_limit, rl_title(b),
              name.len);
}

/* Words that Prisma's JavaScript client cannot use as names, so a shared schema cannot either. */
bool rl_is_reserved(rl_str name) {
  static const char *const words[] = {
      "PrismaClient", "async",   "await",    "break",   "case",       "catch",     "class",  "const",      "continue",
      "debugger",     "default", "delete",   "do",      "else",       "enum",      "export", "extends",    "false",
      "finally",      "for",     "function", "if",      "implements", "import",    "in",     "instanceof", "interface",
      "let",          "new",     "null",     "package", "private",    "protected", "public", "return",     "super",
      "switch",       "this",    "throw",    "true",    "try",        "using",     "typeof", "var",        "void",
      "while",        "with",    "yield",    NULL};
  for (int i = 0; words[i]; i++)
    if (rl_str_is(name, words[i])) return true;
  return false;
}

/* ---- names in the database */

/* Truncates to the database's limit minus a suffix, without splitting a character. */
static rl_str truncate_name(const rl_build *b, rl_str s, size_t suffix) {
  size_t limit = rl_rules(b)->name_limit;
  if (!limit || s.len <= limit - suffix) return s;
  limit -= suffix;
  s.len = limit;
  while (s.len && ((unsigned char)s.p[s.len] & 0xC0) == 0x80) s.len--;
  return s;
}

static rl_str constraint_name(rl_build *b, rl_str table, const rl_str *columns, size_t count, const char *suffix) {
  rl_str *parts = RL_TEMP_ARRAY(b, rl_str, count + 1);
  parts[0] = table;
  for (size_t i = 0; i < count; i++) parts[i + 1] = columns[i];
  rl_str joined = truncate_name(b, rl_build_join(b, &b->temp, parts, count + 1, "_"), strlen(suffix));
  rl_str whole[] = {joined, rl_str_of(suffix)};
  return rl_build_join(b, b->keep, whole, 2, "");
}

static void name_index(rl_build *b, rl_index *index) {
  static const char *const suffixes[] = {"_pkey", "_key", "_idx", "_idx"};
  rl_str *columns = RL_TEMP_ARRAY(b, rl_str, index->count);
  for (size_t i = 0; i < index->count; i++) columns[i] = index->fields[i].field->column;
  size_t count = index->kind == RL_INDEX_PRIMARY ? 0 : index->count;
  index->name = constraint_name(b, index->model->table, columns, count, suffixes[index->kind]);
}

void rl_resolve_index_names(rl_build *b) {
  for (size_t i = 0; i < b->schema->model_count; i++)
    for (rl_index_node *n = b->models[i].indexes; n; n = n->next)
      if (!n->has_map && !n->broken) name_index(b, &n->index);
}

static void name_relation(rl_build *b, rl_relation *r) {
  if (r->kind == RL_MANY_TO_MANY) {
    rl_str parts[] = {RL_STR("_"), r->name};
    r->join_table = truncate_name(b, rl_build_join(b, b->keep, parts, 2, ""), 0);
  } else if (!r->constraint.len && r->count) {
    rl_str *columns = RL_TEMP_ARRAY(b, rl_str, r->count);
    for (size_t i = 0; i < r->count; i++) columns[i] = r->fields[i]->column;
    r->constraint = constraint_name(b, r->key_side->model->table, columns, r->count, "_fkey");
  }
}

/* ---- conflicts. A key of the scratch map is a name after the scope in which it must be unique. */

static bool is_taken(rl_build *b, rl_str within, rl_str more, rl_str name, void *owner) {
  rl_str parts[] = {within, more, name};
  rl_str key = rl_build_join(b, &b->temp, parts, 3, "\n");
  if (rl_map_get(&b->scratch, key)) return true;
  rl_build_put(b, &b->scratch, key, owner);
  return false;
}

/* Returns whether the model's name is taken, which was reported. Then what both have in common is not another error. */
static bool is_second(const rl_build *b, const rl_model *m) {
  return rl_map_get(&b->schema->models_by_name, m->name) != m;
}

static void check_tables(rl_build *b) {
  rl_map_dispose(&b->scratch);
  for (size_t i = 0; i < b->schema->model_count; i++) {
    const rl_model_info *m = &b->models[i];
    if (!is_second(b, m->model) && is_taken(b, RL_STR("table"), m->model->namespace_, m->model->table, m->model))
      rl_report(b, m->ast->name_span, "Another model also has the table `%.*s`.", RL_STR_ARG(m->model->table));
  }
  for (size_t i = 0; i < b->schema->relation_count; i++) {
    rl_relation *r = b->schema->relations[i];
    if (r->kind != RL_MANY_TO_MANY || !is_taken(b, RL_STR("table"), r->join_namespace, r->join_table, r)) continue;
    const rl_field_info *f = &b->models[r->key_side->model->index].fields[r->key_side->index];
    rl_report(b, f->ast->name_span,
              "The table `%.*s` of this many-to-many relation already exists: give the relation another name.",
              RL_STR_ARG(r->join_table));
  }
}

static void check_columns(rl_build *b) {
  for (size_t i = 0; i < b->schema->model_count; i++) {
    const rl_model_info *m = &b->models[i];
    rl_map_dispose(&b->scratch);
    for (size_t k = 0; k < m->model->column_count; k++) {
      const rl_field *f = m->model->columns[k];
      if (rl_map_get(&b->scratch, f->column))
        rl_report(b, m->fields[f->index].ast->span, "Another field of `%.*s` also has the column `%.*s`.",
                  RL_STR_ARG(m->model->name), RL_STR_ARG(f->column));
      rl_build_put(b, &b->scratch, f->column, m->model);
    }
  }
}

/* Keys and indexes share one namespace per schema of the database, if they have names. */
static void check_constraints(rl_build *b) {
  if (!rl_rules(b)->known) return;
  rl_map_dispose(&b->scratch);
  for (size_t i = 0; i < b->schema->model_count; i++) {
    if (is_second(b, b->models[i].model)) continue;
    for (rl_index_node *n = b->models[i].indexes; n; n = n->next) {
      if (n->broken || (!rl_rules(b)->primary_key_names && n->index.kind == RL_INDEX_PRIMARY)) continue;
      if (is_taken(b, RL_STR("index"), b->models[i].model->namespace_, n->index.name, n))
        rl_report(b, n->attr->span,
                  "Another key or index has the name `%.*s` in the database: give this one another name with `map: "
                  "\"...\"`.",
                  RL_STR_ARG(n->index.name));
    }
  }
}

/* The name of a foreign key must be unique among the constraints of its table. */
static void check_foreign_keys(rl_build *b) {
  if (!rl_rules(b)->known || !rl_rules(b)->foreign_key_names) return;
  rl_map_dispose(&b->scratch);
  for (size_t i = 0; i < b->schema->model_count; i++)
    for (rl_index_node *n = b->models[i].indexes; n; n = n->next)
      if (!n->broken) is_taken(b, b->models[i].model->name, RL_STR(""), n->index.name, n);
  for (size_t i = 0; i < b->schema->relation_count; i++) {
    rl_relation *r = b->schema->relations[i];
    const rl_field *f = r->key_side;
    if (!r->constraint.len || !is_taken(b, f->model->name, RL_STR(""), r->constraint, r)) continue;
    rl_report(
        b, b->models[f->model->index].fields[f->index].ast->span,
        "The name `%.*s` in the database belongs to another key or index of `%.*s`: give this one another name with "
        "`map: \"...\"`.",
        RL_STR_ARG(r->constraint), RL_STR_ARG(f->model->name));
  }
}

static void check_enums(rl_build *b) {
  rl_map_dispose(&b->scratch);
  for (size_t i = 0; i < b->schema->enum_count; i++) {
    rl_enum *e = b->schema->enums[i];
    if (!is_taken(b, RL_STR("enum"), e->namespace_, e->table, e)) continue;
    const rl_block *block = rl_map_get(&b->names, e->name);
    if (block)
      rl_report(b, block->name_span, "Another enum also has the name `%.*s` in the database.", RL_STR_ARG(e->table));
  }
}

/* ---- names for the client */

static bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
static char lower(char c) {
  return is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

/* BlogPost: blog_post; HTTPServer: http_server; User2: user2; user_profile stays. */
static rl_str snake(rl_build *b, rl_str name) {
  char *copy = RL_KEEP_ARRAY(b, char, name.len * 2 + 1), *at = copy;
  for (size_t i = 0; i < name.len; i++) {
    char before = i ? name.p[i - 1] : '_', after = i + 1 < name.len ? name.p[i + 1] : '_';
    bool starts_word = is_upper(name.p[i]) && before != '_' &&
                       (!is_upper(before) || (after != '_' && !is_upper(after) && !(after >= '0' && after <= '9')));
    if (starts_word) *at++ = '_';
    *at++ = lower(name.p[i]);
  }
  return rl_str_make(copy, (size_t)(at - copy));
}

/* Changes only the first letter, like Prisma's JavaScript client. */
static rl_str camel(rl_build *b, rl_str name) {
  char *copy = RL_KEEP_ARRAY(b, char, name.len + 1);
  memcpy(copy, name.p, name.len);
  copy[0] = lower(copy[0]);
  return rl_str_make(copy, name.len);
}

/* If two models claim a name, the one that is written so has it, then the one with this camel case, then snake case. */
static void name_clients(rl_build *b) {
  rl_schema *s = b->schema;
  for (size_t i = 0; i < s->model_count; i++) {
    rl_model *m = s->models[i];
    m->client_names[0] = snake(b, m->name);
    m->client_names[1] = camel(b, m->name);
    m->client_names[2] = m->name;
  }
  for (int form = 2; form >= 0; form--) {
    for (size_t i = 0; i < s->model_count; i++) {
      rl_str name = s->models[i]->client_names[form];
      if (!rl_map_get(&s->models_by_client, name)) rl_build_put(b, &s->models_by_client, name, s->models[i]);
    }
  }
}

/* Collects the names that are Json fields in every model that has them. Lists of Json are not included, because their
 * `push` is an operation. */
static void collect_json(rl_build *b) {
  rl_schema *s = b->schema;
  rl_map_dispose(&b->scratch);
  for (size_t i = 0; i < s->model_count; i++)
    for (size_t k = 0; k < s->models[i]->field_count; k++) {
      const rl_field *f = &s->models[i]->fields[k];
      if (f->is_relation || f->list || f->type.scalar != RL_JSON) rl_build_put(b, &b->scratch, f->name, s);
    }
  for (size_t i = 0; i < s->model_count; i++)
    for (size_t k = 0; k < s->models[i]->field_count; k++) {
      const rl_field *f = &s->models[i]->fields[k];
      if (!rl_map_get(&b->scratch, f->name) && !rl_map_get(&s->json_fields, f->name))
        rl_build_put(b, &s->json_fields, f->name, s->models[i]);
    }
}

void rl_resolve_names(rl_build *b) {
  for (size_t i = 0; i < b->schema->relation_count; i++) name_relation(b, b->schema->relations[i]);
  check_tables(b);
  check_columns(b);
  check_constraints(b);
  check_foreign_keys(b);
  check_enums(b);
  name_clients(b);
  collect_json(b);
}
