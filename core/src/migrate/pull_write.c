/* The text of a pulled schema. */
#include "migrate/pull_text.h"

/* The datasource and generator blocks of the known schema, as written. */
static void copy_blocks(rl_puller *p) {
  rl_str s = p->known->source;
  bool inside = false;
  for (size_t i = 0; i < s.len;) {
    size_t end = i;
    while (end < s.len && s.p[end] != '\n') end++;
    rl_str line = rl_str_make(s.p + i, end - i);
    if (rl_str_starts(line, RL_STR("datasource ")) || rl_str_starts(line, RL_STR("generator "))) inside = true;
    if (inside) rl_buf_printf(p->out, "%.*s\n", RL_STR_ARG(line));
    bool closes = line.len && memchr(line.p, '}', line.len) && !memchr(line.p, '{', line.len);
    bool one_line = line.len && memchr(line.p, '}', line.len) && memchr(line.p, '{', line.len);
    if (inside && (closes || one_line)) {
      inside = false;
      rl_buf_byte(p->out, '\n');
    }
    i = end + 1;
  }
}

static void write_head(rl_puller *p) {
  size_t before = p->out->len;
  if (p->known) copy_blocks(p);
  if (p->known && p->known->provider != RL_PROVIDER_NONE) return;
  p->out->len = before;
  rl_buf_printf(p->out, "datasource db {\n  provider = \"%s\"\n}\n\n", p->db->dialect->name);
}

void rl_pull_doc(rl_puller *p, const char *indent, rl_str known, rl_str comment) {
  rl_str s = known.len ? known : comment;
  for (size_t i = 0; i < s.len;) {
    size_t end = i;
    while (end < s.len && s.p[end] != '\n') end++;
    rl_buf_printf(p->out, "%s/// %.*s\n", indent, (int)(end - i), s.p + i);
    i = end + 1;
  }
}

static void map_attribute(rl_puller *p, const char *attribute, rl_str name, rl_str stored) {
  if (rl_str_eq(name, stored)) return;
  rl_buf_text(p->out, attribute);
  rl_pull_quote(p->out, stored);
  rl_buf_byte(p->out, ')');
}

static void write_field(rl_puller *p, const rl_pulled *m, size_t i) {
  const rl_db_column *c = &m->table->columns.items[i];
  const rl_field *known = m->knowns[i];
  rl_str scalar = {"", 0}, native = {"", 0};
  bool typed = rl_pull_type(p, c, &scalar, &native);
  rl_pull_doc(p, "  ", known ? known->doc : (rl_str){"", 0}, c->comment);
  rl_buf_printf(p->out, "  %.*s ", RL_STR_ARG(m->fields[i]));
  if (typed) {
    rl_buf_str(p->out, scalar);
  } else {
    rl_str type = c->type;
    if (c->list) type.len -= 2;
    rl_buf_text(p->out, "Unsupported(");
    rl_pull_quote(p->out, type);
    rl_buf_byte(p->out, ')');
  }
  rl_buf_text(p->out, c->list ? "[]" : c->required ? "" : "?");
  rl_pull_field_keys(p, m, c);
  rl_pull_default(p, c, known, scalar, native);
  if (known && known->updated_at) rl_buf_text(p->out, " @updatedAt");
  map_attribute(p, " @map(", m->fields[i], c->name);
  if (native.len) rl_buf_printf(p->out, " @db.%.*s", RL_STR_ARG(native));
  if (known && known->ignored && typed) rl_buf_text(p->out, " @ignore");
  rl_buf_byte(p->out, '\n');
}

/* Fields that the known schema has come first, in its order. */
static void write_fields(rl_puller *p, const rl_pulled *m) {
  size_t n = m->table->columns.count;
  for (size_t k = 0; m->known && k < m->known->column_count; k++)
    for (size_t i = 0; i < n; i++)
      if (m->knowns[i] == m->known->columns[k]) write_field(p, m, i);
  for (size_t i = 0; i < n; i++)
    if (!m->knowns[i]) write_field(p, m, i);
}

static void write_model(rl_puller *p, size_t index) {
  const rl_pulled *m = &p->models[index];
  rl_pull_doc(p, "", m->known ? m->known->doc : (rl_str){"", 0}, m->table->comment);
  rl_buf_printf(p->out, "model %.*s {\n", RL_STR_ARG(m->name));
  write_fields(p, m);
  rl_pull_model_relations(p, index);
  rl_buf_byte(p->out, '\n');
  rl_pull_keys(p, m);
  map_attribute(p, "  @@map(", m->name, m->table->name);
  if (m->table->namespace_.len) map_attribute(p, "\n  @@schema(", rl_str_make("", 0), m->table->namespace_);
  if (!m->is_found || (m->known && m->known->ignored)) rl_buf_text(p->out, "\n  @@ignore");
  rl_buf_text(p->out, "\n}\n\n");
}

static void write_models(rl_puller *p) {
  for (size_t k = 0; p->known && k < p->known->model_count; k++)
    for (size_t i = 0; i < p->count; i++)
      if (p->models[i].known == p->known->models[k] && !p->models[i].is_link) write_model(p, i);
  for (size_t i = 0; i < p->count; i++)
    if (!p->models[i].known && !p->models[i].is_link) write_model(p, i);
}

/* ------------------------------------------------------------------ enums */

static const rl_enum *known_enum(const rl_puller *p, const rl_db_enum *e) {
  for (size_t i = 0; p->known && i < p->known->enum_count; i++)
    if (rl_str_eq(p->known->enums[i]->table, e->name) && rl_str_eq(p->known->enums[i]->namespace_, e->namespace_))
      return p->known->enums[i];
  return NULL;
}

static rl_str value_name(rl_puller *p, const rl_db_enum *e, size_t i) {
  const rl_enum *known = known_enum(p, e);
  const rl_enum_value *v = known ? rl_enum_by_column(known, e->values.items[i].name) : NULL;
  if (v) return v->name;
  rl_str name = rl_pull_identifier(p, e->values.items[i].name);
  for (size_t k = 0; k < i; k++)
    if (rl_str_eq(value_name(p, e, k), name)) return rl_str_of(rl_pull_printf(p, "%.*s_%d", RL_STR_ARG(name), (int)i));
  return name;
}

rl_str rl_pull_enum_value(rl_puller *p, const rl_db_column *c, rl_str value) {
  const rl_db_enum *e = rl_db_enum_of(p->db, c->enum_namespace, c->enum_name);
  for (size_t i = 0; e && i < e->values.count; i++)
    if (rl_str_eq(e->values.items[i].name, value)) return value_name(p, e, i);
  return value;
}

static void write_enum(rl_puller *p, const rl_db_enum *e) {
  const rl_enum *known = known_enum(p, e);
  rl_str name = rl_pull_enum_name(p, e), none = {"", 0};
  rl_pull_doc(p, "", known ? known->doc : none, e->comment);
  rl_buf_printf(p->out, "enum %.*s {\n", RL_STR_ARG(name));
  for (size_t i = 0; i < e->values.count; i++) {
    const rl_enum_value *v = known ? rl_enum_by_column(known, e->values.items[i].name) : NULL;
    rl_str value = value_name(p, e, i);
    rl_pull_doc(p, "  ", v ? v->doc : none, none);
    rl_buf_printf(p->out, "  %.*s", RL_STR_ARG(value));
    map_attribute(p, " @map(", value, e->values.items[i].name);
    rl_buf_byte(p->out, '\n');
  }
  map_attribute(p, "\n  @@map(", name, e->name);
  if (e->namespace_.len) map_attribute(p, "\n  @@schema(", none, e->namespace_);
  rl_buf_text(p->out, "\n}\n\n");
}

void rl_pull_write(rl_puller *p) {
  write_head(p);
  write_models(p);
  for (size_t i = 0; i < p->db->enums.count; i++)
    if (p->db->enums.items[i].values.count) write_enum(p, &p->db->enums.items[i]);
}
