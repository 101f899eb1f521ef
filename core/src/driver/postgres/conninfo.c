/* PostgreSQL URLs. Prisma's own parameters are removed and its TLS parameters translated. The rest goes to libpq
 * unchanged. */
#include "driver/postgres/pg.h"

#include <stdlib.h>

#include "base/percent.h"
#include "driver/url.h"

typedef struct conninfo_parser {
  rl_conn_options *out;
  rl_arena *arena;
  rl_buf rest; /* the parameters for libpq */
  rl_str schema, sslmode, sslaccept, sslcert, sslkey, sslrootcert;
  bool nomem;
  rl_error *err;
} conninfo_parser;

static void conninfo_put(conninfo_parser *p, rl_str key, rl_str value) {
  rl_buf_byte(&p->rest, p->rest.len ? '&' : '?');
  rl_buf_str(&p->rest, key);
  rl_buf_byte(&p->rest, '=');
  rl_buf_str(&p->rest, value);
}

/* Returns whether the parameter belongs to other programs that share the URL. */
static bool is_foreign_param(rl_str key) {
  static const char *const foreign[] = {
      "supa", "uselibpqcompat", "single_use_connections", "max_connection_lifetime", "max_idle_connection_lifetime",
      NULL};
  for (size_t i = 0; foreign[i]; i++)
    if (rl_str_is(key, foreign[i])) return true;
  return false;
}

static rl_str *conninfo_field(conninfo_parser *p, rl_str key) {
  if (rl_str_is(key, "schema")) return &p->schema;
  if (rl_str_is(key, "sslmode")) return &p->sslmode;
  if (rl_str_is(key, "sslaccept")) return &p->sslaccept;
  if (rl_str_is(key, "sslcert")) return &p->sslcert;
  if (rl_str_is(key, "sslkey")) return &p->sslkey;
  if (rl_str_is(key, "sslrootcert")) return &p->sslrootcert;
  return NULL;
}

static rille_status conninfo_take_param(conninfo_parser *p, const rl_url_param *param) {
  rille_status s = rl_url_common_param(param, p->out, p->err);
  if (s != RILLE_DONE) return s;
  if (rl_str_is(param->key, "pgbouncer")) return rl_url_flag(param, &p->out->pooled, p->err);
  if (rl_str_is(param->key, "sslidentity"))
    return rl_fail(
        p->err, RL_P1013,
        "the database URL's parameter `sslidentity` (PKCS #12) is not supported; convert the file with openssl and "
        "use `sslcert` and `sslkey`");
  rl_str *kept = conninfo_field(p, param->key);
  if (kept)
    *kept = param->value;
  else if (!is_foreign_param(param->key))
    conninfo_put(p, param->key, param->value);
  return RILLE_OK;
}

/* Prisma's sslcert is the certificate of the server's authority. libpq's is the client's own, and useless without a
 * key. */
static rille_status conninfo_translate_tls(conninfo_parser *p) {
  rl_str mode = p->sslmode, root = p->sslrootcert;
  if (rl_str_is(mode, "no-verify")) mode = RL_STR("require");
  if (p->sslcert.len && !p->sslkey.len && !root.len)
    root = p->sslcert;
  else if (p->sslcert.len)
    conninfo_put(p, RL_STR("sslcert"), p->sslcert);
  if (p->sslkey.len) conninfo_put(p, RL_STR("sslkey"), p->sslkey);
  if (rl_str_is(p->sslaccept, "strict")) {
    if (!rl_str_is(mode, "verify-ca")) mode = RL_STR("verify-full");
    if (!root.len && PQlibVersion() >= 160000) root = RL_STR("system");
  } else if (p->sslaccept.len && !rl_str_is(p->sslaccept, "accept_invalid_certs")) {
    return rl_fail(p->err, RL_P1013,
                   "the database URL's parameter `sslaccept`: expected `strict` or `accept_invalid_certs`, got `%.*s`",
                   RL_STR_ARG(p->sslaccept));
  }
  if (mode.len) conninfo_put(p, RL_STR("sslmode"), mode);
  if (root.len) conninfo_put(p, RL_STR("sslrootcert"), root);
  return RILLE_OK;
}

static rille_status conninfo_decode_schema(conninfo_parser *p) {
  rl_str s = p->schema;
  if (s.len == 0) return RILLE_OK;
  char *out = rl_arena_alloc(p->arena, s.len + 1);
  size_t n = 0;
  if (!out) return rl_fail_nomem(p->err);
  if (!rl_percent_decode(s, out, &n) || memchr(out, 0, n))
    return rl_fail(p->err, RL_P1013, "the database URL's parameter `schema` is not percent-encoded correctly");
  out[n] = 0;
  p->out->search_path = out;
  return RILLE_OK;
}

/* Copies an option's value. NULL: not given. */
static const char *copy_option(conninfo_parser *p, const PQconninfoOption *list, const char *key) {
  for (const PQconninfoOption *o = list; o->keyword; o++) {
    if (strcmp(o->keyword, key) != 0 || !o->val || !*o->val) continue;
    const char *copy = rl_arena_strdup(p->arena, rl_str_of(o->val));
    if (!copy) p->nomem = true;
    return copy;
  }
  return NULL;
}

/* Repeats libpq's message only if the URL has no password: the message may quote it. */
static rille_status url_not_valid(rl_error *err, bool secret, const char *why) {
  if (secret || !why)
    return rl_fail(
        err, RL_P1013,
        "the database URL is not valid; check host, port and parameters, and percent-encode special characters of "
        "the password (`@` is `%%40`, `/` is `%%2F`, `#` is `%%23`)");
  size_t len = strlen(why);
  while (len && why[len - 1] == '\n') len--;
  return rl_fail(err, RL_P1013, "the database URL is not valid: %.*s", (int)len, why);
}

/* Checks a list of ports, which libpq checks only when it connects. */
static bool are_ports(const char *ports) {
  long n = 0;
  for (const char *p = ports; *p; p++) {
    if (*p == ',')
      n = 0;
    else if (*p < '0' || *p > '9' || (n = n * 10 + (*p - '0')) > 65535)
      return false;
  }
  return true;
}

/* Writes "a:5432, b:5433". One port may be that of all hosts. */
static void put_address(conninfo_parser *p, const char *hosts, const char *ports) {
  rl_buf text;
  rl_buf_init(&text);
  const char *host = hosts ? hosts : "(local socket)", *port = ports ? ports : "";
  for (;;) {
    size_t host_len = strcspn(host, ","), port_len = strcspn(port, ",");
    rl_str number = port_len ? (rl_str){port, port_len} : RL_STR("5432");
    rl_buf_printf(&text, "%s%.*s:%.*s", text.len ? ", " : "", (int)host_len, host, RL_STR_ARG(number));
    if (!host[host_len]) break;
    host += host_len + 1;
    if (port[port_len]) port += port_len + 1;
  }
  p->out->address = text.failed ? NULL : rl_arena_strdup(p->arena, rl_buf_view(&text));
  if (!p->out->address) p->nomem = true;
  rl_buf_dispose(&text);
}

/* ------------------------------------------------------------------ what decides the answers */

static const PQconninfoOption *option_named(const PQconninfoOption *list, const char *key) {
  while (list->keyword && strcmp(list->keyword, key) != 0) list++;
  return list->keyword ? list : NULL;
}

/* Returns what libpq uses for a parameter that the URL does not have. NULL: nothing, or what it always uses. */
static const char *value_from_outside(const PQconninfoOption *outside) {
  bool usual = !outside->val || !*outside->val || (outside->compiled && strcmp(outside->val, outside->compiled) == 0);
  return usual ? NULL : outside->val;
}

/* Returns whether a parameter names the server or the database beyond `address` and `database`, which are the URL's. */
static bool names_origin(const PQconninfoOption *given, const char *key) {
  if (strcmp(key, "hostaddr") == 0 || strcmp(key, "service") == 0) return true;
  if (strcmp(key, "user") == 0) return !option_named(given, "dbname")->val; /* libpq takes it for the database's name */
  return !option_named(given, key)->val &&
         (strcmp(key, "host") == 0 || strcmp(key, "port") == 0 || strcmp(key, "dbname") == 0);
}

static void put_parameter(rl_buf *out, const char *key, const char *value) {
  rl_buf_printf(out, "%s=%zu:%s ", key, strlen(value), value);
}

static int compare_keywords(const void *a, const void *b) {
  return strcmp((*(PQconninfoOption *const *)a)->keyword, (*(PQconninfoOption *const *)b)->keyword);
}

static void write_parameters(const PQconninfoOption *given, PQconninfoOption **sorted, size_t count, rl_buf *all,
                             rl_buf *origin) {
  qsort(sorted, count, sizeof *sorted, compare_keywords);
  for (size_t i = 0; i < count; i++) {
    const char *key = sorted[i]->keyword;
    const PQconninfoOption *own = option_named(given, key);
    const char *value = own && own->val && *own->val ? own->val : value_from_outside(sorted[i]);
    if (!value || sorted[i]->dispchar[0] == '*') continue; /* what libpq itself hides: passwords */
    put_parameter(all, key, value);
    if (names_origin(given, key)) put_parameter(origin, key, value);
    const char *file = strcmp(key, "service") == 0 ? getenv("PGSERVICEFILE") : NULL;
    if (file) put_parameter(all, "PGSERVICEFILE", file);
    if (file) put_parameter(origin, "PGSERVICEFILE", file);
  }
}

static void keep_parameters(conninfo_parser *p, const rl_buf *text, const char **out) {
  if (text->len && !text->failed) *out = rl_arena_strdup(p->arena, rl_buf_view(text));
  if (text->failed || (text->len && !*out)) p->nomem = true;
}

/* Notes every parameter that libpq gets, from the URL or from its environment. */
static void conninfo_note_parameters(conninfo_parser *p, const PQconninfoOption *given) {
  PQconninfoOption *outside = PQconndefaults();
  size_t count = 0;
  while (outside && outside[count].keyword) count++;
  PQconninfoOption **sorted = RL_NEW_ARRAY(p->arena, PQconninfoOption *, count + 1);
  rl_buf all, origin;
  rl_buf_init(&all);
  rl_buf_init(&origin);
  p->nomem = p->nomem || !outside || !sorted;
  for (size_t i = 0; sorted && i < count; i++) sorted[i] = &outside[i];
  if (!p->nomem) write_parameters(given, sorted, count, &all, &origin);
  keep_parameters(p, &all, &p->out->parameters);
  keep_parameters(p, &origin, &p->out->origin);
  rl_buf_dispose(&all);
  rl_buf_dispose(&origin);
  PQconninfoFree(outside);
}

static rille_status conninfo_read_back(conninfo_parser *p, bool secret) {
  char *why = NULL;
  rl_conn_options *out = p->out;
  PQconninfoOption *list = PQconninfoParse(out->conninfo, &why);
  if (!list) {
    rille_status s = url_not_valid(p->err, secret, why);
    PQfreemem(why);
    return s;
  }
  const char *port = copy_option(p, list, "port");
  out->host = copy_option(p, list, "host");
  if (!out->host) out->host = copy_option(p, list, "hostaddr");
  out->database = copy_option(p, list, "dbname");
  out->user = copy_option(p, list, "user");
  out->port = port ? atoi(port) : 5432;
  if (out->port <= 0) out->port = 5432;
  conninfo_note_parameters(p, list);
  PQconninfoFree(list);
  put_address(p, out->host, port);
  if (p->nomem) return rl_fail_nomem(p->err);
  if (port && !are_ports(port)) return url_not_valid(p->err, true, NULL);
  if (out->host && strstr(out->host, "-pooler.")) out->pooled = true;
  return RILLE_OK;
}

static rille_status conninfo_compose(conninfo_parser *p, rl_str url, rl_str base) {
  p->out->conninfo = rl_arena_printf(p->arena, "postgresql://%.*s%.*s", RL_STR_ARG(base), (int)p->rest.len,
                                     p->rest.len ? p->rest.p : "");
  p->out->display = rl_url_redacted(url, p->arena);
  if (!p->out->conninfo || !p->out->display || p->rest.failed) return rl_fail_nomem(p->err);
  return conninfo_read_back(p, rl_url_may_quote_password(url));
}

static rille_status conninfo_parse(conninfo_parser *p, rl_str url) {
  rl_str scheme = rl_url_scheme(url);
  rl_str rest = {url.p + scheme.len + 1, url.len - scheme.len - 1};
  if (!rl_str_starts(rest, RL_STR("//")))
    return rl_fail(p->err, RL_P1013,
                   "the database URL must have the form `postgresql://user:password@host:5432/database`");
  /* libpq would take a part of the password for the host, and quote it. */
  if (!rl_url_is_clear(url)) return url_not_valid(p->err, true, NULL);
  rl_str base = {rest.p + 2, rest.len - 2}, params = {NULL, 0};
  const char *mark = memchr(base.p, '?', base.len);
  if (mark) {
    params = (rl_str){mark + 1, base.len - (size_t)(mark - base.p) - 1};
    base.len = (size_t)(mark - base.p);
  }
  rl_url_param param;
  rille_status s = RILLE_OK;
  while (s == RILLE_OK && rl_url_next_param(&params, &param)) s = conninfo_take_param(p, &param);
  if (s == RILLE_OK) s = conninfo_translate_tls(p);
  if (s == RILLE_OK) s = conninfo_decode_schema(p);
  return s == RILLE_OK ? conninfo_compose(p, url, base) : s;
}

rille_status rl_pg_parse_url(rl_str url, rl_arena *arena, rl_conn_options *out, rl_error *err) {
  conninfo_parser p = {.out = out, .arena = arena, .err = err};
  rl_buf_init(&p.rest);
  rille_status s = conninfo_parse(&p, url);
  rl_buf_dispose(&p.rest);
  return s;
}

static void put_schema(rl_buf *out, const char *schema) {
  rl_buf_byte(out, '"');
  for (const char *p = schema; *p; p++) {
    if (*p == '"') rl_buf_byte(out, '"');
    rl_buf_byte(out, *p);
  }
  rl_buf_byte(out, '"');
}

/* Quotes the schema as a name, and again for the list of options, in which a space ends an option. */
static void put_search_path(rl_buf *out, const char *schema) {
  rl_buf_text(out, " -c search_path=\"");
  for (const char *p = schema; *p; p++) {
    if (*p == '"') rl_buf_byte(out, '"');
    if (*p == '\\' || *p == ' ' || *p == '\t' || *p == '\n') rl_buf_byte(out, '\\');
    rl_buf_byte(out, *p);
  }
  rl_buf_byte(out, '"');
}

void rl_pg_session_options(const rl_conn_options *options, const char *user, rl_buf *out) {
  rl_buf_text(out, "-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres -c extra_float_digits=3");
  if (options->search_path) put_search_path(out, options->search_path);
  if (!user) user = getenv("PGOPTIONS");
  if (user && *user) rl_buf_printf(out, " %s", user);
}

typedef struct setting {
  const char *name, *wanted; /* wanted: the start of what the server reports */
} setting;

static bool setting_is_set(PGconn *pg, const setting *s) {
  const char *is = PQparameterStatus(pg, s->name);
  if (!is) return false;
  bool utc = strcmp(s->name, "TimeZone") == 0 && (strcmp(is, "Etc/UTC") == 0 || strcmp(is, "GMT") == 0);
  return utc || strncmp(is, s->wanted, strlen(s->wanted)) == 0;
}

static void put_setting(PGconn *pg, const char *name, const char *value, rl_buf *out) {
  char *literal = PQescapeLiteral(pg, value, strlen(value));
  if (!literal) out->failed = true;
  if (literal) rl_buf_printf(out, "%sset_config('%s', %s, true)", out->len ? ", " : "SELECT ", name, literal);
  PQfreemem(literal);
}

rille_status rl_pg_transaction_settings(const rl_conn_options *options, PGconn *pg, char **out, rl_error *err) {
  static const setting wanted[] = {{"TimeZone", "UTC"}, {"DateStyle", "ISO"}, {"IntervalStyle", "postgres"}};
  rl_buf text, path;
  rl_buf_init(&text);
  rl_buf_init(&path);
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
    if (!setting_is_set(pg, &wanted[i])) put_setting(pg, wanted[i].name, wanted[i].wanted, &text);
  if (options->search_path) {
    put_schema(&path, options->search_path);
    const char *value = rl_buf_z(&path);
    if (value) put_setting(pg, "search_path", value, &text);
    if (!value) text.failed = true;
  }
  bool failed = text.failed, some = text.len > 0;
  *out = !failed && some ? rl_buf_take(&text) : NULL;
  rl_buf_dispose(&text);
  rl_buf_dispose(&path);
  return failed || (some && !*out) ? rl_fail_nomem(err) : RILLE_OK;
}
