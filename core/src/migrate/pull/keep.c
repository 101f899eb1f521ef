/* Merges a pulled schema into the text of the known one. Blocks and lines that
 * match the database stay as people wrote them, with their comments. What
 * differs replaces its line. What is new comes after. */
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

static bool is_comment_or_blank(rl_str line) {
  line = trimmed(line);
  return !line.len || rl_str_starts(line, RL_STR("//"));
}

static bool is_block_attribute(rl_str line) {
  return rl_str_starts(trimmed(line), RL_STR("@@"));
}

/* Counts the braces, brackets and parentheses that a line leaves open, outside of
 * strings and comments. *comment: the line has a comment. */
static int scan_depth(rl_str line, bool *comment) {
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

static int depth_change(rl_str line) {
  bool comment;
  return scan_depth(line, &comment);
}

static bool has_comment(rl_str line) {
  bool comment;
  scan_depth(line, &comment);
  return comment;
}

/* ------------------------------------------------------------------ blocks of the known text */

typedef struct block {
  rl_str lead; /* comments and blank lines above it */
  rl_str text; /* from its keyword to its last line */
  rl_str keyword, name;
} block;

/* Returns false if only comments and blank lines are left. They are in `lead` then. */
static bool next_block(lines *l, block *out) {
  const char *from = l->rest.p;
  rl_str line, before = l->rest;
  *out = (block){{"", 0}, {"", 0}, {"", 0}, {"", 0}};
  while (next_line(l, &line) && is_comment_or_blank(line)) before = l->rest;
  out->lead = rl_str_make(from, (size_t)(before.p - from));
  if (!before.len) return false;
  int depth = depth_change(line);
  out->keyword = first_word(line);
  out->name = second_word(line);
  while (depth > 0 && next_line(l, &line)) depth += depth_change(line);
  out->text = rl_str_make(before.p, (size_t)(l->rest.p - before.p));
  return true;
}

/* ------------------------------------------------------------------ what a puller would write */

static rl_str write_block(rl_puller *p, size_t model, const rl_db_enum *e) {
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

/* Compares the lines in any order. block_lines: only those with @@; otherwise all. */
static bool same_lines(rl_str a, rl_str b, bool block_lines) {
  for (int side = 0; side < 2; side++) {
    lines l = {side ? b : a};
    rl_str line;
    while (next_line(&l, &line))
      if (!is_comment_or_blank(line) && is_block_attribute(line) >= block_lines && !has_line(side ? a : b, line))
        return false;
  }
  return true;
}

/* Finds the line of a field or value, without the comments above it. */
static bool find_line(rl_str text, rl_str name, rl_str *out) {
  lines l = {text};
  do { /* skip to the block's first line */
    if (!next_line(&l, out)) return false;
  } while (is_comment_or_blank(*out));
  while (next_line(&l, out))
    if (!is_comment_or_blank(*out) && !is_block_attribute(*out) && rl_str_eq(first_word(*out), name) && name.len)
      return true;
  return false;
}

/* ------------------------------------------------------------------ merging */

typedef struct merge {
  rl_puller *p;
  rl_str live, wanted; /* what the two pullers would write */
  rl_str source;
  bool block_lines_stay;
  bool new_written;
} merge;

static void put_line(merge *m, rl_str line) {
  rl_buf_str(m->p->out, line);
  rl_buf_byte(m->p->out, '\n');
}

/* Writes the fields that the source lacks, each with its comment from the catalogue. */
static void put_new(merge *m) {
  lines l = {m->live};
  rl_str line, known;
  if (m->new_written) return;
  m->new_written = true;
  while (next_line(&l, &line) && is_comment_or_blank(line)) {}
  for (const char *above = NULL; next_line(&l, &line);) {
    if (!above) above = line.p;
    if (is_comment_or_blank(line)) continue;
    bool is_new = !is_block_attribute(line) && first_word(line).len && !find_line(m->source, first_word(line), &known);
    if (is_new) rl_buf_put(m->p->out, above, (size_t)(line.p + line.len - above));
    if (is_new) rl_buf_byte(m->p->out, '\n');
    above = NULL;
  }
}

static void put_block_lines(merge *m) {
  lines l = {m->live};
  rl_str line;
  while (next_line(&l, &line))
    if (is_block_attribute(line)) put_line(m, line);
}

/* Returns whether a line that neither puller would write stays: a relation
 * without a foreign key stays as long as its other model exists. */
static bool relation_stays(const merge *m, rl_str line) {
  const rl_model *target = rl_map_get(&m->p->known->models_by_name, second_word(line));
  size_t at = target ? m->p->of_known[target->index] : RL_DB_NO_NAME;
  return at != RL_DB_NO_NAME && !m->p->models[at].is_link;
}

static void put_source_line(merge *m, rl_str comments, rl_str line) {
  rl_str live, wanted;
  bool is_live = find_line(m->live, first_word(line), &live),
       is_wanted = find_line(m->wanted, first_word(line), &wanted);
  if (!is_live && (is_wanted || !relation_stays(m, line))) return;
  rl_buf_str(m->p->out, comments);
  bool same = is_live && is_wanted && rl_str_eq(trimmed(live), trimmed(wanted));
  put_line(m, same || !is_live ? line : live);
}

static void merge_block(merge *m) {
  lines l = {m->source};
  rl_str line;
  const char *comments = NULL;
  if (!next_line(&l, &line)) return;
  put_line(m, line);
  for (bool first = true; next_line(&l, &line);) {
    const char *at = line.p;
    bool last = !l.rest.len;
    if (is_comment_or_blank(line)) {
      comments = comments ? comments : at;
      continue;
    }
    rl_str above = rl_str_make(comments ? comments : at, comments ? (size_t)(at - comments) : 0);
    comments = NULL;
    if (first && (last || is_block_attribute(line))) {
      put_new(m);
      if (!m->block_lines_stay) put_block_lines(m);
      first = false;
    }
    if (last || is_block_attribute(line)) {
      if (last || m->block_lines_stay) rl_buf_str(m->p->out, above);
      if (last || m->block_lines_stay) put_line(m, line);
      continue;
    }
    put_source_line(m, above, line);
  }
}

/* Joins fields of several lines into one line each, because lines are merged. NULL: a comment is inside, or out of
 * memory. */
static const char *unfold_fields(rl_puller *p, rl_str source) {
  lines l = {source};
  rl_str line;
  rl_buf out;
  rl_buf_init(&out);
  bool whole = true;
  for (int depth = 0, before = 0; next_line(&l, &line); before = depth) {
    depth += depth_change(line);
    bool continues = before > 1;
    if (continues) rl_buf_byte(&out, ' ');
    rl_buf_str(&out, continues ? trimmed(line) : line);
    whole = whole && !((continues || depth > 1) && has_comment(line));
    if (depth <= 1) rl_buf_byte(&out, '\n');
  }
  char *copy = whole && !out.failed ? rl_arena_strdup(p->arena, trimmed(rl_buf_view(&out))) : NULL;
  p->failed = p->failed || out.failed || (whole && !copy);
  rl_buf_dispose(&out);
  return copy;
}

/* Returns whether the block has a first line, one line per field or value, and a last line. */
static bool is_mergeable(rl_str source) {
  lines l = {source};
  rl_str line;
  size_t n = 0;
  bool whole = true;
  while (next_line(&l, &line)) {
    int depth = depth_change(line);
    whole = whole && (n++ == 0 ? depth == 1 : l.rest.len ? depth == 0 : depth == -1);
  }
  return whole && n > 1;
}

/* Returns whether no field has a model that does not exist any more. */
static bool has_all_models(const merge *m) {
  lines l = {m->source};
  rl_str line, known;
  if (!next_line(&l, &line)) return false;
  while (next_line(&l, &line)) {
    bool is_field = !is_comment_or_blank(line) && !is_block_attribute(line) && first_word(line).len;
    if (is_field && second_word(line).len && !find_line(m->live, first_word(line), &known) && !relation_stays(m, line))
      return false;
  }
  return true;
}

static void keep_block(rl_puller *p, const block *b, rl_str live, rl_str wanted) {
  merge m = {p, live, wanted, b->text, same_lines(live, wanted, true), false};
  if (same_lines(live, wanted, false) && has_all_models(&m)) {
    rl_buf_str(p->out, b->lead);
    rl_buf_str(p->out, b->text);
    return;
  }
  const char *text = unfold_fields(p, trimmed(b->text));
  if (text && is_mergeable(rl_str_of(text))) {
    m.source = rl_str_of(text);
    rl_buf_str(p->out, b->lead);
    merge_block(&m);
    rl_buf_byte(p->out, '\n');
  } else {
    rl_buf_str(p->out, live); /* with its documentation */
  }
}

/* ------------------------------------------------------------------ whole schemas */

static bool find_model(const rl_puller *p, const block *b, size_t *out) {
  const rl_model *known = rl_map_get(&p->known->models_by_name, b->name);
  *out = known ? p->of_known[known->index] : RL_DB_NO_NAME;
  return *out != RL_DB_NO_NAME;
}

static const rl_db_enum *find_enum(const rl_puller *p, const block *b) {
  const rl_enum *known = rl_map_get(&p->known->enums_by_name, b->name);
  RL_DB_EACH_NAMED(i, &p->db->enum_names, known ? known->table : b->name) {
    if (known && rl_pull_known_enum(p, &p->db->enums.items[i]) == known) return &p->db->enums.items[i];
  }
  return NULL;
}

/* Writes the datasource block. If the caller named the schemas to read, it lists those. */
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
  size_t live, index;
  if (!find_model(p, b, &live) || p->models[live].is_link) return;
  rl_str text = write_block(p, live, NULL);
  keep_block(p, b, text, find_model(wanted, b, &index) ? write_block(wanted, index, NULL) : rl_str_make("", 0));
}

static void keep_enum(rl_puller *p, rl_puller *wanted, const block *b) {
  const rl_db_enum *live = find_enum(p, b), *known = find_enum(wanted, b);
  if (live && known) keep_block(p, b, write_block(p, 0, live), write_block(wanted, 0, known));
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
