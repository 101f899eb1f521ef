/* Compares types and columns of two structures, and decides which casts are
 * safe. */
#include <ctype.h>
#include <strings.h>

#include "migrate/diff/differ.h"
#include "migrate/structure/render.h"

/* Compares types as text. CHAR and BIT have a default length, and a schema
 * cannot express a DECIMAL without bounds. */
static bool same_text(rl_str a, rl_str b) {
  static const struct {
    const char *bare, *full;
  } all[] = {{"CHAR", "CHAR(1)"},
             {"BIT", "BIT(1)"},
             {"CHAR[]", "CHAR(1)[]"},
             {"BIT[]", "BIT(1)[]"},
             {"DECIMAL", "DECIMAL(65,30)"},
             {"DECIMAL[]", "DECIMAL(65,30)[]"},
             {"TIMESTAMP", "TIMESTAMP(6)"},
             {"TIMESTAMP[]", "TIMESTAMP(6)[]"},
             {"TIMESTAMPTZ", "TIMESTAMPTZ(6)"},
             {"TIMESTAMPTZ[]", "TIMESTAMPTZ(6)[]"},
             {"TIME", "TIME(6)"},
             {"TIME[]", "TIME(6)[]"},
             {"TIMETZ", "TIMETZ(6)"},
             {"TIMETZ[]", "TIMETZ(6)[]"}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    if (rl_str_is(a, all[i].bare)) a = rl_str_of(all[i].full);
    if (rl_str_is(b, all[i].bare)) b = rl_str_of(all[i].full);
  }
  return a.len == b.len && strncasecmp(a.p, b.p, a.len) == 0;
}

bool rl_db_same_type(const rl_differ *d, const rl_db_column *a, const rl_db_column *b) {
  if (d->features->exact_types) {
    if (a->enum_name.len || b->enum_name.len)
      return a->list == b->list && rl_str_eq(a->enum_name, b->enum_name) &&
             rl_str_eq(a->enum_namespace, b->enum_namespace);
    return same_text(a->type, b->type);
  }
  const char *x = rl_db_family(d->dialect, a->type), *y = rl_db_family(d->dialect, b->type);
  return x || y ? x && y && strcmp(x, y) == 0 : same_text(a->type, b->type);
}

/* Returns whether numbers come from a sequence, which the schema may name itself. */
static bool uses_sequence(const rl_db_column *c) {
  return c->autoincrement || rl_str_starts(c->def.sql, RL_STR("nextval("));
}

bool rl_db_same_column(const rl_differ *d, const rl_db_column *a, const rl_db_column *b) {
  if (d->features->sequences && uses_sequence(a) && uses_sequence(b))
    return rl_db_same_type(d, a, b) && a->required == b->required;
  if (a->computed || b->computed) return a->computed == b->computed || !b->computed;
  return rl_db_same_type(d, a, b) && a->required == b->required &&
         (a->autoincrement == b->autoincrement || a->implied || b->implied) &&
         ((d->features->sequences && a->autoincrement) || rl_db_default_equal(&a->def, &b->def));
}

/* ------------------------------------------------------------------ casts */

typedef enum family {
  F_OTHER,
  F_INT,
  F_FLOAT,
  F_DECIMAL,
  F_MONEY,
  F_OID,
  F_TEXT,
  F_STAMP,
  F_DATE,
  F_TIME,
  F_TIMETZ,
  F_JSON,
  F_BITS,
  F_BOOL
} family;

typedef struct type_info {
  family family;
  int rank; /* within the family: the greater holds the smaller */
  int args[2];
  int arg_count;
} type_info;

static type_info info_of(rl_str type) {
  static const struct {
    const char *name;
    family family;
    int rank;
  } all[] = {{"SMALLINT", F_INT, 1},
             {"INTEGER", F_INT, 2},
             {"BIGINT", F_INT, 3},
             {"REAL", F_FLOAT, 1},
             {"DOUBLE PRECISION", F_FLOAT, 2},
             {"DECIMAL", F_DECIMAL, 1},
             {"MONEY", F_MONEY, 1},
             {"OID", F_OID, 1},
             {"TEXT", F_TEXT, 1},
             {"VARCHAR", F_TEXT, 1},
             {"CHAR", F_TEXT, 1},
             {"CITEXT", F_TEXT, 1},
             {"TIMESTAMP", F_STAMP, 1},
             {"TIMESTAMPTZ", F_STAMP, 1},
             {"DATE", F_DATE, 1},
             {"TIME", F_TIME, 1},
             {"TIMETZ", F_TIMETZ, 1},
             {"JSON", F_JSON, 1},
             {"JSONB", F_JSON, 1},
             {"BIT", F_BITS, 1},
             {"VARBIT", F_BITS, 1},
             {"BOOLEAN", F_BOOL, 1}};
  type_info t = {F_OTHER, 0, {0, 0}, 0};
  size_t len = 0;
  while (len < type.len && type.p[len] != '(' && type.p[len] != '[') len++;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (strlen(all[i].name) == len && strncasecmp(all[i].name, type.p, len) == 0) {
      t.family = all[i].family;
      t.rank = all[i].rank;
    }
  for (size_t i = len; i < type.len && type.p[i] != ')' && type.p[i] != '['; i++) {
    char c = type.p[i];
    if (!isdigit((unsigned char)c)) continue;
    if (!isdigit((unsigned char)type.p[i - 1]) && t.arg_count < 2) t.arg_count++;
    if (t.arg_count) t.args[t.arg_count - 1] = t.args[t.arg_count - 1] * 10 + (c - '0');
  }
  if (t.family == F_TEXT && len == 4 && strncasecmp(type.p, "CHAR", 4) == 0 && !t.arg_count) t.args[t.arg_count++] = 1;
  return t;
}

static rl_cast cast_to_text(const type_info *from, const type_info *to) {
  if (!to->arg_count) return RL_CAST_SAFE;
  return from->family == F_TEXT && from->arg_count && from->args[0] <= to->args[0] ? RL_CAST_SAFE : RL_CAST_RISKY;
}

static bool is_number(family f) {
  return f == F_INT || f == F_FLOAT || f == F_DECIMAL;
}

static bool is_time(family f) {
  return f == F_STAMP || f == F_TIME || f == F_TIMETZ;
}

/* Returns the number of fractional digits of a second. */
static int digits_of(const type_info *t) {
  return t->arg_count ? t->args[0] : 6;
}

static rl_cast cast_same(const type_info *from, const type_info *to) {
  if (from->family == F_DECIMAL && to->arg_count)
    return from->arg_count && from->args[0] - from->args[1] <= to->args[0] - to->args[1] && from->args[1] <= to->args[1]
               ? RL_CAST_SAFE
               : RL_CAST_RISKY;
  if (from->family == F_BITS) return RL_CAST_RISKY;
  if (is_time(from->family)) return digits_of(from) <= digits_of(to) ? RL_CAST_SAFE : RL_CAST_RISKY;
  return from->rank <= to->rank ? RL_CAST_SAFE : RL_CAST_RISKY;
}

static rl_cast cast_values(const type_info *from, const type_info *to) {
  family f = from->family, t = to->family;
  if (t == F_TEXT) return cast_to_text(from, to);
  if (f == F_OTHER || t == F_OTHER) return RL_CAST_NONE;
  if (f == t) return cast_same(from, to);
  if (is_number(f) && is_number(t)) return f == F_INT && t == F_FLOAT && from->rank < 3 ? RL_CAST_SAFE : RL_CAST_RISKY;
  if ((f == F_MONEY && t == F_DECIMAL) || (t == F_MONEY && (f == F_DECIMAL || (f == F_INT && from->rank > 1))))
    return RL_CAST_RISKY;
  if ((f == F_OID && t == F_INT && to->rank > 1) || (t == F_OID && f == F_INT)) return RL_CAST_RISKY;
  if (f == F_DATE && t == F_STAMP) return RL_CAST_SAFE;
  if (f == F_STAMP && (t == F_DATE || t == F_TIME)) return RL_CAST_RISKY;
  if (f == F_TIME && t == F_TIMETZ) return RL_CAST_SAFE;
  return f == F_TIMETZ && t == F_TIME ? RL_CAST_RISKY : RL_CAST_NONE;
}

rl_cast rl_db_cast(const rl_differ *d, const rl_db_column *from, const rl_db_column *to) {
  if (rl_db_same_type(d, from, to)) return RL_CAST_SAFE;
  if (!d->features->exact_types) { /* SQLite stores any value under any type */
    const char *x = rl_db_family(d->dialect, from->type), *y = rl_db_family(d->dialect, to->type);
    bool widens =
        x && y &&
        ((strcmp(x, "INTEGER") == 0 && strcmp(y, "BIGINT") == 0) || (strcmp(y, "TEXT") == 0 && strcmp(x, "BLOB") != 0));
    return widens ? RL_CAST_SAFE : RL_CAST_RISKY;
  }
  type_info f = info_of(from->type), t = info_of(to->type);
  if (to->enum_name.len || from->computed || to->computed) return RL_CAST_NONE;
  if (from->list != to->list) return from->list && t.family == F_TEXT ? cast_to_text(&f, &t) : RL_CAST_NONE;
  return cast_values(&f, &t);
}

bool rl_db_cast_merges(const rl_differ *d, const rl_db_column *from, const rl_db_column *to) {
  if (!d->features->exact_types || rl_db_same_type(d, from, to)) return false;
  return rl_db_cast(d, from, to) == RL_CAST_RISKY || rl_str_is(to->type, "CITEXT");
}

/* The expression fails for no value: it is not cast if the new type may not hold it. The change itself then fails. */
void rl_db_cast_value(const rl_differ *d, const rl_db_column *from, const rl_db_column *to, rl_buf *out) {
  type_info f = info_of(from->type), t = info_of(to->type);
  bool merges = rl_db_cast_merges(d, from, to) && !(t.family == F_TEXT && t.arg_count) && f.family != F_BITS;
  bool rounds = merges && t.family == F_INT && (f.family == F_FLOAT || f.family == F_DECIMAL);
  bool scales = merges && t.family == F_DECIMAL && t.arg_count;
  bool casts = merges && t.family != F_INT && !scales;
  rl_buf_text(out, rounds ? "round(" : scales ? "round(CAST(" : casts ? "CAST(" : "");
  rl_sql_name(out, d->dialect, from->was);
  if (rounds) rl_buf_text(out, ")");
  if (scales) rl_buf_printf(out, " AS DECIMAL), %d)", t.args[1]);
  if (casts) rl_buf_printf(out, " AS %.*s)", RL_STR_ARG(to->type));
}

/* ------------------------------------------------------------------ keys */

bool rl_db_is_left(const rl_differ *d, const rl_db_index *x) {
  return x->opaque || (x->predicate.len && d->to->leaves_partial);
}

bool rl_db_is_recreated(const rl_differ *d, const rl_db_table *from, const rl_db_table *to, rl_str column) {
  const rl_db_column *x = rl_db_column_of(from, column), *y = rl_db_column_of(to, column);
  return x && y && rl_db_cast(d, x, y) == RL_CAST_NONE;
}
