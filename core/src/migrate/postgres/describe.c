/* The structure of a PostgreSQL database. */
#include "migrate/postgres/postgres.h"

typedef struct reader {
  rl_session *s;
  rl_db *db;
  rl_buf buf;  /* the query that is being written */
  size_t head; /* length of its common beginning, with the names of the schemas */
  rl_error *err;
} reader;

static bool is_true(rl_str s) {
  return rl_str_is(s, "t") || rl_str_is(s, "true");
}

static rille_status run_query(reader *r, const char *sql, uint32_t columns, rl_text_rows *out) {
  r->buf.len = r->head;
  rl_buf_text(&r->buf, sql);
  const char *z = rl_buf_z(&r->buf);
  return z ? rl_session_rows(r->s, z, columns, out, r->err) : rl_fail_nomem(r->err);
}

/* Returns the table that a row is about. */
static rl_db_table *table_at(const reader *r, const rl_text_rows *rows, size_t i) {
  return rl_db_table_of(r->db, rl_cell(rows, i, 0), rl_cell(rows, i, 1));
}

static void write_query_head(reader *r, const rl_str *namespaces, size_t count) {
  rl_str home = r->s->options.search_path ? rl_str_of(r->s->options.search_path) : RL_STR("public");
  rl_buf_text(&r->buf, "WITH ns AS (SELECT oid, ");
  rl_buf_text(&r->buf, count ? "nspname::text" : "''::text");
  rl_buf_text(&r->buf, " AS label FROM pg_namespace WHERE nspname IN (");
  for (size_t i = 0; i < count; i++) {
    rl_buf_text(&r->buf, i ? ", " : "");
    rl_ddl_text(&r->buf, namespaces[i]);
  }
  if (!count) rl_ddl_text(&r->buf, home);
  rl_buf_text(
      &r->buf,
      ")), rel AS (SELECT c.oid, ns.label, c.relname::text AS name, c.relkind "
      "FROM pg_class c JOIN ns ON ns.oid = c.relnamespace "
      "WHERE c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition AND c.relname NOT IN ('_prisma_migrations', '_rille_imports') "
      "AND NOT EXISTS (SELECT 1 FROM pg_depend d "
      "WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')) ");
  r->head = r->buf.len;
}

static rille_status read_namespaces(reader *r) {
  rl_text_rows rows;
  rille_status st = run_query(r, "SELECT label FROM ns WHERE label <> '' ORDER BY 1", 1, &rows);
  if (st != RILLE_OK) return st;
  for (size_t i = 0; i < rows.count; i++) {
    rl_str *n = RL_DB_ADD(&r->s->arena, &r->db->namespaces);
    if (!n) return rl_fail_nomem(r->err);
    *n = rl_cell(&rows, i, 0);
  }
  st = run_query(r, "SELECT extname::text FROM pg_extension ORDER BY 1", 1, &rows);
  for (size_t i = 0; st == RILLE_OK && i < rows.count; i++) {
    rl_str *n = RL_DB_ADD(&r->s->arena, &r->db->extensions);
    if (!n) return rl_fail_nomem(r->err);
    *n = rl_cell(&rows, i, 0);
  }
  return st;
}

static rille_status read_enums(reader *r) {
  rl_text_rows rows;
  rille_status st = run_query(r,
                              "SELECT ns.label, t.typname::text, coalesce(e.enumlabel::text, "
                              "''), coalesce(obj_description(t.oid, 'pg_type'), '') "
                              "FROM pg_type t JOIN ns ON ns.oid = t.typnamespace LEFT JOIN "
                              "pg_enum e ON e.enumtypid = t.oid WHERE t.typtype = 'e' "
                              "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = "
                              "'pg_type'::regclass AND d.objid = t.oid AND d.deptype = "
                              "'e') ORDER BY 1, t.typname, e.enumsortorder",
                              4, &rows);
  if (st != RILLE_OK) return st;
  for (size_t i = 0; i < rows.count; i++) {
    rl_db_enum *e = rl_db_enum_of(r->db, rl_cell(&rows, i, 0), rl_cell(&rows, i, 1));
    if (!e) {
      e = rl_db_add_enum(&r->s->arena, r->db, rl_cell(&rows, i, 0), rl_cell(&rows, i, 1));
      if (!e) return rl_fail_nomem(r->err);
      e->comment = rl_cell(&rows, i, 3);
    }
    rl_db_value *v = RL_DB_ADD(&r->s->arena, &e->values);
    if (!v) return rl_fail_nomem(r->err);
    v->name = rl_cell(&rows, i, 2);
  }
  return RILLE_OK;
}

static rille_status read_tables(reader *r) {
  rl_text_rows rows;
  rille_status st = run_query(r,
                              "SELECT label, name, relkind::text, coalesce(obj_description(oid, "
                              "'pg_class'), ''), CASE WHEN relkind IN ('v', "
                              "'m') THEN pg_get_viewdef(oid) ELSE '' END FROM rel ORDER BY "
                              "label, name COLLATE \"C\"",
                              5, &rows);
  if (st != RILLE_OK) return st;
  for (size_t i = 0; i < rows.count; i++) {
    rl_str kind = rl_cell(&rows, i, 2);
    if (rl_str_is(kind, "v") || rl_str_is(kind, "m")) {
      rl_db_view *v = rl_db_add_view(&r->s->arena, r->db, rl_cell(&rows, i, 0), rl_cell(&rows, i, 1));
      if (!v) return rl_fail_nomem(r->err);
      v->sql = rl_cell(&rows, i, 4);
      v->comment = rl_cell(&rows, i, 3);
      v->materialized = rl_str_is(kind, "m");
      continue;
    }
    rl_db_table *t = rl_db_add_table(&r->s->arena, r->db, rl_cell(&rows, i, 0), rl_cell(&rows, i, 1));
    if (!t) return rl_fail_nomem(r->err);
    t->comment = rl_cell(&rows, i, 3);
  }
  return RILLE_OK;
}

/* ------------------------------------------------------------------ columns */

/* Returns the name of a type in statements, where the catalogue has another one; NULL: the same. */
static const char *type_name(rl_str typname) {
  static const struct {
    const char *typname, *name;
  } all[] = {{"text", "TEXT"},
             {"varchar", "VARCHAR"},
             {"bpchar", "CHAR"},
             {"bit", "BIT"},
             {"varbit", "VARBIT"},
             {"uuid", "UUID"},
             {"xml", "XML"},
             {"inet", "INET"},
             {"citext", "CITEXT"},
             {"bool", "BOOLEAN"},
             {"int4", "INTEGER"},
             {"int2", "SMALLINT"},
             {"oid", "OID"},
             {"int8", "BIGINT"},
             {"float8", "DOUBLE PRECISION"},
             {"float4", "REAL"},
             {"numeric", "DECIMAL"},
             {"money", "MONEY"},
             {"timestamp", "TIMESTAMP"},
             {"timestamptz", "TIMESTAMPTZ"},
             {"date", "DATE"},
             {"time", "TIME"},
             {"timetz", "TIMETZ"},
             {"json", "JSON"},
             {"jsonb", "JSONB"},
             {"bytea", "BYTEA"}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (rl_str_is(typname, all[i].typname)) return all[i].name;
  return NULL;
}

/* Returns the type as a statement writes it. formatted: "timestamp(3) without time zone", whose arguments are kept. */
static rl_str type_text(reader *r, const rl_db_column *c, rl_str typname, rl_str formatted) {
  const char *name = type_name(typname);
  rl_buf b;
  rl_buf_init(&b);
  if (c->enum_name.len) {
    rl_ddl_name(r->db->dialect, c->enum_namespace, c->enum_name, &b);
  } else if (name) {
    const char *open = memchr(formatted.p, '(', formatted.len), *close = memchr(formatted.p, ')', formatted.len);
    rl_buf_text(&b, name);
    if (open && close) rl_buf_put(&b, open, (size_t)(close + 1 - open));
  } else {
    rl_buf_str(&b, formatted);
  }
  if (c->list) rl_buf_text(&b, "[]");
  rl_str text = b.failed ? (rl_str){NULL, 0} : rl_arena_str(&r->s->arena, rl_buf_view(&b));
  rl_buf_dispose(&b);
  return text;
}

static const char columns_sql[] =
    "SELECT rel.label, rel.name, a.attname::text, b.typname::text, "
    "format_type(b.oid, CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END), CASE "
    "WHEN b.typtype = 'e' THEN coalesce(ns.label, bn.nspname::text) ELSE '' END, CASE "
    "WHEN b.typtype = 'e' THEN b.typname::text ELSE '' END, "
    "(t.oid <> b.oid AND t.typtype <> 'd')::text, a.attnotnull::text, a.attidentity::text, "
    "a.attgenerated::text, coalesce(pg_get_expr(d.adbin, d.adrelid), ''), "
    "coalesce(q.relname::text, ''), coalesce(col_description(rel.oid, a.attnum), '') "
    "FROM rel "
    "JOIN pg_attribute a ON a.attrelid = rel.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "JOIN pg_type t ON t.oid = a.atttypid "
    "JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype WHEN t.typcategory = 'A' "
    "AND t.typelem <> 0 THEN t.typelem ELSE t.oid END "
    "JOIN pg_namespace bn ON bn.oid = b.typnamespace "
    "LEFT JOIN ns ON ns.oid = b.typnamespace "
    "LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum "
    "LEFT JOIN LATERAL (SELECT s.relname FROM pg_depend p JOIN pg_class s ON s.oid = p.objid "
    "AND s.relkind = 'S' WHERE p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass "
    "AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum AND p.deptype IN ('a', 'i') LIMIT 1) q ON true "
    "ORDER BY rel.label, rel.name COLLATE \"C\", a.attnum";

static rille_status read_column(reader *r, const rl_text_rows *rows, size_t i) {
  rl_db_table *t = table_at(r, rows, i);
  rl_db_view *v = t ? NULL : rl_db_view_of(r->db, rl_cell(rows, i, 0), rl_cell(rows, i, 1));
  if (!t && !v) return RILLE_OK; /* it was created between the queries */
  rl_db_column *c = t ? RL_DB_ADD(&r->s->arena, &t->columns) : RL_DB_ADD(&r->s->arena, &v->columns);
  if (!c) return rl_fail_nomem(r->err);
  c->name = rl_cell(rows, i, 2);
  c->enum_namespace = rl_cell(rows, i, 5);
  c->enum_name = rl_cell(rows, i, 6);
  c->list = is_true(rl_cell(rows, i, 7));
  c->required = is_true(rl_cell(rows, i, 8)) && !c->list;
  c->type = type_text(r, c, rl_cell(rows, i, 3), rl_cell(rows, i, 4));
  if (!c->type.p) return rl_fail_nomem(r->err);
  c->identity = rl_cell(rows, i, 9).len > 0;
  c->computed = rl_cell(rows, i, 10).len > 0;
  c->sequence = rl_cell(rows, i, 12);
  c->comment = rl_cell(rows, i, 13);
  rl_str def = rl_cell(rows, i, 11);
  c->autoincrement = c->identity || rl_str_starts(def, RL_STR("nextval("));
  if (c->computed)
    c->generated = rl_str_of(rl_arena_printf(&r->s->arena, "GENERATED ALWAYS AS (%.*s) STORED", RL_STR_ARG(def)));
  if (c->computed && !c->generated.p) return rl_fail_nomem(r->err);
  if (c->autoincrement || c->computed) {
    c->def.sql = def;
    return RILLE_OK;
  }
  c->def = rl_db_default_of(&r->s->arena, RL_PROVIDER_POSTGRESQL, def);
  return c->def.kind == RL_DB_DEFAULT_VALUE && !c->def.value.p ? rl_fail_nomem(r->err) : RILLE_OK;
}

static rille_status read_columns(reader *r) {
  rl_text_rows rows;
  rille_status st = run_query(r, columns_sql, 14, &rows);
  for (size_t i = 0; st == RILLE_OK && i < rows.count; i++) st = read_column(r, &rows, i);
  return st;
}

/* ------------------------------------------------------------------ keys and indexes */

static const char indexes_sql[] =
    "SELECT rel.label, rel.name, i.relname::text, x.indisunique::text, "
    "x.indisprimary::text, upper(am.amname::text), coalesce(pg_get_expr(x.indpred, x.indrelid), ''), "
    "(x.indnatts > x.indnkeyatts OR x.indexprs IS NOT NULL OR con.contype IS NOT DISTINCT FROM 'x' "
    "OR NOT x.indisvalid)::text, (con.contype IS NOT DISTINCT FROM 'u')::text, "
    "coalesce(a.attname::text, ''), ((x.indoption[k.n - 1])::int & 1)::text, "
    "coalesce(o.opcname::text, ''), coalesce(o.opcdefault, false)::text "
    "FROM rel "
    "JOIN pg_index x ON x.indrelid = rel.oid "
    "JOIN pg_class i ON i.oid = x.indexrelid "
    "JOIN pg_am am ON am.oid = i.relam "
    "CROSS JOIN LATERAL generate_series(1, x.indnkeyatts) AS k(n) "
    "LEFT JOIN pg_attribute a ON a.attrelid = rel.oid AND a.attnum = x.indkey[k.n - 1] AND x.indkey[k.n - 1] > 0 "
    "LEFT JOIN pg_opclass o ON o.oid = x.indclass[k.n - 1] "
    "LEFT JOIN pg_constraint con ON con.conindid = i.oid AND con.contype IN ('p', 'u', 'x') "
    "AND con.conrelid = rel.oid "
    "WHERE rel.relkind IN ('r', 'p') "
    "ORDER BY rel.label, rel.name COLLATE \"C\", i.relname COLLATE \"C\", k.n";

static rille_status read_index(reader *r, const rl_text_rows *rows, size_t i) {
  rl_db_table *t = table_at(r, rows, i);
  rl_str name = rl_cell(rows, i, 2);
  if (!t) return RILLE_OK;
  if (is_true(rl_cell(rows, i, 4))) {
    rl_str *key = RL_DB_ADD(&r->s->arena, &t->primary);
    if (!key) return rl_fail_nomem(r->err);
    *key = rl_cell(rows, i, 9);
    t->primary_name = name;
    return RILLE_OK;
  }
  rl_db_index *x = t->indexes.count ? &t->indexes.items[t->indexes.count - 1] : NULL;
  if (!x || !rl_str_eq(x->name, name)) {
    x = RL_DB_ADD(&r->s->arena, &t->indexes);
    if (!x) return rl_fail_nomem(r->err);
    x->name = name;
    x->unique = is_true(rl_cell(rows, i, 3));
    x->method = rl_cell(rows, i, 5);
    x->predicate = rl_db_bare(RL_PROVIDER_POSTGRESQL, rl_cell(rows, i, 6));
    x->opaque = is_true(rl_cell(rows, i, 7));
    x->constraint = is_true(rl_cell(rows, i, 8));
  }
  if (x->count == x->cap && !(x->parts = rl_db_grow(&r->s->arena, x->parts, x->count, &x->cap, sizeof *x->parts)))
    return rl_fail_nomem(r->err);
  x->parts[x->count++] = (rl_db_part){rl_cell(rows, i, 9), rl_str_is(rl_cell(rows, i, 10), "1"), rl_cell(rows, i, 11),
                                      is_true(rl_cell(rows, i, 12))};
  return RILLE_OK;
}

static rille_status read_indexes(reader *r) {
  rl_text_rows rows;
  rille_status st = run_query(r, indexes_sql, 13, &rows);
  for (size_t i = 0; st == RILLE_OK && i < rows.count; i++) st = read_index(r, &rows, i);
  return st;
}

static rl_action_ref action_of(rl_str letter) {
  switch (letter.len ? letter.p[0] : 'a') {
  case 'c': return RL_REF_CASCADE;
  case 'r': return RL_REF_RESTRICT;
  case 'n': return RL_REF_SET_NULL;
  case 'd': return RL_REF_SET_DEFAULT;
  default: return RL_REF_NO_ACTION;
  }
}

/* A foreign key to a partitioned table has one more per partition. They are left out: the server manages them. */
static const char references_sql[] =
    "SELECT rel.label, rel.name, k.conname::text, k.confdeltype::text, k.confupdtype::text, "
    "coalesce(ns.label, tn.nspname::text), tc.relname::text, f.attname::text, "
    "g.attname::text, coalesce(x.relname::text, '') "
    "FROM rel "
    "JOIN pg_constraint k ON k.conrelid = rel.oid AND k.contype = 'f' AND k.conparentid = 0 "
    "JOIN pg_class tc ON tc.oid = k.confrelid "
    "LEFT JOIN pg_class x ON x.oid = k.conindid "
    "JOIN pg_namespace tn ON tn.oid = tc.relnamespace "
    "LEFT JOIN ns ON ns.oid = tn.oid "
    "CROSS JOIN LATERAL generate_subscripts(k.conkey, 1) AS p(n) "
    "JOIN pg_attribute f ON f.attrelid = rel.oid AND f.attnum = k.conkey[p.n] "
    "JOIN pg_attribute g ON g.attrelid = tc.oid AND g.attnum = k.confkey[p.n] "
    "ORDER BY rel.label, rel.name COLLATE \"C\", k.oid, p.n";

static rille_status read_reference(reader *r, const rl_text_rows *rows, size_t i) {
  rl_db_table *t = table_at(r, rows, i);
  if (!t) return RILLE_OK;
  rl_db_reference *k = t->references.count ? &t->references.items[t->references.count - 1] : NULL;
  if (!k || !rl_str_eq(k->name, rl_cell(rows, i, 2))) {
    size_t max = 32; /* INDEX_MAX_KEYS */
    k = RL_DB_ADD(&r->s->arena, &t->references);
    if (!k) return rl_fail_nomem(r->err);
    *k = (rl_db_reference){.name = rl_cell(rows, i, 2),
                           .columns = RL_NEW_ARRAY(&r->s->arena, rl_str, max),
                           .targets = RL_NEW_ARRAY(&r->s->arena, rl_str, max),
                           .target_namespace = rl_cell(rows, i, 5),
                           .target = rl_cell(rows, i, 6),
                           .on_delete = action_of(rl_cell(rows, i, 3)),
                           .on_update = action_of(rl_cell(rows, i, 4)),
                           .target_index = rl_cell(rows, i, 9)};
    if (!k->columns || !k->targets) return rl_fail_nomem(r->err);
  }
  if (k->count == 32) return rl_fail(r->err, RL_P4002, "a foreign key of more than 32 columns");
  k->columns[k->count] = rl_cell(rows, i, 7);
  k->targets[k->count++] = rl_cell(rows, i, 8);
  return RILLE_OK;
}

static rille_status read_references(reader *r) {
  rl_text_rows rows;
  rille_status st = run_query(r, references_sql, 10, &rows);
  for (size_t i = 0; st == RILLE_OK && i < rows.count; i++) st = read_reference(r, &rows, i);
  return st;
}

static rille_status read_checks(reader *r) {
  rl_text_rows rows;
  rille_status st = run_query(r,
                              "SELECT rel.label, rel.name, k.conname::text, "
                              "pg_get_constraintdef(k.oid) FROM rel JOIN "
                              "pg_constraint k ON k.conrelid = rel.oid AND k.contype = 'c' ORDER "
                              "BY rel.label, rel.name COLLATE "
                              "\"C\", k.conname COLLATE \"C\"",
                              4, &rows);
  for (size_t i = 0; st == RILLE_OK && i < rows.count; i++) {
    rl_db_table *t = table_at(r, &rows, i);
    rl_db_check *c = t ? RL_DB_ADD(&r->s->arena, &t->checks) : NULL;
    if (t && !c) return rl_fail_nomem(r->err);
    if (c) *c = (rl_db_check){rl_cell(&rows, i, 2), rl_cell(&rows, i, 3)};
  }
  return st;
}

/* ------------------------------------------------------------------ views and foreign tables */

static const char uses_sql[] =
    "SELECT DISTINCT rel.label, rel.name, coalesce(ns.label, n.nspname::text), "
    "c.relname::text, coalesce(a.attname::text, ''), 'f' "
    "FROM rel "
    "JOIN pg_rewrite w ON w.ev_class = rel.oid "
    "JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid "
    "AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> rel.oid "
    "JOIN pg_class c ON c.oid = d.refobjid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace "
    "LEFT JOIN ns ON ns.oid = n.oid "
    "LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid AND d.refobjsubid > 0 "
    "WHERE rel.relkind IN ('v', 'm') "
    "UNION SELECT rel.label, rel.name, coalesce(ns.label, n.nspname::text), e.typname::text, '', 't' "
    "FROM rel "
    "JOIN pg_rewrite w ON w.ev_class = rel.oid "
    "JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid "
    "AND d.refclassid = 'pg_type'::regclass "
    "JOIN pg_type t ON t.oid = d.refobjid "
    "JOIN pg_type e ON e.oid = CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE t.oid END AND e.typtype = 'e' "
    "JOIN pg_namespace n ON n.oid = e.typnamespace "
    "LEFT JOIN ns ON ns.oid = n.oid "
    "WHERE rel.relkind IN ('v', 'm') "
    "ORDER BY 1, 2, 3, 4, 5";

static rille_status read_uses(reader *r) {
  rl_text_rows rows;
  rille_status st = run_query(r, uses_sql, 6, &rows);
  for (size_t i = 0; st == RILLE_OK && i < rows.count; i++) {
    rl_db_view *v = rl_db_view_of(r->db, rl_cell(&rows, i, 0), rl_cell(&rows, i, 1));
    rl_db_use *u = v ? RL_DB_ADD(&r->s->arena, &v->uses) : NULL;
    if (v && !u) return rl_fail_nomem(r->err);
    if (u)
      *u = (rl_db_use){rl_cell(&rows, i, 2), rl_cell(&rows, i, 3), rl_cell(&rows, i, 4), is_true(rl_cell(&rows, i, 5))};
  }
  return st;
}

/* Statements that create again what is dropped with a view: indexes, triggers, rules, defaults, comments, privileges.
 */
static const char dependents_sql[] =
    "SELECT rel.label, rel.name, b.sql "
    "FROM rel "
    "JOIN pg_class v ON v.oid = rel.oid "
    "CROSS JOIN LATERAL (SELECT 1 AS n, pg_get_indexdef(x.indexrelid) AS sql FROM pg_index x "
    "WHERE x.indrelid = rel.oid "
    "UNION ALL SELECT 2, pg_get_triggerdef(g.oid) FROM pg_trigger g WHERE g.tgrelid = rel.oid "
    "AND NOT g.tgisinternal "
    "UNION ALL SELECT 2, rtrim(pg_get_ruledef(w.oid), ';') FROM pg_rewrite w WHERE w.ev_class = rel.oid "
    "AND w.rulename <> '_RETURN' "
    "UNION ALL SELECT 2, "
    "format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', rel.oid::regclass, a.attname, "
    "pg_get_expr(x.adbin, x.adrelid)) FROM pg_attrdef x JOIN pg_attribute a ON a.attrelid = x.adrelid "
    "AND a.attnum = x.adnum WHERE x.adrelid = rel.oid "
    "UNION ALL SELECT 3, format('COMMENT ON %s %s IS %L', CASE rel.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' "
    "ELSE 'VIEW' END, rel.oid::regclass, obj_description(rel.oid, 'pg_class')) "
    "WHERE obj_description(rel.oid, 'pg_class') IS NOT NULL "
    "UNION ALL SELECT 4, "
    "format('COMMENT ON COLUMN %s.%I IS %L', rel.oid::regclass, a.attname, col_description(rel.oid, a.attnum)) "
    "FROM pg_attribute a WHERE a.attrelid = rel.oid AND col_description(rel.oid, a.attnum) IS NOT NULL "
    "UNION ALL SELECT 5, "
    "format('GRANT %s ON %s TO %s%s', p.privilege_type, rel.oid::regclass, CASE p.grantee WHEN 0 THEN 'PUBLIC' "
    "ELSE quote_ident(pg_get_userbyid(p.grantee)) END, CASE WHEN p.is_grantable THEN ' WITH GRANT OPTION' "
    "ELSE '' END) FROM aclexplode(v.relacl) p WHERE p.grantee <> v.relowner "
    "UNION ALL SELECT 6, format('ALTER %s %s OWNER TO %I', CASE rel.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' "
    "ELSE 'VIEW' END, rel.oid::regclass, pg_get_userbyid(v.relowner)) "
    "WHERE pg_get_userbyid(v.relowner) <> current_user) b "
    "WHERE rel.relkind IN ('v', 'm') "
    "ORDER BY 1, 2, b.n, 3";

static rille_status read_dependents(reader *r) {
  rl_text_rows rows;
  rille_status st = run_query(r, dependents_sql, 3, &rows);
  for (size_t i = 0; st == RILLE_OK && i < rows.count; i++) {
    rl_db_view *v = rl_db_view_of(r->db, rl_cell(&rows, i, 0), rl_cell(&rows, i, 1));
    rl_str *sql = v ? RL_DB_ADD(&r->s->arena, &v->dependents) : NULL;
    if (v && !sql) return rl_fail_nomem(r->err);
    if (sql) *sql = rl_cell(&rows, i, 2);
  }
  if (st == RILLE_OK)
    st = run_query(r,
                   "SELECT rel.label, rel.name, ' WITH (' || array_to_string(v.reloptions, ', ') || ')' FROM rel JOIN "
                   "pg_class v ON v.oid = rel.oid WHERE rel.relkind IN ('v', 'm') AND v.reloptions IS NOT NULL",
                   3, &rows);
  for (size_t i = 0; st == RILLE_OK && i < rows.count; i++) {
    rl_db_view *v = rl_db_view_of(r->db, rl_cell(&rows, i, 0), rl_cell(&rows, i, 1));
    if (v) v->options = rl_cell(&rows, i, 2);
  }
  return st;
}

static rille_status read_others(reader *r) {
  rl_text_rows rows;
  rille_status st =
      run_query(r,
                "SELECT ns.label, c.relname::text FROM pg_class c JOIN ns ON ns.oid = c.relnamespace WHERE "
                "c.relkind = 'f' ORDER BY 1, 2",
                2, &rows);
  for (size_t i = 0; st == RILLE_OK && i < rows.count; i++) {
    rl_db_use *u = RL_DB_ADD(&r->s->arena, &r->db->others);
    if (!u) return rl_fail_nomem(r->err);
    *u = (rl_db_use){rl_cell(&rows, i, 0), rl_cell(&rows, i, 1), {"", 0}, false};
  }
  return st;
}

rille_status rl_describe_postgres(rl_session *s, const rl_str *namespaces, size_t count, rl_db *out, rl_error *err) {
  reader r = {.s = s, .db = out, .err = err};
  rl_buf_init(&r.buf);
  write_query_head(&r, namespaces, count);
  static rille_status (*const parts[])(reader *) = {read_namespaces, read_enums,      read_tables, read_columns,
                                                    read_indexes,    read_references, read_checks, read_others};
  rille_status st = RILLE_OK;
  for (size_t i = 0; i < sizeof parts / sizeof *parts && st == RILLE_OK; i++) st = parts[i](&r);
  if (st == RILLE_OK && out->views.count) st = read_uses(&r);
  if (st == RILLE_OK && out->views.count) st = read_dependents(&r);
  rl_buf_dispose(&r.buf);
  return st;
}
