/* What SQL a schema's fields and indexes are made of, and queries about what a
 * database holds. */
#include "sql/ddl.h"

#include "schema/operator_class.h"
#include "sql/ddl_forms.h"

static const rl_ddl_forms *const ddl_forms[RL_PROVIDER_SLOTS] = {
#define RL_PROVIDER(ID, id, name, title, built) [RL_PROVIDER_##ID] = &rl_ddl_##id,
#include "base/providers.def"
#undef RL_PROVIDER
};

static const rl_ddl_forms *forms_of(const rl_dialect *d) {
  return ddl_forms[d->provider];
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

const rl_ddl_features *rl_ddl_features_of(const rl_dialect *d) {
  return &forms_of(d)->features;
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
  if (!forms_of(d)->features.namespaces || !search_path.len) return RILLE_OK;
  rl_buf b;
  rl_buf_init(&b);
  rl_buf_text(&b, "CREATE SCHEMA IF NOT EXISTS ");
  d->identifier(&b, search_path);
  *out = b.failed ? NULL : rl_arena_strdup(arena, rl_buf_view(&b));
  rl_buf_dispose(&b);
  return *out ? RILLE_OK : rl_fail_nomem(err);
}
