/* The last look at a pulled schema: whatever is no schema after all is left out, as a comment that says why, so that
 * one odd thing of a database does not keep people from all the rest. */
#include "base/alloc.h"
#include "migrate/pull/pull.h"

enum { MOST_ROUNDS = 20 }; /* what is left out may be missed elsewhere, which goes in the next round */

typedef struct mender {
  const rl_diagnostics *faults;
  rl_str file;
  rl_buf out;
  int line;
  int depth; /* of a block that goes as a whole */
  bool any;
} mender;

static const rl_diagnostic *fault_at(const mender *m) {
  for (size_t i = 0; i < m->faults->count; i++)
    if (!m->faults->items[i].warning && m->faults->items[i].line == m->line &&
        rl_str_eq(m->faults->items[i].file, m->file))
      return &m->faults->items[i];
  return NULL;
}

static bool opens_block(rl_str line) {
  return line.len && line.p[line.len - 1] == '{' && line.p[0] != ' ' && line.p[0] != '/';
}

static void leave_out(mender *m, rl_str line, const rl_diagnostic *why) {
  const char *indent = line.len && line.p[0] == ' ' ? "  " : "";
  size_t from = 0;
  while (from < line.len && line.p[from] == ' ') from++;
  if (why)
    rl_buf_printf(&m->out, "%s// Left out, since no schema can say it: %.*s\n", indent, RL_STR_ARG(why->message));
  rl_buf_printf(&m->out, "%s// %.*s\n", indent, (int)(line.len - from), line.p + from);
  m->any = true;
}

static void mend_line(mender *m, rl_str line) {
  const rl_diagnostic *why = fault_at(m);
  bool is_comment = rl_str_starts(line, RL_STR("//")) || rl_str_starts(line, RL_STR("  //"));
  bool ends = line.len == 1 && line.p[0] == '}';
  if (m->depth) {
    leave_out(m, line, NULL);
    if (ends) m->depth = 0;
  } else if (why && !is_comment && !ends) {
    m->depth = opens_block(line);
    leave_out(m, line, why);
  } else {
    rl_buf_str(&m->out, line);
    rl_buf_byte(&m->out, '\n');
  }
}

/* Whether something was left out; memory may have been short. */
static bool mend_part(rl_pull_part *part, const rl_diagnostics *faults, bool *nomem) {
  mender m = {.faults = faults, .file = part->file};
  rl_buf_init(&m.out);
  for (size_t at = 0; at < part->text.len;) {
    const char *end = memchr(part->text.p + at, '\n', part->text.len - at);
    size_t n = end ? (size_t)(end - part->text.p) - at : part->text.len - at;
    m.line++;
    mend_line(&m, rl_str_make(part->text.p + at, n));
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

/* *again: something was left out. */
static rille_status mend_once(rl_pull_part *parts, size_t count, rl_provider provider, bool *again, rl_error *err) {
  rl_diagnostics faults;
  rl_schema *schema = NULL;
  rl_error wrong = {0};
  *again = false;
  rl_source *sources = rl_calloc(count, sizeof *sources);
  if (!sources) return rl_fail_nomem(err);
  for (size_t i = 0; i < count; i++) sources[i] = (rl_source){parts[i].file, rl_buf_view(&parts[i].text)};
  rl_diagnostics_init(&faults);
  rille_status st = rl_schema_parse(sources, count, provider, &schema, &faults, &wrong);
  bool nomem = st == RILLE_NOMEM || wrong.nomem;
  rl_error_clear(&wrong);
  rl_schema_release(schema);
  for (size_t i = 0; st != RILLE_OK && !nomem && i < count; i++) *again |= mend_part(&parts[i], &faults, &nomem);
  rl_diagnostics_dispose(&faults);
  rl_free(sources);
  return nomem ? rl_fail_nomem(err) : RILLE_OK;
}

rille_status rl_pull_mend(rl_pull_part *parts, size_t count, rl_provider provider, rl_error *err) {
  rille_status st = RILLE_OK;
  bool again = true;
  for (int i = 0; st == RILLE_OK && again && i < MOST_ROUNDS; i++) st = mend_once(parts, count, provider, &again, err);
  return st;
}
