/* The last check of a pulled schema. What does not parse becomes a comment that says why, so one unusual thing in a
 * database does not prevent the use of all the rest. */
#include "base/alloc.h"
#include "migrate/pull/pull.h"

enum { MAX_ROUNDS = 20 }; /* what refers to a commented-out block becomes a comment in the next round */

typedef struct commenter {
  const rl_diagnostics *errors;
  rl_str file;
  rl_buf out;
  int line;
  int depth; /* of a block that becomes a comment as a whole */
  bool any;
} commenter;

static const rl_diagnostic *error_at(const commenter *m) {
  for (size_t i = 0; i < m->errors->count; i++)
    if (!m->errors->items[i].warning && m->errors->items[i].line == m->line &&
        rl_str_eq(m->errors->items[i].file, m->file))
      return &m->errors->items[i];
  return NULL;
}

static bool opens_block(rl_str line) {
  return line.len && line.p[line.len - 1] == '{' && line.p[0] != ' ' && line.p[0] != '/';
}

static void write_comment(commenter *m, rl_str line, const rl_diagnostic *why) {
  const char *indent = line.len && line.p[0] == ' ' ? "  " : "";
  size_t from = 0;
  while (from < line.len && line.p[from] == ' ') from++;
  if (why)
    rl_buf_printf(&m->out, "%s// Left out, because a schema cannot express it: %.*s\n", indent,
                  RL_STR_ARG(why->message));
  rl_buf_printf(&m->out, "%s// %.*s\n", indent, (int)(line.len - from), line.p + from);
  m->any = true;
}

static void copy_line(commenter *m, rl_str line) {
  const rl_diagnostic *why = error_at(m);
  bool is_comment = rl_str_starts(line, RL_STR("//")) || rl_str_starts(line, RL_STR("  //"));
  bool ends = line.len == 1 && line.p[0] == '}';
  if (m->depth) {
    write_comment(m, line, NULL);
    if (ends) m->depth = 0;
  } else if (why && !is_comment && !ends) {
    m->depth = opens_block(line);
    write_comment(m, line, why);
  } else {
    rl_buf_str(&m->out, line);
    rl_buf_byte(&m->out, '\n');
  }
}

/* Returns whether something became a comment. *nomem: out of memory. */
static bool comment_out_in_part(rl_pull_part *part, const rl_diagnostics *errors, bool *nomem) {
  commenter m = {.errors = errors, .file = part->file};
  rl_buf_init(&m.out);
  for (size_t at = 0; at < part->text.len;) {
    const char *end = memchr(part->text.p + at, '\n', part->text.len - at);
    size_t n = end ? (size_t)(end - part->text.p) - at : part->text.len - at;
    m.line++;
    copy_line(&m, rl_str_make(part->text.p + at, n));
    at += n + 1;
  }
  *nomem |= m.out.failed;
  if (m.any && !m.out.failed) {
    rl_buf old = part->text;
    part->text = m.out;
    m.out = old;
  }
  rl_buf_dispose(&m.out);
  return m.any;
}

/* Runs one round. *again: something became a comment. */
static rille_status comment_out_once(rl_pull_part *parts, size_t count, rl_provider provider, bool *again,
                                     rl_error *err) {
  rl_diagnostics errors;
  rl_schema *schema = NULL;
  rl_error wrong = {0};
  *again = false;
  rl_source *sources = rl_calloc(count, sizeof *sources);
  if (!sources) return rl_fail_nomem(err);
  for (size_t i = 0; i < count; i++) sources[i] = (rl_source){parts[i].file, rl_buf_view(&parts[i].text)};
  rl_diagnostics_init(&errors);
  rille_status st = rl_schema_parse(sources, count, provider, &schema, &errors, &wrong);
  bool nomem = st == RILLE_NOMEM || wrong.nomem;
  rl_error_clear(&wrong);
  rl_schema_release(schema);
  for (size_t i = 0; st != RILLE_OK && !nomem && i < count; i++)
    *again |= comment_out_in_part(&parts[i], &errors, &nomem);
  rl_diagnostics_dispose(&errors);
  rl_free(sources);
  return nomem ? rl_fail_nomem(err) : RILLE_OK;
}

rille_status rl_pull_comment_out(rl_pull_part *parts, size_t count, rl_provider provider, rl_error *err) {
  rille_status st = RILLE_OK;
  bool again = true;
  for (int i = 0; st == RILLE_OK && again && i < MAX_ROUNDS; i++)
    st = comment_out_once(parts, count, provider, &again, err);
  return st;
}
