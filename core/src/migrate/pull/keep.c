/* A pulled schema in the words of the one that is known: blocks and lines that
 * say what the database has stay as people wrote them, comments and all; what
 * differs takes the place of its line; what is new comes behind. */
#include <ctype.h>

#include "migrate/pull/text.h"

/* ------------------------------------------------------------------ lines */

typedef struct lines {
  rl_str rest;
} lines;

static bool next_line(lines *l, rl_str *out) {
  if (!l->rest.len) return false;
  const char *end = memchr(l->rest.p, '\n', l->rest.len);
  size_t n = end ? (size_t)(end - l->rest.p) : l->rest.len;
  *out = rl_str_make(l->rest.p, n);
  n += end != NULL;
  l->rest = rl_str_make(l->rest.p + n, l->rest.len - n);
  return true;
}

static rl_str trimmed(rl_str s) {
  while (s.len && isspace((unsigned char)s.p[0])) s = rl_str_make(s.p + 1, s.len - 1);
  while (s.len && isspace((unsigned char)s.p[s.len - 1])) s.len--;
  return s;
}

static bool is_word_byte(char c) {
  return isalnum((unsigned char)c) || c == '_';
}

static rl_str first_word(rl_str s) {
  s = trimmed(s);
  size_t n = 0;
  while (n < s.len && is_word_byte(s.p[n])) n++;
  return rl_str_make(s.p, n);
}

static rl_str second_word(rl_str s) {
  rl_str first = first_word(s);
  s = trimmed(s);
  return first_word(rl_str_make(s.p + first.len, s.len - first.len));
}

static bool is_aside(rl_str line) { /* a comment, or nothing */
  line = trimmed(line);
  return !line.len || rl_str_starts(line, RL_STR("//"));
}

static bool is_of_block(rl_str line) {
  return rl_str_starts(trimmed(line), RL_STR("@@"));
}

/* How many braces, brackets and parentheses a line leaves open; texts and
 * comments do not count. */
static int opened_before(rl_str line, bool *comment) {
  int depth = 0;
  *comment = false;
  for (size_t i = 0; i < line.len; i++) {
    char c = line.p[i];
    if (c == '/' && i + 1 < line.len && line.p[i + 1] == '/') {
      *comment = true;
      break;
    }
    if (c == '"')
      for (i++; i < line.len && line.p[i] != '"'; i++) i += line.p[i] == '\\';
    else
      depth += strchr("([{", c) && c ? 1 : strchr(")]}", c) && c ? -1 : 0;
  }
  return depth;
}

static int opened(rl_str line) {
  bool comment;
  return opened_before(line, &comment);
}

static bool has_comment(rl_str line) {
  bool comment;
  opened_before(line, &comment);
  return comment;
}

/* ------------------------------------------------------------------ blocks of
 * the known text */

typedef struct block {
  rl_str lead; /* comments and blank lines above it */
  rl_str text; /* from its keyword to its last line */
  rl_str keyword, name;
} block;

/* false: nothing but asides is left, which are in lead then. */
static bool next_block(lines *l, block *out) {
  const char *from = l->rest.p;
  rl_str line, before = l->rest;
  *out = (block){{"", 0}, {"", 0}, {"", 0}, {"", 0}};
  while (next_line(l, &line) && is_aside(line)) before = l->rest;
  out->lead = rl_str_make(from, (size_t)(before.p - from));
  if (!before.len) return false;
  int depth = opened(line);
  out->keyword = first_word(line);
  out->name = second_word(line);
  while (depth > 0 && next_line(l, &line)) depth += opened(line);
  out->text = rl_str_make(before.p, (size_t)(l->rest.p - before.p));
  return true;
}

/* ------------------------------------------------------------------ what a
 * puller would write */

static rl_str written(rl_puller *p, size_t model, const rl_db_enum *e) {
  rl_buf *out = p->out, text;
  rl_buf_init(&text);
  p->out = &text;
  if (e)
    rl_pull_enum(p, e);
  else
    rl_pull_model(p, model);
  p->out = out;
  rl_str s = text.failed ? (rl_str){NULL, 0} : rl_arena_str(p->arena, rl_buf_view(&text));
  rl_buf_dispose(&text);
  if (!s.p) p->failed = true;
  return s.p ? s : rl_str_make("", 0);
}

static bool has_line(rl_str text, rl_str wanted) {
  lines l = {text};
  rl_str line;
  while (next_line(&l, &line))
    if (rl_str_eq(trimmed(line), trimmed(wanted))) return true;
  return false;
}

/* The order of lines says nothing. */
static bool same_lines(rl_str a, rl_str b, bool of_block) {
  for (int side = 0; side < 2; side++) {
    lines l = {side ? b : a};
    rl_str line;
    while (next_line(&l, &line))
      if (!is_aside(line) && is_of_block(line) >= of_block && !has_line(side ? a : b, line)) return false;
  }
  return true;
}

/* The line of a field or value, without the comments above it. */
static bool line_of(rl_str text, rl_str name, rl_str *out) {
  lines l = {text};
  do { /* comments above its head, and that */
    if (!next_line(&l, out)) return false;
  } while (is_aside(*out));
  while (next_line(&l, out))
    if (!is_aside(*out) && !is_of_block(*out) && rl_str_eq(first_word(*out), name) && name.len) return true;
  return false;
}

/* ------------------------------------------------------------------ merging */

typedef struct merge {
  rl_puller *p;
  rl_str live, asked; /* what each would write */
  rl_str source;
  bool block_lines_stay;
  bool new_written;
} merge;

static void put_line(merge *m, rl_str line) {
  rl_buf_str(m->p->out, line);
  rl_buf_byte(m->p->out, '\n');
}

/* Fields that the source lacks, and above them what a catalogue says of them. */
static void put_new(merge *m) {
  lines l = {m->live};
  rl_str line, known;
  if (m->new_written) return;
  m->new_written = true;
  while (next_line(&l, &line) && is_aside(line)) {}
  for (const char *above = NULL; next_line(&l, &line);) {
    if (!above) above = line.p;
    if (is_aside(line)) continue;
    bool is_new = !is_of_block(line) && first_word(line).len && !line_of(m->source, first_word(line), &known);
    if (is_new) rl_buf_put(m->p->out, above, (size_t)(line.p + line.len - above));
    if (is_new) rl_buf_byte(m->p->out, '\n');
    above = NULL;
  }
}

static void put_block_lines(merge *m) {
  lines l = {m->live};
  rl_str line;
  while (next_line(&l, &line))
    if (is_of_block(line)) put_line(m, line);
}

/* A line that neither would write is not of the catalogue's making: a relation
 * without a foreign key, which goes when its other model is gone. */
static bool is_own(const merge *m, rl_str line) {
  const rl_model *target = rl_map_get(&m->p->known->models_by_name, second_word(line));
  size_t at = target ? m->p->of_known[target->index] : RL_DB_NO_NAME;
  return at != RL_DB_NO_NAME && !m->p->models[at].is_link;
}

static void put_source_line(merge *m, rl_str asides, rl_str line) {
  rl_str live, asked;
  bool is_live = line_of(m->live, first_word(line), &live), is_asked = line_of(m->asked, first_word(line), &asked);
  if (!is_live && (is_asked || !is_own(m, line))) return;
  rl_buf_str(m->p->out, asides);
  bool same = is_live && is_asked && rl_str_eq(trimmed(live), trimmed(asked));
  put_line(m, same || !is_live ? line : live);
}

static void merge_block(merge *m) {
  lines l = {m->source};
  rl_str line;
  const char *asides = NULL;
  if (!next_line(&l, &line)) return;
  put_line(m, line);
  for (bool first = true; next_line(&l, &line);) {
    const char *at = line.p;
    bool last = !l.rest.len;
    if (is_aside(line)) {
      asides = asides ? asides : at;
      continue;
    }
    rl_str above = rl_str_make(asides ? asides : at, asides ? (size_t)(at - asides) : 0);
    asides = NULL;
    if (first && (last || is_of_block(line))) {
      put_new(m);
      if (!m->block_lines_stay) put_block_lines(m);
      first = false;
    }
    if (last || is_of_block(line)) {
      if (last || m->block_lines_stay) rl_buf_str(m->p->out, above);
      if (last || m->block_lines_stay) put_line(m, line);
      continue;
    }
    put_source_line(m, above, line);
  }
}

/* A field of several lines in one, since merging goes by lines. NULL: memory is short, or a comment stands inside. */
static const char *unfolded(rl_puller *p, rl_str source) {
  lines l = {source};
  rl_str line;
  rl_buf out;
  rl_buf_init(&out);
  bool whole = true;
  for (int depth = 0, before = 0; next_line(&l, &line); before = depth) {
    depth += opened(line);
    bool goes_on = before > 1;
    if (goes_on) rl_buf_byte(&out, ' ');
    rl_buf_str(&out, goes_on ? trimmed(line) : line);
    whole = whole && !((goes_on || depth > 1) && has_comment(line));
    if (depth <= 1) rl_buf_byte(&out, '\n');
  }
  char *copy = whole && !out.failed ? rl_arena_strdup(p->arena, trimmed(rl_buf_view(&out))) : NULL;
  p->failed = p->failed || out.failed || (whole && !copy);
  rl_buf_dispose(&out);
  return copy;
}

/* What is not a head, a line for each field and value, and an end is beyond merging. */
static bool is_mergeable(rl_str source) {
  lines l = {source};
  rl_str line;
  size_t n = 0;
  bool whole = true;
  while (next_line(&l, &line)) {
    int depth = opened(line);
    whole = whole && (n++ == 0 ? depth == 1 : l.rest.len ? depth == 0 : depth == -1);
  }
  return whole && n > 1;
}

/* Nothing in it names a model that is gone. */
static bool is_whole(const merge *m) {
  lines l = {m->source};
  rl_str line, known;
  if (!next_line(&l, &line)) return false;
  while (next_line(&l, &line)) {
    bool is_field = !is_aside(line) && !is_of_block(line) && first_word(line).len;
    if (is_field && second_word(line).len && !line_of(m->live, first_word(line), &known) && !is_own(m, line))
      return false;
  }
  return true;
}

static void keep(rl_puller *p, const block *b, rl_str live, rl_str asked) {
  merge m = {p, live, asked, b->text, same_lines(live, asked, true), false};
  if (same_lines(live, asked, false) && is_whole(&m)) {
    rl_buf_str(p->out, b->lead);
    rl_buf_str(p->out, b->text);
    return;
  }
  const char *text = unfolded(p, trimmed(b->text));
  if (text && is_mergeable(rl_str_of(text))) {
    m.source = rl_str_of(text);
    rl_buf_str(p->out, b->lead);
    merge_block(&m);
    rl_buf_byte(p->out, '\n');
  } else {
    rl_buf_str(p->out, live); /* with its documentation */
  }
}

/* ------------------------------------------------------------------ the whole
 */

static bool model_known(const rl_puller *p, const block *b, size_t *out) {
  const rl_model *known = rl_map_get(&p->known->models_by_name, b->name);
  *out = known ? p->of_known[known->index] : RL_DB_NO_NAME;
  return *out != RL_DB_NO_NAME;
}

static const rl_db_enum *enum_known(const rl_puller *p, const block *b) {
  const rl_enum *known = rl_map_get(&p->known->enums_by_name, b->name);
  RL_DB_EACH_NAMED(i, &p->db->enum_names, known ? known->table : b->name) {
    if (known && rl_pull_known_enum(p, &p->db->enums.items[i]) == known) return &p->db->enums.items[i];
  }
  return NULL;
}

/* Other schemas than it says are read: it says so. */
static void keep_datasource(rl_puller *p, const block *b) {
  lines l = {b->text};
  rl_str line;
  rl_buf_str(p->out, b->lead);
  for (bool first = true; next_line(&l, &line); first = false) {
    if (p->namespace_count && rl_str_is(first_word(line), "schemas")) continue;
    rl_buf_str(p->out, line);
    rl_buf_byte(p->out, '\n');
    for (size_t i = 0; first && i < p->namespace_count; i++) {
      rl_buf_text(p->out, i ? ", " : "  schemas = [");
      rl_pull_quote(p->out, p->namespaces[i]);
    }
    if (first && p->namespace_count) rl_buf_text(p->out, "]\n");
  }
}

static void keep_model(rl_puller *p, rl_puller *wanted, const block *b) {
  size_t live, asked;
  if (!model_known(p, b, &live) || p->models[live].is_link) return;
  rl_str text = written(p, live, NULL);
  keep(p, b, text, model_known(wanted, b, &asked) ? written(wanted, asked, NULL) : rl_str_make("", 0));
}

static void keep_enum(rl_puller *p, rl_puller *wanted, const block *b) {
  const rl_db_enum *live = enum_known(p, b), *asked = enum_known(wanted, b);
  if (live && asked) keep(p, b, written(p, 0, live), written(wanted, 0, asked));
}

void rl_pull_new(rl_puller *p) {
  for (size_t i = 0; i < p->count; i++)
    if (!p->models[i].known && !p->models[i].is_link) rl_pull_model(p, i);
  for (size_t i = 0; i < p->db->enums.count; i++)
    if (p->db->enums.items[i].values.count && !rl_pull_known_enum(p, &p->db->enums.items[i]))
      rl_pull_enum(p, &p->db->enums.items[i]);
}

void rl_pull_keep(rl_puller *p, rl_puller *wanted, rl_str source) {
  lines l = {source};
  block b;
  while (next_block(&l, &b)) {
    if (rl_str_is(b.keyword, "datasource"))
      keep_datasource(p, &b);
    else if (rl_str_is(b.keyword, "enum"))
      keep_enum(p, wanted, &b);
    else if (rl_str_is(b.keyword, "model") || rl_str_is(b.keyword, "view"))
      keep_model(p, wanted, &b);
    else
      rl_buf_printf(p->out, "%.*s%.*s", RL_STR_ARG(b.lead), RL_STR_ARG(b.text));
  }
  rl_buf_str(p->out, b.lead);
}
