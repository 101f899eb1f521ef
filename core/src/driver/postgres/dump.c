/* Backup of a whole PostgreSQL database with pg_dump and pg_restore. */
#include "driver/postgres/pg.h"

#include "base/child.h"

enum { MOST_ARGUMENTS = 16 };

typedef struct tool {
  const rl_conn_options *options;
  rl_arena arena;
  const char *argv[MOST_ARGUMENTS];
  size_t count;
  const char *env[2];
} tool;

static void tool_add_argument(tool *t, const char *argument) {
  t->argv[t->count++] = argument;
}

/* Writes keyword='value', with ' and \ of the value escaped. */
static void put_keyword(rl_buf *out, const char *keyword, const char *value) {
  rl_buf_printf(out, "%s%s='", out->len ? " " : "", keyword);
  for (const char *p = value; *p; p++) {
    if (*p == '\'' || *p == '\\') rl_buf_byte(out, '\\');
    rl_buf_byte(out, *p);
  }
  rl_buf_byte(out, '\'');
}

/* Puts the password into the environment: everybody on the machine can see arguments. */
static rille_status tool_add_connection(tool *t, rl_error *err) {
  rl_buf target;
  rl_buf_init(&target);
  const char *password = NULL;
  bool key_password = false;
  PQconninfoOption *list = PQconninfoParse(t->options->conninfo, NULL);
  for (const PQconninfoOption *o = list; o && o->keyword; o++) {
    if (!o->val || !*o->val) continue;
    if (strcmp(o->keyword, "password") == 0)
      password = rl_arena_printf(&t->arena, "PGPASSWORD=%s", o->val);
    else if (strcmp(o->keyword, "sslpassword") == 0)
      key_password = true;
    else
      put_keyword(&target, o->keyword, o->val);
  }
  char *dbname = rl_arena_printf(&t->arena, "--dbname=%.*s", (int)target.len, target.p ? target.p : "");
  bool nomem = !list || target.failed || !dbname;
  PQconninfoFree(list);
  rl_buf_dispose(&target);
  if (nomem) return rl_fail_nomem(err);
  if (key_password)
    return rl_fail(err, RL_BACKUP,
                   "the database URL's parameter `sslpassword` cannot be passed to `%s`; use a key without a password",
                   t->argv[0]);
  t->env[0] = password;
  tool_add_argument(t, dbname);
  tool_add_argument(t, "--no-password");
  return RILLE_OK;
}

/* Fails with the program's output, on one line. */
static rille_status tool_fail(const tool *t, const char *what, rl_str output, int status, rl_error *err) {
  rl_buf line;
  rl_buf_init(&line);
  for (size_t i = 0; i < output.len; i++) {
    bool ends = output.p[i] == '\n';
    if (ends && i + 1 < output.len) rl_buf_text(&line, "; ");
    if (!ends) rl_buf_byte(&line, output.p[i]);
  }
  if (!line.len) rl_buf_printf(&line, "`%s` ended with status %d", t->argv[0], status);
  rille_status s = line.failed ? rl_fail_nomem(err) : rl_fail(err, RL_BACKUP, "%s: %.*s", what, (int)line.len, line.p);
  rl_buf_dispose(&line);
  return s;
}

static rille_status tool_run(tool *t, const char *what, rl_error *err) {
  rl_buf output;
  int status = 0;
  rl_buf_init(&output);
  t->argv[t->count] = NULL;
  rille_status s = rl_child_run((char *const *)(uintptr_t)t->argv, t->env, &output, &status, err);
  if (s == RILLE_OK && status == RL_CHILD_MISSING)
    s = rl_fail(err, RL_BACKUP, "%s: `%s` was not found in PATH; it is one of PostgreSQL's client programs", what,
                t->argv[0]);
  else if (s == RILLE_OK && status == RL_CHILD_UNKNOWN)
    s = rl_fail(
        err, RL_BACKUP,
        "%s: the application ignores the end of its child processes (SIGCHLD), so the outcome of `%s` is unknown", what,
        t->argv[0]);
  else if (s == RILLE_OK && status != 0)
    s = tool_fail(t, what, rl_buf_view(&output), status, err);
  rl_buf_dispose(&output);
  return s;
}

/* Returns the argument for the URL's schema. "" for public, which may need extensions of the whole database. */
static const char *schema_argument(tool *t) {
  const char *schema = t->options->search_path;
  if (!schema || strcmp(schema, "public") == 0) return "";
  rl_buf quoted; /* a pattern, in which a quoted name matches itself */
  rl_buf_init(&quoted);
  for (const char *p = schema; *p; p++) {
    if (*p == '"') rl_buf_byte(&quoted, '"');
    rl_buf_byte(&quoted, *p);
  }
  const char *z = rl_buf_z(&quoted);
  char *argument = z ? rl_arena_printf(&t->arena, "--schema=\"%s\"", z) : NULL;
  rl_buf_dispose(&quoted);
  return argument;
}

rille_status rl_pg_backup(rl_conn *c, const char *file, rl_error *err) {
  tool t = {.options = c->options};
  rl_arena_init(&t.arena, 0);
  tool_add_argument(&t, "pg_dump");
  rille_status s = tool_add_connection(&t, err);
  const char *schema = schema_argument(&t);
  char *target = rl_arena_printf(&t.arena, "--file=%s", file);
  if (s == RILLE_OK && (!target || !schema)) s = rl_fail_nomem(err);
  if (s == RILLE_OK) {
    tool_add_argument(&t, "--format=custom");
    tool_add_argument(&t, target);
    if (*schema) tool_add_argument(&t, schema);
    s = tool_run(&t, "the backup could not be created", err);
  }
  rl_arena_dispose(&t.arena);
  return s;
}

rille_status rl_pg_restore(rl_conn *c, const char *file, bool force, rl_error *err) {
  tool t = {.options = c->options};
  rl_arena_init(&t.arena, 0);
  tool_add_argument(&t, "pg_restore");
  rille_status s = tool_add_connection(&t, err);
  const char *path = *file == '-' ? rl_arena_printf(&t.arena, "./%s", file) : file; /* not an option */
  if (s == RILLE_OK && !path) s = rl_fail_nomem(err);
  if (s == RILLE_OK) {
    tool_add_argument(&t, "--single-transaction");
    tool_add_argument(&t, "--exit-on-error");
    tool_add_argument(&t, "--no-owner");
    tool_add_argument(&t, "--no-privileges");
    if (force) tool_add_argument(&t, "--clean");
    if (force) tool_add_argument(&t, "--if-exists");
    tool_add_argument(&t, path);
    s = tool_run(&t, "the database could not be restored", err);
  }
  rl_arena_dispose(&t.arena);
  return s;
}
