/* What SQL a schema's fields and indexes are made of, and queries about what a
 * database holds. */
#include "sql/ddl.h"

#include "schema/operator_class.h"
#include "sql/ddl_forms.h"
#include "tape/datetime.h"

static const rl_ddl_forms *const ddl_forms[RL_PROVIDER_SLOTS] = {
#define RL_PROVIDER(ID, id, name, title, built) [RL_PROVIDER_##ID] = &rl_ddl_##id,
#include "base/providers.def"
#undef RL_PROVIDER
};

static const rl_ddl_forms *forms_of(const rl_dialect *d) {
  return ddl_forms[d->provider];
}

void rl_ddl_text(rl_buf *out, rl_str s) {
  rl_buf_byte(out, '\'');
  for (size_t i = 0; i < s.len; i++) {
    if (s.p[i] == '\'') rl_buf_byte(out, '\'');
    rl_buf_byte(out, s.p[i]);
  }
  rl_buf_byte(out, '\'');
}

void rl_ddl_table(rl_buf *out, const rl_dialect *d, const rl_ddl_forms *forms, rl_str namespace_, rl_str table) {
  if (namespace_.len && forms->namespaces) {
    d->identifier(out, namespace_);
    rl_buf_byte(out, '.');
  }
  d->identifier(out, table);
}

/* The bytes that base64 text stands for, as hexadecimal. */
static void write_hex(rl_buf *out, rl_str s) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint32_t bits = 0;
  int have = 0;
  for (size_t i = 0; i < s.len; i++) {
    const char *at = s.p[i] ? strchr(letters, s.p[i]) : NULL;
    if (!at) continue;
    bits = bits << 6 | (uint32_t)(at - letters);
    have += 6;
    if (have >= 8) {
      have -= 8;
      rl_buf_printf(out, "%02x", (unsigned)(bits >> have & 0xff));
    }
  }
}

/* As the server reads it in any time zone: '2020-01-01 00:00:00 +00:00'. */
void rl_ddl_datetime(rl_buf *out, rl_str iso) {
  int64_t us;
  char text[RL_DATETIME_MAX];
  if (!rl_datetime_parse(iso, &us)) {
    rl_ddl_text(out, iso);
    return;
  }
  size_t n = rl_datetime_format(us, text); /* 2020-01-01T00:00:00.000Z */
  bool whole = us % 1000000 == 0;
  rl_buf_printf(out, "'%.10s %.8s", text, text + 11);
  if (!whole) rl_buf_put(out, text + 19, n - 20);
  rl_buf_text(out, " +00:00'");
}

void rl_ddl_literal(rl_buf *out, const rl_ddl_forms *forms, const rl_field *f, const rl_literal *l) {
  if (l->kind == RL_LITERAL_NUMBER || l->kind == RL_LITERAL_BOOL) {
    rl_buf_str(out, l->text);
  } else if (l->kind == RL_LITERAL_ENUM) {
    const rl_enum_value *v = rl_enum_by_name(f->type.enumeration, l->text);
    rl_ddl_text(out, v ? v->column : l->text);
  } else if (f->type.scalar == RL_BYTES) {
    rl_buf_printf(out, "'%s", forms->bytes_prefix);
    write_hex(out, l->text);
    rl_buf_byte(out, '\'');
  } else if (f->type.scalar == RL_DATETIME) {
    rl_ddl_datetime(out, l->text);
  } else {
    rl_ddl_text(out, l->text);
  }
}

static void method_name(rl_buf *out, rl_str method) {
  for (size_t i = 0; i < method.len; i++) {
    char c = method.p[i];
    rl_buf_byte(out, c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
  }
}

/* ------------------------------------------------------------------ fields */

void rl_ddl_column_type(const rl_dialect *d, const rl_field *f, rl_buf *out) {
  forms_of(d)->type(out, d, f, true);
}

bool rl_ddl_is_row_id(const rl_dialect *d, const rl_field *f) {
  return forms_of(d)->key_in_column(f);
}

void rl_ddl_default(const rl_dialect *d, const rl_field *f, rl_buf *out) {
  switch (f->def.kind) {
  case RL_DEFAULT_LITERAL: rl_ddl_literal(out, forms_of(d), f, &f->def.literal); return;
  case RL_DEFAULT_LIST: forms_of(d)->list(out, d, f); return;
  case RL_DEFAULT_NOW: rl_buf_text(out, "CURRENT_TIMESTAMP"); return;
  case RL_DEFAULT_DBGENERATED: rl_buf_str(out, f->def.expression); return;
  default: return; /* made by the client, or by the column's type */
  }
}

void rl_ddl_name(const rl_dialect *d, rl_str namespace_, rl_str table, rl_buf *out) {
  rl_ddl_table(out, d, forms_of(d), namespace_, table);
}

void rl_ddl_operator_class(const rl_index_field *f, rl_buf *out) {
  if (f->ops_raw)
    rl_buf_str(out, f->ops);
  else
    rl_operator_class_text(f->ops, out);
}

void rl_ddl_method(rl_str method, rl_buf *out) {
  method_name(out, method);
}

bool rl_ddl_has_types(const rl_dialect *d) {
  return forms_of(d)->enum_types;
}

/* ------------------------------------------------------------------ what is
 * there */

typedef void list_form(rl_buf *out, const rl_str *namespaces, size_t count);

static char *list_query(list_form *form, const rl_schema *schema, rl_str search_path, rl_arena *arena) {
  rl_str home = search_path.len ? search_path : RL_STR("public");
  const rl_str *namespaces = schema->namespace_count ? schema->namespaces : &home;
  rl_buf b;
  rl_buf_init(&b);
  form(&b, namespaces, schema->namespace_count ? schema->namespace_count : 1);
  char *z = b.failed ? NULL : rl_arena_strdup(arena, rl_buf_view(&b));
  rl_buf_dispose(&b);
  return z;
}

char *rl_ddl_list_drops(const rl_dialect *d, const rl_schema *schema, rl_str search_path, rl_arena *arena) {
  return list_query(forms_of(d)->list_drops, schema, search_path, arena);
}

const char *rl_ddl_before(const rl_dialect *d) {
  return forms_of(d)->before;
}
const char *rl_ddl_after(const rl_dialect *d) {
  return forms_of(d)->after;
}

rille_status rl_ddl_home(const rl_dialect *d, rl_str search_path, rl_arena *arena, char **out, rl_error *err) {
  *out = NULL;
  if (!forms_of(d)->namespaces || !search_path.len) return RILLE_OK;
  rl_buf b;
  rl_buf_init(&b);
  rl_buf_text(&b, "CREATE SCHEMA IF NOT EXISTS ");
  d->identifier(&b, search_path);
  *out = b.failed ? NULL : rl_arena_strdup(arena, rl_buf_view(&b));
  rl_buf_dispose(&b);
  return *out ? RILLE_OK : rl_fail_nomem(err);
}
