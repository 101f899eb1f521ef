/* PostgreSQL's errors as rille's error codes: the one table of SQLSTATEs. */
#include "driver/postgres/pg.h"

#include "base/alloc.h"

enum { MAX_COLUMNS = 64 };

typedef struct state_row {
  const char *state; /* the five-character SQLSTATE, or its start */
  rl_code code;
} state_row;

/* The first row that matches counts, so states come before their class. */
static const state_row states[] = {
    {"23505", RL_P2002}, {"23503", RL_P2003}, {"23001", RL_P2003}, {"23502", RL_P2011}, {"23514", RL_P2004},
    {"23P01", RL_P2004}, {"23", RL_P2004},    {"22001", RL_P2000}, {"22003", RL_P2020}, {"2200H", RL_P2020},
    {"22", RL_P2007},    {"42P01", RL_P2021}, {"42703", RL_P2022}, {"42501", RL_P1010}, {"42P04", RL_P1009},
    {"3F000", RL_P2021}, {"40001", RL_P2034}, {"40P01", RL_P2034}, {"55P03", RL_P2034}, {"28", RL_P1000},
    {"3D000", RL_P1003}, {"53300", RL_P2037}, {"54", RL_P2029},    {"57014", RL_P1008}, {"57P01", RL_P1017},
    {"57P02", RL_P1017}, {"57P03", RL_P1001}, {"57P05", RL_P1017}, {"25P03", RL_P2028}, {"08P01", RL_P1016},
    {"08001", RL_P1001}, {"08004", RL_P1001}, {"08", RL_P1017},    {"25", RL_P2028},    {"3B", RL_P2028},
    {"2D", RL_P2028},    {"0A000", RL_P2026},
};

static rl_code code_of(const char *state) {
  for (size_t i = 0; i < sizeof states / sizeof *states; i++)
    if (strncmp(state, states[i].state, strlen(states[i].state)) == 0) return states[i].code;
  return RL_P2039;
}

static void error_add_field(rl_error *err, const PGresult *r, int field, const char *key) {
  const char *text = PQresultErrorField(r, field);
  if (text && *text) rl_error_detail(err, key, rl_str_of(text));
}

/* Returns the end of the name that starts at p. A name may be quoted, and an expression may have parentheses. */
static const char *name_end(const char *p) {
  int depth = 0;
  bool quoted = false;
  for (; *p; p++) {
    if (*p == '"') quoted = !quoted;
    if (quoted) continue;
    if (*p == '(') depth++;
    if (*p == ')' && depth-- == 0) return p;
    if (*p == ',' && depth == 0) return p;
  }
  return p;
}

static rl_str unquote(rl_arena *arena, rl_str s) {
  if (s.len < 2 || s.p[0] != '"' || s.p[s.len - 1] != '"') return s;
  char *out = rl_arena_alloc(arena, s.len);
  size_t n = 0;
  if (!out) return s;
  for (size_t i = 1; i + 1 < s.len; i++) {
    out[n++] = s.p[i];
    if (s.p[i] == '"' && s.p[i + 1] == '"') i++;
  }
  return (rl_str){out, n};
}

/* Reads the columns of "Key (a, "b")=(1, 2) already exists.", whatever the language of the rest. */
static void error_add_key_columns(rl_error *err, const char *detail) {
  const char *at = detail ? strchr(detail, '(') : NULL;
  if (!at || !strstr(at, ")=(")) return;
  rl_str columns[MAX_COLUMNS];
  size_t count = 0;
  rl_arena arena;
  rl_arena_init(&arena, 256);
  for (at++; count < MAX_COLUMNS;) {
    const char *end = name_end(at);
    columns[count++] = unquote(&arena, (rl_str){at, (size_t)(end - at)});
    if (*end != ',') break;
    at = end + 1;
    while (*at == ' ') at++;
  }
  rl_error_detail_list(err, "columns", columns, count);
  rl_arena_dispose(&arena);
}

/* Returns the text between the first pair of quotes: 'relation "User" does not exist'. */
static rl_str first_quoted(const char *message) {
  const char *open = strchr(message, '"');
  const char *close = open ? strchr(open + 1, '"') : NULL;
  return close ? (rl_str){open + 1, (size_t)(close - open - 1)} : (rl_str){message, 0};
}

/* Returns the name from 'column "name" does not exist', 'column t.name does not exist' or 'column "name" of relation
 * "t" does not exist'. */
static rl_str missing_column(const char *message) {
  rl_str quoted = first_quoted(message);
  if (quoted.len) return quoted;
  const char *start = strchr(message, ' ');
  if (!start) return quoted;
  const char *end = strstr(++start, " does not exist");
  if (!end) end = strchr(start, ' ');
  if (!end) end = start + strlen(start);
  const char *dot = memchr(start, '.', (size_t)(end - start));
  if (dot) start = dot + 1;
  return (rl_str){start, (size_t)(end - start)};
}

static void error_add_details(rl_error *err, const PGresult *r) {
  const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
  error_add_field(err, r, PG_DIAG_SCHEMA_NAME, "schema");
  error_add_field(err, r, PG_DIAG_TABLE_NAME, "table");
  error_add_field(err, r, PG_DIAG_COLUMN_NAME, "column");
  error_add_field(err, r, PG_DIAG_CONSTRAINT_NAME, "constraint");
  if (err->code == RL_P2002 || err->code == RL_P2003)
    error_add_key_columns(err, PQresultErrorField(r, PG_DIAG_MESSAGE_DETAIL));
  if (!message) return;
  if (err->code == RL_P2021) rl_error_detail(err, "table", first_quoted(message));
  if (err->code == RL_P2022) rl_error_detail(err, "column", missing_column(message));
}

/* Returns the text as one line, without a line end. The caller frees it. */
static char *one_line(const char *text) {
  rl_buf out;
  rl_buf_init(&out);
  for (const char *p = text ? text : ""; *p; p++) {
    if (*p != '\n' && *p != '\t')
      rl_buf_byte(&out, *p);
    else if (out.len && out.p[out.len - 1] != ' ' && p[1])
      rl_buf_byte(&out, ' ');
  }
  return rl_buf_take(&out);
}

static bool is_fatal(const PGresult *r) {
  const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);
  return severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}

static void write_message(rl_buf *out, const PGresult *r) {
  const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
  const char *detail = PQresultErrorField(r, PG_DIAG_MESSAGE_DETAIL);
  const char *hint = PQresultErrorField(r, PG_DIAG_MESSAGE_HINT);
  char *line = one_line(message ? message : PQresultErrorMessage(r));
  rl_buf_text(out, line ? line : "");
  rl_free(line);
  if (detail) rl_buf_printf(out, " (%s)", detail);
  if (hint) rl_buf_printf(out, "; hint: %s", hint);
}

rille_status rl_pg_fail_result(rl_conn *c, const PGresult *r, rl_error *err) {
  if (!err || err->code != RL_CODE_NONE) return RILLE_ERROR;
  const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
  rl_buf text;
  rl_buf_init(&text);
  write_message(&text, r);
  const char *message = rl_buf_z(&text);
  rl_code code = state ? code_of(state) : RL_P2039;
  if (!state && PQstatus(c->pg) == CONNECTION_BAD) code = RL_P1017;
  rille_status s = message ? rl_fail(err, code, "%s", message) : rl_fail_nomem(err);
  rl_buf_dispose(&text);
  if (s != RILLE_ERROR) return s;
  if (state) memcpy(err->sqlstate, state, strlen(state) < 6 ? strlen(state) + 1 : 6);
  err->sqlstate[5] = 0;
  error_add_details(err, r);
  err->connection_lost = is_fatal(r) || PQstatus(c->pg) == CONNECTION_BAD;
  return s;
}

rille_status rl_pg_fail_lost(rl_conn *c, bool not_sent, rl_error *err) {
  c->lost = true;
  c->head = c->count = c->segment = 0;
  c->ended = c->failed = false;
  rl_pg_drop_result(c);
  /* The server may have sent the reason, which says more than libpq's message. */
  if (err && err->code == RL_CODE_NONE && c->hidden.code != RL_CODE_NONE)
    rl_error_move(err, &c->hidden);
  else if (err && err->code == RL_CODE_NONE && c->error.code != RL_CODE_NONE)
    rl_error_move(err, &c->error);
  rl_error_clear(&c->error);
  rl_error_clear(&c->hidden);
  char *line = one_line(c->pg ? PQerrorMessage(c->pg) : "");
  rille_status s = rl_fail(err, RL_P1017, "the connection to the database was lost%s%s", line && *line ? ": " : "",
                           line ? line : "");
  rl_free(line);
  if (err) {
    err->connection_lost = true;
    err->not_sent = not_sent;
  }
  return s;
}

rille_status rl_pg_fail_out_of_step(rl_conn *c, const char *what, rl_error *err) {
  rl_fail(err, RL_P1017, "the server's answers do not match the statements: %s; the connection is closed", what);
  return rl_pg_fail_lost(c, false, err);
}

/* Finds the SQLSTATE in the message of a failed connection, ": 28P01: ". libpq writes it at verbosity VERBOSE. */
static bool find_state(const char *text, char state[6]) {
  bool found = false;
  for (const char *p = text; (p = strchr(p, ' ')) != NULL; p++) {
    size_t n = 0;
    while (n < 5 && ((p[1 + n] >= '0' && p[1 + n] <= '9') || (p[1 + n] >= 'A' && p[1 + n] <= 'Z'))) n++;
    if (n < 5 || p[6] != ':') continue;
    memcpy(state, p + 1, 5);
    state[5] = 0;
    found = true;
  }
  return found;
}

static bool mentions_tls(const char *text) {
  return strstr(text, "SSL") || strstr(text, "certificate") || strstr(text, "TLS") || strstr(text, "channel binding");
}

/* Returns whether libpq itself rejected a parameter. */
static bool mentions_parameters(const char *text) {
  static const char *const begins[] = {"invalid ", "could not match ", "weak sslmode ",
                                       "could not parse network address ", NULL};
  for (size_t i = 0; begins[i]; i++)
    if (strncmp(text, begins[i], strlen(begins[i])) == 0) return true;
  return strstr(text, " for connection option ") != NULL;
}

static rl_code connect_code(const char *text, const char *state) {
  if (strncmp(state, "08", 2) == 0) return RL_P1001;
  if (*state) return strncmp(state, "28", 2) == 0 && strstr(text, "SSL off") ? RL_P1011 : code_of(state);
  if (mentions_parameters(text)) return RL_P1013;
  if (strstr(text, "no password supplied") || strstr(text, "password authentication failed")) return RL_P1000;
  if (mentions_tls(text)) return RL_P1011;
  return strstr(text, "timeout expired") ? RL_P1002 : RL_P1001;
}

/* Removes the place in the server's source code. */
static void cut_location(char *line) {
  char *at = line;
  while ((at = strstr(at, " LOCATION:")) != NULL) {
    char *end = strstr(at, " connection to ");
    if (!end) end = at + strlen(at);
    memmove(at, end, strlen(end) + 1);
  }
}

/* Returns what follows 'connection to server at "host" (address), port 5432 failed: '. NULL: another message. */
static char *reason_of_attempt(char *attempt) {
  static const char head[] = "connection to server ";
  if (strncmp(attempt, head, sizeof head - 1) != 0) return NULL;
  char *end = strstr(attempt, " failed: ");
  return end ? end + strlen(" failed: ") : NULL;
}

/* Returns the reason alone if it is the same for all addresses: rille's message names the server already. */
static const char *without_server(char *line) {
  char *reason = reason_of_attempt(line);
  if (!reason) return line;
  for (char *at = reason; (at = strstr(at, " connection to server ")) != NULL; at++) {
    char *other = reason_of_attempt(at + 1);
    size_t len = (size_t)(at - reason);
    if (!other || strncmp(reason, other, len) != 0 || (other[len] && other[len] != ' ')) return line;
  }
  char *next = strstr(reason, " connection to server ");
  if (next) *next = 0;
  return reason;
}

static bool is_unannounced_pooler(const char *text) {
  return strstr(text, "unsupported startup parameter") != NULL;
}

static rille_status fail_connect_code(rl_conn *c, rl_code code, const char *text, rl_error *err) {
  const rl_conn_options *o = c->options;
  const char *user = o->user ? o->user : "(default)", *database = o->database ? o->database : "(default)",
             *host = o->address;
  if (code == RL_P1013) return rl_fail(err, code, "the database URL is not valid: %s", text);
  if (code == RL_P1000) return rl_fail(err, code, "authentication of user %s at %s failed: %s", user, host, text);
  if (code == RL_P1003)
    return rl_fail(err, code, "the database %s does not exist at %s; `rille migrate dev` or `rille db push` creates it",
                   database, host);
  if (code == RL_P1011) return rl_fail(err, code, "a TLS connection to %s could not be established: %s", host, text);
  if (is_unannounced_pooler(text))
    return rl_fail(err, code,
                   "the pooler at %s does not accept PostgreSQL's settings; add `pgbouncer=true` to the URL: %s", host,
                   text);
  if (code == RL_P1001 || code == RL_P1002)
    return rl_fail(err, code, "the database server at %s cannot be reached: %s", host, text);
  return rl_fail(err, code, "the database server at %s refused the connection: %s", host, text);
}

/* Returns whether the server may only be starting, stopping or being replaced: the network failed before the server
 * answered, or the server says that it is not ready. hosts.c decides about a name without an address. */
static bool is_temporary(rl_code code, const char *state, const char *text) {
  if (is_unannounced_pooler(text)) return false;
  if (*state)
    return strncmp(state, "57P", 3) == 0 || strcmp(state, "55000") == 0 || strcmp(state, "25006") == 0 ||
           strncmp(state, "08", 2) == 0;
  return code == RL_P1001 && !strstr(text, "could not translate host name");
}

rille_status rl_pg_fail_connect(rl_conn *c, rl_error *err) {
  char state[6] = "";
  char *line = one_line(PQerrorMessage(c->pg));
  if (!line) return rl_fail_nomem(err);
  find_state(line, state);
  cut_location(line);
  rl_code code = connect_code(line, state);
  bool passing = is_temporary(code, state, line);
  rille_status s = fail_connect_code(c, code, without_server(line), err);
  if (err) err->passing = passing;
  rl_free(line);
  if (err) {
    memcpy(err->sqlstate, state, sizeof state);
    err->connection_lost = err->not_sent = true;
  }
  return s;
}
