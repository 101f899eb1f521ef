/* `/// @touches Audit, Other` above a model: what its triggers write too. It is a rule of doc comments like those of
 * fields (field_rules.h): other words after @ belong to other tools. */
#include "schema/resolve.h"

#define WORD "@touches"

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/* Returns whether a comment line is the rule; *text is then the whole rule. */
static bool is_rule(const rl_line *line, rl_str *text) {
  const size_t len = sizeof WORD - 1;
  if (!line->is_doc) return false;
  *text = rl_str_trim(rl_str_make(line->text.p + 3, line->text.len - 3));
  if (text->len < len || memcmp(text->p, WORD, len) != 0) return false;
  return text->len == len || is_blank(text->p[len]) || text->p[len] == '(';
}

static rl_span span_of(const rl_build *b, rl_str s) {
  uint32_t start = (uint32_t)(s.p - b->text.p);
  return (rl_span){start, start + (uint32_t)s.len};
}

static void report_unknown(rl_build *b, rl_str name) {
  const rl_schema *s = b->schema;
  rl_str *names = RL_TEMP_ARRAY(b, rl_str, s->model_count);
  for (size_t i = 0; i < s->model_count; i++) names[i] = s->models[i]->name;
  rl_str hint = rl_suggest(b, name, names, s->model_count);
  rl_report(b, span_of(b, name), "`@touches` names models; there is no model `%.*s`.%.*s", RL_STR_ARG(name),
            RL_STR_ARG(hint));
}

/* Adds a model once. touches has room for all models. */
static void add_model(rl_build *b, rl_model *m, rl_str name) {
  const rl_model *other = rl_map_get(&b->schema->models_by_name, name);
  if (!other) {
    report_unknown(b, name);
    return;
  }
  for (size_t i = 0; i < m->touch_count; i++)
    if (m->touches[i] == other) return;
  if (!m->touches) m->touches = RL_KEEP_ARRAY(b, const rl_model *, b->schema->model_count);
  m->touches[m->touch_count++] = other;
}

static void read_names(rl_build *b, rl_model *m, rl_str rule) {
  rl_str rest = rl_str_trim(rl_str_make(rule.p + sizeof WORD - 1, rule.len - (sizeof WORD - 1)));
  if (rest.len && rest.p[0] == '(') {
    rl_report(b, span_of(b, rule), "A rule has no parentheses: write `@touches Audit, Other`.");
    return;
  }
  for (bool more = true; more;) {
    size_t len = 0;
    while (len < rest.len && rest.p[len] != ',') len++;
    rl_str name = rl_str_trim(rl_str_make(rest.p, len));
    more = len < rest.len;
    if (!name.len) {
      rl_report(b, span_of(b, rule),
                "`@touches` needs the names of models, separated by commas: `@touches Audit, Other`.");
      return;
    }
    add_model(b, m, name);
    rest = rl_str_make(rest.p + len + more, rest.len - len - more);
  }
}

static void refuse_rule(rl_build *b, const rl_line *lines) {
  rl_str rule;
  for (const rl_line *l = lines; l; l = l->next)
    if (is_rule(l, &rule)) rl_report(b, span_of(b, rule), "`@touches` belongs above a model, not to a field.");
}

void rl_resolve_touches(rl_build *b) {
  rl_str rule;
  for (size_t i = 0; i < b->schema->model_count; i++) {
    const rl_model_info *info = &b->models[i];
    for (const rl_line *l = info->ast->above; l; l = l->next)
      if (is_rule(l, &rule)) read_names(b, info->model, rule);
    for (size_t k = 0; k < info->model->field_count; k++) {
      refuse_rule(b, info->fields[k].ast->above);
      refuse_rule(b, info->fields[k].ast->trailing);
    }
  }
}
