/* Reads the statements of SQLite's tables and indexes, because pragmas do not
 * report checks and predicates. */
#include "base/sql_scan.h"
#include "migrate/sqlite/sqlite.h"

typedef struct definition {
  rl_sql_scan scan;
  int depth; /* of parentheses */
  rl_arena *arena;
  rl_db_table *t;
  rl_db_column *column;
  rl_str constraint;
} definition;

static definition definition_of(rl_str sql) {
  definition d = {.constraint = {"", 0}};
  rl_sql_scan_init(&d.scan, sql, RL_PROVIDER_SQLITE);
  return d;
}

static rl_sql_token next_part(definition *d) {
  rl_sql_token t = rl_sql_next_solid(&d->scan);
  d->depth += rl_sql_is_sign(t, '(') - rl_sql_is_sign(t, ')');
  return t;
}

/* A name may also be quoted like a string. */
static rl_str name_of(rl_arena *arena, rl_sql_token t) {
  bool quoted = (t.kind == RL_SQL_NAME || t.kind == RL_SQL_STRING) && t.text.len > 1;
  return quoted ? rl_db_unquote(arena, t.text) : t.text;
}

/* Skips the parentheses that come next, with all that they enclose. Returns the end. */
static const char *skip_parentheses(definition *d) {
  int depth = d->depth;
  rl_sql_token t = next_part(d);
  while (d->depth > depth && t.kind != RL_SQL_END) t = next_part(d);
  return d->scan.at;
}

static bool keep_check(definition *d, const char *from) {
  const char *to = skip_parentheses(d);
  rl_db_check *check = RL_DB_ADD(d->arena, &d->t->checks);
  if (!check) return false;
  *check = (rl_db_check){d->constraint, rl_str_make(from, (size_t)(to - from))};
  d->constraint = rl_str_make("", 0);
  return true;
}

/* Reads the expression after AS, and whether it is stored. */
static bool keep_generated(definition *d) {
  const char *from = d->scan.at, *to = skip_parentheses(d);
  definition ahead = *d;
  bool stored = rl_sql_is_word(next_part(&ahead), "STORED");
  d->column->generated = rl_str_of(
      rl_arena_printf(d->arena, "GENERATED ALWAYS AS %.*s %s", (int)(to - from), from, stored ? "STORED" : "VIRTUAL"));
  return d->column->generated.p != NULL;
}

/* Returns the column that a definition is for; NULL for a constraint. */
static rl_db_column *defined_column(const definition *d, rl_sql_token t) {
  static const char *const others[] = {"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (rl_sql_is_word(t, others[i])) return NULL;
  rl_str name = name_of(d->arena, t);
  return name.p ? rl_db_column_of(d->t, name) : NULL;
}

static bool read_word(definition *d, rl_sql_token t) {
  if (rl_sql_is_word(t, "CONSTRAINT")) {
    d->constraint = name_of(d->arena, next_part(d));
    return d->constraint.p != NULL;
  }
  if (rl_sql_is_word(t, "CHECK")) return keep_check(d, t.text.p);
  if (d->column && rl_sql_is_word(t, "COLLATE")) {
    d->column->collation = name_of(d->arena, next_part(d));
    return d->column->collation.p != NULL;
  }
  return !(d->column && d->column->computed && rl_sql_is_word(t, "AS")) || keep_generated(d);
}

rille_status rl_sqlite_definition(rl_str sql, rl_arena *arena, rl_db_table *t, rl_error *err) {
  definition d = definition_of(sql);
  d.arena = arena;
  d.t = t;
  bool begins = false;
  for (rl_sql_token p = next_part(&d); p.kind != RL_SQL_END; p = next_part(&d)) {
    bool opens = d.depth == 1 && (rl_sql_is_sign(p, '(') || rl_sql_is_sign(p, ','));
    if (begins && d.depth == 1) d.column = defined_column(&d, p);
    if (opens) d.constraint = rl_str_make("", 0);
    if (d.depth == 1 && !opens && !read_word(&d, p)) return rl_fail_nomem(err);
    if (d.depth == 0 && rl_sql_is_word(p, "STRICT")) t->strict = true;
    if (d.depth == 0 && rl_sql_is_word(p, "WITHOUT")) t->without_rowid = true;
    begins = opens;
  }
  return RILLE_OK;
}

bool rl_sqlite_collates(rl_str sql) {
  definition d = definition_of(sql);
  rl_sql_token t = next_part(&d);
  while (t.kind != RL_SQL_END && !rl_sql_is_word(t, "COLLATE")) t = next_part(&d);
  return t.kind != RL_SQL_END;
}

rl_str rl_sqlite_predicate(rl_str sql) {
  definition d = definition_of(sql);
  rl_sql_token t = next_part(&d);
  while (t.kind != RL_SQL_END && !(d.depth == 0 && rl_sql_is_word(t, "WHERE"))) t = next_part(&d);
  return rl_str_make(d.scan.at, (size_t)(sql.p + sql.len - d.scan.at));
}
