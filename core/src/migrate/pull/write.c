/* The text of a pulled schema. */
#include "migrate/structure/provider.h"
#include "migrate/pull/text.h"

static void write_head(rl_puller *p) {
  rl_buf_printf(p->out, "datasource db {\n  provider = \"%s\"\n", rl_provider_name(p->db->dialect->provider));
  for (size_t i = 0; i < p->namespace_count; i++) {
    rl_buf_text(p->out, i ? ", " : "  schemas = [");
    rl_pull_quote(p->out, p->namespaces[i]);
  }
  rl_buf_text(p->out, p->namespace_count ? "]\n}\n\n" : "}\n\n");
}

static void write_doc(rl_puller *p, const char *indent, rl_str known, rl_str comment) {
  rl_str s = known.len ? known : comment;
  for (size_t i = 0; i < s.len;) {
    size_t end = i;
    while (end < s.len && s.p[end] != '\n') end++;
    rl_buf_printf(p->out, "%s/// %.*s\n", indent, (int)(end - i), s.p + i);
    i = end + 1;
  }
}

static void write_map_attribute(rl_puller *p, const char *attribute, rl_str name, rl_str stored) {
  if (rl_str_eq(name, stored)) return;
  rl_buf_text(p->out, attribute);
  rl_pull_quote(p->out, stored);
  rl_buf_byte(p->out, ')');
}

static void write_field(rl_puller *p, const rl_pulled *m, size_t i) {
  const rl_db_column *c = &m->table->columns.items[i];
  const rl_field *known = m->known_fields[i];
  rl_str scalar = {"", 0}, native = {"", 0};
  bool typed = rl_pull_type(p, c, &scalar, &native);
  if (c->type_unknown && known) {
    typed = rl_pull_known_type(&known->type, &scalar);
  }
  write_doc(p, "  ", known ? known->doc : (rl_str){"", 0}, m->known ? (rl_str){"", 0} : c->comment);
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
  write_map_attribute(p, " @map(", m->fields[i], c->name);
  if (native.len) rl_buf_printf(p->out, " @db.%.*s", RL_STR_ARG(native));
  if (known && known->ignored && typed) rl_buf_text(p->out, " @ignore");
  rl_buf_byte(p->out, '\n');
}

/* Prisma does not see SQLite's generated columns. It would consider one in the
 * schema as missing from the database. */
static bool is_hidden_column(const rl_puller *p, const rl_db_column *c) {
  return c->computed && rl_migrate_part_of(p->db->dialect->provider)->hides_computed;
}

/* Writes the fields of the known schema first, in its order. */
static void write_fields(rl_puller *p, const rl_pulled *m) {
  size_t n = m->table->columns.count;
  for (size_t k = 0; m->known && k < m->known->column_count; k++)
    for (size_t i = 0; i < n; i++)
      if (m->known_fields[i] == m->known->columns[k]) write_field(p, m, i);
  for (size_t i = 0; i < n; i++)
    if (!m->known_fields[i] && !is_hidden_column(p, &m->table->columns.items[i])) write_field(p, m, i);
}

void rl_pull_model(rl_puller *p, size_t index) {
  const rl_pulled *m = &p->models[index];
  write_doc(p, "", m->known ? m->known->doc : (rl_str){"", 0}, m->known ? (rl_str){"", 0} : m->table->comment);
  if (!m->known && !m->has_key)
    rl_buf_text(p->out, "/// This table has no key that identifies its rows, so no client can use it: see @@ignore.\n");
  rl_buf_printf(p->out, "%s %.*s {\n", m->is_view ? "view" : "model", RL_STR_ARG(m->name));
  write_fields(p, m);
  rl_pull_model_relations(p, index);
  rl_buf_byte(p->out, '\n');
  rl_pull_keys(p, m);
  write_map_attribute(p, "  @@map(", m->name, m->table->name);
  if (m->table->namespace_.len) write_map_attribute(p, "\n  @@schema(", rl_str_make("", 0), m->table->namespace_);
  if (rl_pull_is_ignored(m)) rl_buf_text(p->out, "\n  @@ignore");
  rl_buf_text(p->out, "\n}\n\n");
}

/* ------------------------------------------------------------------ enums */

void rl_pull_enum(rl_puller *p, const rl_db_enum *e) {
  const rl_enum *known = rl_pull_known_enum(p, e);
  rl_str name = rl_pull_enum_name(p, e), none = {"", 0};
  write_doc(p, "", known ? known->doc : none, e->comment);
  rl_buf_printf(p->out, "enum %.*s {\n", RL_STR_ARG(name));
  for (size_t i = 0; i < e->values.count; i++) {
    if (!rl_db_can_express_value(e->values.items[i].name)) {
      rl_buf_text(p->out, "  // Left out, because a schema cannot express it: an empty value.\n");
      continue;
    }
    const rl_enum_value *v = known ? rl_enum_by_column(known, e->values.items[i].name) : NULL;
    rl_str value = rl_pull_value_name(p, e, i);
    write_doc(p, "  ", v ? v->doc : none, none);
    rl_buf_printf(p->out, "  %.*s", RL_STR_ARG(value));
    write_map_attribute(p, " @map(", value, e->values.items[i].name);
    rl_buf_byte(p->out, '\n');
  }
  write_map_attribute(p, "\n  @@map(", name, e->name);
  if (e->namespace_.len) write_map_attribute(p, "\n  @@schema(", none, e->namespace_);
  rl_buf_text(p->out, "\n}\n\n");
}

void rl_pull_write(rl_puller *p) {
  write_head(p);
  for (size_t i = 0; i < p->count; i++)
    if (!p->models[i].is_link) rl_pull_model(p, i);
  for (size_t i = 0; i < p->db->enums.count; i++)
    if (p->db->enums.items[i].values.count) rl_pull_enum(p, &p->db->enums.items[i]);
}
