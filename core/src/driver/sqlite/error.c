/* SQLite's codes and messages as rille's error codes: the one table for them. */
#include "driver/sqlite/conn.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_COLUMNS = 64 };

static bool take_prefix(rl_str *s, const char *prefix) {
  rl_str p = rl_str_of(prefix);
  if (!rl_str_starts(*s, p)) return false;
  *s = (rl_str){s->p + p.len, s->len - p.len};
  return true;
}

/* Splits "Table.column" at the last period. */
static void split_column(rl_str qualified, rl_str *table, rl_str *column) {
  size_t at = qualified.len;
  while (at > 0 && qualified.p[at - 1] != '.') at--;
  *table = (rl_str){qualified.p, at ? at - 1 : 0};
  *column = (rl_str){qualified.p + at, qualified.len - at};
}

/* Reads what follows "UNIQUE constraint failed: ", "User.email, User.name" or "index 'name'". */
static void error_add_unique_details(rl_error *err, rl_str rest) {
  if (take_prefix(&rest, "index '")) {
    rl_error_detail(err, "constraint", (rl_str){rest.p, rest.len ? rest.len - 1 : 0});
    return;
  }
  rl_str columns[MAX_COLUMNS], table = {NULL, 0};
  size_t count = 0;
  while (rest.len && count < MAX_COLUMNS) {
    size_t end = 0;
    while (end < rest.len && !(rest.p[end] == ',' && end + 1 < rest.len && rest.p[end + 1] == ' ')) end++;
    split_column((rl_str){rest.p, end}, &table, &columns[count++]);
    size_t skip = end < rest.len ? end + 2 : end;
    rest = (rl_str){rest.p + skip, rest.len - skip};
  }
  if (table.len) rl_error_detail(err, "table", table);
  rl_error_detail_list(err, "columns", columns, count);
}

static rille_status fail_constraint(int code, const char *text, rl_error *err) {
  rl_str rest = rl_str_of(text);
  rl_str table, column;
  if (take_prefix(&rest, "UNIQUE constraint failed: ")) {
    rl_fail(err, RL_P2002, "unique constraint failed on %.*s", RL_STR_ARG(rest));
    error_add_unique_details(err, rest);
  } else if (take_prefix(&rest, "NOT NULL constraint failed: ")) {
    rl_fail(err, RL_P2011, "null constraint failed on %.*s", RL_STR_ARG(rest));
    split_column(rest, &table, &column);
    rl_error_detail(err, "table", table);
    rl_error_detail(err, "column", column);
  } else if (take_prefix(&rest, "CHECK constraint failed: ")) {
    rl_fail(err, RL_P2004, "check constraint failed: %.*s", RL_STR_ARG(rest));
    rl_error_detail(err, "constraint", rest);
  } else if (rl_str_is(rest, "FOREIGN KEY constraint failed")) {
    rl_fail(err, RL_P2003, "foreign key constraint failed");
  } else if (code == SQLITE_CONSTRAINT_DATATYPE) {
    rl_fail(err, RL_P2007, "the database refused a value: %s", text);
  } else {
    rl_fail(err, RL_P2004, "a constraint failed: %s", text);
  }
  return RILLE_ERROR;
}

/* A message of SQLite. Errors with the plain code SQLITE_ERROR are distinguished by their text only. */
typedef struct known_text {
  const char *prefix; /* of the message; '*' in front: anywhere in it */
  rl_code code;
  const char *detail; /* the key for what follows, or NULL */
  const char *hint;   /* appended to the message, or NULL */
} known_text;

static const known_text known_texts[] = {
    {"no such table: ", RL_P2021, "table", NULL},
    {"no such view: ", RL_P2021, "table", NULL},
    {"no such column: ", RL_P2022, "column", NULL},
    {"* has no column named ", RL_P2022, "column", NULL},
    {"too many SQL variables", RL_P2029, NULL, NULL},
    {"variable number must be between", RL_P2029, NULL, NULL},
    {"too many terms in", RL_P2029, NULL, NULL}, /* compound SELECT, ORDER BY, GROUP BY */
    {"too many columns in", RL_P2029, NULL, NULL},
    {"too many arguments on function", RL_P2029, NULL, NULL},
    {"at most 64 tables in a join", RL_P2029, NULL, NULL},
    {"too many FROM clause terms", RL_P2029, NULL, NULL},
    {"Expression tree is too large", RL_P2029, NULL, NULL},
    {"parser stack overflow", RL_P2029, NULL, NULL},
    {"LIKE or GLOB pattern too complex", RL_P2000, NULL,
     "; SQLite accepts at most 50000 bytes to search a string for, each %, _ and \\ counted twice"},
    {"integer overflow", RL_P2020, NULL, NULL},
    {RL_SQLITE_MIXED, RL_P2023, NULL, NULL},
    {RL_SQLITE_OUT_OF_RANGE, RL_P2020, NULL, NULL},
    {RL_SQLITE_NO_NUMBER, RL_P2007, NULL, NULL}, /* as PostgreSQL */
    {"malformed JSON", RL_P2007, NULL, NULL},
    {"cannot start a transaction within a transaction", RL_P2028, NULL, NULL},
    {"cannot commit", RL_P2028, NULL, NULL},
    {"cannot rollback", RL_P2028, NULL, NULL},
    {"no such savepoint", RL_P2028, NULL, NULL},
};

static const char *match_text(const known_text *k, const char *text) {
  bool anywhere = k->prefix[0] == '*';
  const char *prefix = k->prefix + (anywhere ? 1 : 0);
  const char *at = anywhere ? strstr(text, prefix) : strncmp(text, prefix, strlen(prefix)) == 0 ? text : NULL;
  return at ? at + strlen(prefix) : NULL;
}

static rille_status fail_by_text(const char *text, rl_error *err) {
  for (size_t i = 0; i < sizeof known_texts / sizeof *known_texts; i++) {
    const char *rest = match_text(&known_texts[i], text);
    if (!rest) continue;
    rl_fail(err, known_texts[i].code, "%s%s", text, known_texts[i].hint ? known_texts[i].hint : "");
    const char *dot = known_texts[i].code == RL_P2022 ? strchr(rest, '.') : NULL; /* after an alias */
    if (known_texts[i].detail) rl_error_detail(err, known_texts[i].detail, rl_str_of(dot ? dot + 1 : rest));
    return RILLE_ERROR;
  }
  return rl_fail(err, RL_P2039, "%s", text);
}

static rille_status fail_by_code(const rl_conn_options *options, int code, const char *text, rl_error *err) {
  if (code == SQLITE_READONLY && options->read_only)
    return rl_fail(err, RL_P2028, "cannot write: the transaction or the statement is read-only");
  if (code == SQLITE_BUSY_SNAPSHOT)
    return rl_fail(err, RL_P2034, "another transaction has changed what this one has read; run it again (%s)", text);
  switch (code & 0xff) {
  case SQLITE_CONSTRAINT: return fail_constraint(code, text, err);
  case SQLITE_BUSY:
    rl_fail(err, RL_P1008, "the database is locked by another connection: %s", text);
    if (err) err->busy = true;
    return RILLE_ERROR;
  case SQLITE_LOCKED: return rl_fail(err, RL_P2034, "a table is locked: %s", text);
  case SQLITE_INTERRUPT: return rl_fail(err, RL_P1008, "the statement was cancelled");
  case SQLITE_TOOBIG: return rl_fail(err, RL_P2000, "a value is too long for SQLite: %s", text);
  case SQLITE_MISMATCH: return rl_fail(err, RL_P2007, "the database refused a value: %s", text);
  case SQLITE_RANGE: return rl_fail(err, RL_P1016, "the query has fewer placeholders than parameters");
  case SQLITE_READONLY: return rl_fail(err, RL_P1010, "the database %s cannot be written: %s", options->conninfo, text);
  case SQLITE_PERM:
  case SQLITE_AUTH: return rl_fail(err, RL_P1010, "access to the database %s was denied: %s", options->conninfo, text);
  case SQLITE_NOTADB: return rl_fail(err, RL_P1003, "the file %s is not an SQLite database", options->conninfo);
  case SQLITE_SCHEMA: return rl_fail(err, RL_P2034, "the schema was changed by another connection: %s", text);
  case SQLITE_FULL:
    return rl_fail(err, RL_P2039, "the database %s cannot grow, the disk may be full: %s", options->conninfo, text);
  case SQLITE_IOERR:
    return rl_fail(err, RL_P2039, "reading or writing the database %s failed: %s", options->conninfo, text);
  case SQLITE_CORRUPT: return rl_fail(err, RL_P2039, "the database %s is damaged: %s", options->conninfo, text);
  case SQLITE_CANTOPEN: return rl_fail(err, RL_P1003, "the database %s cannot be opened: %s", options->conninfo, text);
  default: return fail_by_text(text, err);
  }
}

rille_status rl_sqlite_fail(rl_conn *c, int rc, rl_error *err) {
  int code = sqlite3_extended_errcode(c->db);
  /* Some calls return a code without storing it in the connection. */
  const char *text = sqlite3_errmsg(c->db);
  if ((code & 0xff) != (rc & 0xff)) {
    code = rc;
    text = sqlite3_errstr(rc);
  }
  if ((code & 0xff) == SQLITE_NOMEM) return rl_fail_nomem(err);
  if (err && err->code != RL_CODE_NONE) return RILLE_ERROR;
  fail_by_code(c->options, code, text, err);
  if (err) err->native = code;
  return RILLE_ERROR;
}

/* Returns the folder of a path, "." for a bare name. */
static rl_str folder_of(const char *path) {
  size_t len = strlen(path);
  while (len > 0 && path[len - 1] != '/') len--;
  if (len == 0) return RL_STR(".");
  return (rl_str){path, len == 1 ? 1 : len - 1};
}

static rille_status fail_cannot_open(const rl_conn_options *options, const char *text, rl_error *err) {
  const char *path = options->conninfo;
  struct stat st;
  if (stat(path, &st) == 0) {
    if (S_ISDIR(st.st_mode)) return rl_fail(err, RL_P1003, "the database path %s is a folder; it must be a file", path);
    if (access(path, R_OK) != 0)
      return rl_fail(err, RL_P1010, "the database file %s cannot be read: no permission", path);
    return rl_fail(err, RL_P1003, "the database file %s cannot be opened: %s", path, text);
  }
  rl_str folder = folder_of(path);
  char *copy = sqlite3_mprintf("%.*s", (int)folder.len, folder.p);
  if (!copy) return rl_fail_nomem(err);
  bool exists = stat(copy, &st) == 0 && S_ISDIR(st.st_mode);
  bool writable = exists && access(copy, W_OK | X_OK) == 0;
  sqlite3_free(copy);
  if (!exists)
    return rl_fail(err, RL_P1003, "the database file %s cannot be created: the folder %.*s does not exist", path,
                   RL_STR_ARG(folder));
  if (options->read_only || options->must_exist) {
    rl_fail(err, RL_P1003, "the database file %s does not exist; `rille migrate dev` or `rille db push` creates it",
            path);
    rl_error_detail(err, "file", rl_str_of(path));
    return RILLE_ERROR;
  }
  if (!writable)
    return rl_fail(err, RL_P1010, "the database file %s cannot be created: the folder %.*s is not writable", path,
                   RL_STR_ARG(folder));
  return rl_fail(err, RL_P1003, "the database file %s cannot be opened: %s", path, text);
}

rille_status rl_sqlite_fail_open(const rl_conn_options *options, int rc, const char *text, rl_error *err) {
  if ((rc & 0xff) == SQLITE_NOMEM) return rl_fail_nomem(err);
  if (err && err->code != RL_CODE_NONE) return RILLE_ERROR;
  rille_status s =
      (rc & 0xff) == SQLITE_CANTOPEN ? fail_cannot_open(options, text, err) : fail_by_code(options, rc, text, err);
  if (err) {
    err->native = rc;
    err->not_sent = true;
  }
  return s;
}
