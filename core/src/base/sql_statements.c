/* Which semicolons end a statement. */
#include "base/sql_statements.h"

/* A statement so far. */
typedef struct progress {
  const rl_sql_bodies *rules;
  bool head;       /* all words were those that stand before the kind of thing that is created, */
  bool creates;    /* CREATE among them */
  bool may_have;   /* a body may come */
  bool began;      /* BEGIN was the word before */
  bool first;      /* a statement of a body may begin with this token */
  bool dotted;     /* a dot was the token before: this is a column, whatever it is called */
  int depth;       /* of bodies and of CASE within them */
  int parentheses; /* open ones, where they count */
} progress;

static bool is_head_word(rl_sql_token t) {
  static const char *const all[] = {"CREATE", "OR", "REPLACE", "TEMP", "TEMPORARY", "EXPLAIN", "QUERY", "PLAN"};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (rl_sql_is_word(t, all[i])) return true;
  return false;
}

static bool has_body(const rl_sql_bodies *r, rl_sql_token t) {
  return rl_sql_is_word(t, r->kinds[0]) || (r->kinds[1] && rl_sql_is_word(t, r->kinds[1]));
}

static bool opens_body(const progress *p, rl_sql_token t, bool begin) {
  if (!p->may_have || p->depth) return false;
  return p->rules->atomic ? p->began && rl_sql_is_word(t, p->rules->atomic) : begin;
}

static void look_at_word(progress *p, rl_sql_token t) {
  bool begin = rl_sql_is_word(t, "BEGIN"), opens = opens_body(p, t, begin);
  if (p->head && p->creates) p->may_have = has_body(p->rules, t);
  p->head = p->head && is_head_word(t);
  p->creates |= p->head && rl_sql_is_word(t, "CREATE");
  if (opens || (p->depth && rl_sql_is_word(t, "CASE")))
    p->depth++;
  else if ((p->depth > 1 || (p->depth && p->first)) && rl_sql_is_word(t, "END"))
    p->depth--;
  p->began = begin;
  p->first = opens;
}

static void look_at(progress *p, rl_sql_token t) {
  bool dotted = p->dotted;
  p->dotted = rl_sql_is_sign(t, '.');
  if (t.kind == RL_SQL_WORD && !dotted) {
    look_at_word(p, t);
    return;
  }
  p->first = rl_sql_is_sign(t, ';');
  if (!p->rules->parentheses) return;
  if (rl_sql_is_sign(t, '(')) p->parentheses++;
  if (rl_sql_is_sign(t, ')') && p->parentheses) p->parentheses--;
}

void rl_sql_cutter_init(rl_sql_cutter *c, rl_str script, rl_provider provider) {
  if (!script.p) script = RL_STR("");
  *c = (rl_sql_cutter){.place = {script.p, 1, 1}};
  if (rl_str_starts(script, RL_STR("\xef\xbb\xbf"))) {
    script = rl_str_make(script.p + 3, script.len - 3);
    c->place.at = script.p;
  }
  rl_sql_scan_init(&c->scan, script, provider);
}

bool rl_sql_next_statement(rl_sql_cutter *c, rl_sql_statement *out) {
  rl_sql_token t = rl_sql_next_solid(&c->scan);
  while (rl_sql_is_sign(t, ';')) t = rl_sql_next_solid(&c->scan);
  if (t.kind == RL_SQL_END) return false;
  progress p = {.rules = &c->scan.rules->bodies, .head = true};
  const char *from = t.text.p, *to = from;
  for (; t.kind != RL_SQL_END && !(rl_sql_is_sign(t, ';') && p.depth == 0 && p.parentheses == 0);
       t = rl_sql_next_solid(&c->scan)) {
    look_at(&p, t);
    to = t.text.p + t.text.len;
  }
  rl_sql_place_move(&c->place, from);
  *out = (rl_sql_statement){rl_str_make(from, (size_t)(to - from)), c->place.line, c->place.column};
  return true;
}
