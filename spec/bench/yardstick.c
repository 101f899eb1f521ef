/* The yardstick of `make bench`: hand-written C for exactly these workloads on exactly this schema, with the same Lua
 * tables as rille: prepared statements, binary values, tables created with their size. A Lua 5.4 module. A handle is
 * one connection to either database.
 *
 * It may take every shortcut that the schema allows, but must do all work that the result needs. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "yardstick.h"

#define TYPE_NAME "rille.yardstick"

const struct model user_model = {
    5, {"id", "email", "name", "createdAt", "postCount"}, {INTEGER, TEXT, TEXT, TIME, INTEGER}};
const struct model post_model = {7,
                                 {"id", "title", "content", "published", "views", "createdAt", "authorId"},
                                 {INTEGER, TEXT, TEXT, BOOLEAN, INTEGER, TIME, INTEGER}};
const struct model tag_model = {2, {"id", "name"}, {INTEGER, TEXT}};

static struct yardstick *check(lua_State *L) {
  struct yardstick *y = luaL_checkudata(L, 1, TYPE_NAME);
  for (size_t i = 0; i < 3; i++) {
    PQclear(y->held[i]);
    y->held[i] = NULL;
  }
  luaL_argcheck(L, y->engine != NULL, 1, "closed");
  luaL_checkstack(L, 40, NULL);
  return y;
}

int fail(lua_State *L, const struct yardstick *y) {
  return luaL_error(L, "yardstick: %s", y->pg ? PQerrorMessage(y->pg) : sqlite3_errmsg(y->sqlite));
}

static void put_digits(char *p, int64_t value, int width) {
  while (width-- > 0) {
    p[width] = (char)('0' + value % 10);
    value /= 10;
  }
}

/* The day of an era of 400 years that starts in March: leap days come last and are no special case. */
void write_iso(int64_t us, char *out) {
  int64_t ms = us / 1000, day = ms / 86400000, rest = ms % 86400000;
  if (rest < 0) rest += 86400000, day--;
  int64_t shifted = day + 719468, era = (shifted >= 0 ? shifted : shifted - 146096) / 146097,
          of_era = shifted - era * 146097;
  int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365,
          of_year = of_era - (365 * year + year / 4 - year / 100);
  int64_t part = (5 * of_year + 2) / 153, month = part < 10 ? part + 3 : part - 9;
  memcpy(out, "0000-00-00T00:00:00.000Z", ISO_SIZE);
  put_digits(out, year + era * 400 + (month <= 2), 4);
  put_digits(out + 5, month, 2);
  put_digits(out + 8, of_year - (153 * part + 2) / 5 + 1, 2);
  put_digits(out + 11, rest / 3600000, 2);
  put_digits(out + 14, rest / 60000 % 60, 2);
  put_digits(out + 17, rest / 1000 % 60, 2);
  put_digits(out + 20, rest % 1000, 3);
}

int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000000 * 1000;
}

/* Pushes the keys of a model (kept with the handle) and returns the stack index of the first. */
int push_keys(lua_State *L, const struct model *model) {
  int first = lua_gettop(L) + 1;
  for (int c = 0; c < model->count; c++) lua_pushstring(L, model->names[c]);
  return first;
}

void read_input(lua_State *L, int rows, lua_Integer index, int keys, struct input *in) {
  int base = lua_gettop(L);
  lua_rawgeti(L, rows, index);
  for (int k = 0; k < 5; k++) {
    lua_pushvalue(L, keys + k);
    lua_rawget(L, base + 1);
  }
  in->title = luaL_checklstring(L, base + 2, &in->title_len);
  in->content = luaL_optlstring(L, base + 3, NULL, &in->content_len);
  in->published = lua_toboolean(L, base + 4);
  in->views = luaL_checkinteger(L, base + 5);
  in->author = luaL_checkinteger(L, base + 6);
  lua_settop(L, base);
}

int push_input_keys(lua_State *L) {
  static const char *const names[5] = {"title", "content", "published", "views", "authorId"};
  int first = lua_gettop(L) + 1;
  for (int i = 0; i < 5; i++) lua_pushstring(L, names[i]);
  return first;
}

/* --- The Lua module
 * --------------------------------------------------------------------------------------------------- */

static int l_find(lua_State *L) { /* W1 */
  struct yardstick *y = check(L);
  return y->engine->find(L, y, luaL_checkinteger(L, 2));
}

static int l_recent(lua_State *L) { /* W2: views */
  struct yardstick *y = check(L);
  return y->engine->posts(L, y, RECENT, luaL_checkinteger(L, 2), 100);
}

static int l_page(lua_State *L) { /* W3: the id before */
  struct yardstick *y = check(L);
  return y->engine->posts(L, y, PAGE, luaL_checkinteger(L, 2), 10000);
}

static int l_users(lua_State *L) { /* W4, W5: start, limit, with_tags */
  struct yardstick *y = check(L);
  return y->engine->users(L, y, luaL_checkinteger(L, 2), luaL_checkinteger(L, 3), lua_toboolean(L, 4));
}

static int l_create(lua_State *L) { /* W6: email, name */
  struct yardstick *y = check(L);
  size_t email_len, name_len;
  const char *email = luaL_checklstring(L, 2, &email_len), *name = luaL_checklstring(L, 3, &name_len);
  return y->engine->create(L, y, email, email_len, name, name_len);
}

static int l_create_many(lua_State *L) { /* W7: rows */
  struct yardstick *y = check(L);
  lua_Integer count = luaL_len(L, 2);
  y->engine->create_many(L, y, 2, count);
  lua_pushinteger(L, count);
  return 1;
}

static int l_feed(lua_State *L) { /* W11: the id before */
  struct yardstick *y = check(L);
  return y->engine->feed(L, y, luaL_checkinteger(L, 2));
}

static int l_feed_json(lua_State *L) {
  struct yardstick *y = check(L);
  y->json.len = 0;
  return y->engine->feed_json(L, y, luaL_checkinteger(L, 2));
}

/* SQL of the set-up, without parameters; returns the first value of the first row as text. */
static int l_exec(lua_State *L) {
  struct yardstick *y = check(L);
  const char *sql = luaL_checkstring(L, 2);
  sqlite3_stmt *stmt = NULL;
  if (y->pg) {
    ExecStatusType status = PQresultStatus(y->held[0] = PQexec(y->pg, sql));
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) return fail(L, y);
    lua_pushstring(L, PQntuples(y->held[0]) > 0 ? PQgetvalue(y->held[0], 0, 0) : NULL);
    return 1;
  }
  lua_pushnil(L);
  while (*sql) {
    if (sqlite3_prepare_v2(y->sqlite, sql, -1, &stmt, &sql) != SQLITE_OK) return fail(L, y);
    if (sqlite3_step(stmt) == SQLITE_ROW) {
      lua_pushstring(L, (const char *)sqlite3_column_text(stmt, 0));
      lua_replace(L, -2);
      while (sqlite3_step(stmt) == SQLITE_ROW) continue;
    }
    if (sqlite3_finalize(stmt) != SQLITE_OK) return fail(L, y);
  }
  return 1;
}

static int l_prepare(lua_State *L) { /* once the tables exist */
  struct yardstick *y = check(L);
  y->engine->prepare(L, y);
  return 0;
}

static struct yardstick *new_handle(lua_State *L) {
  struct yardstick *y = lua_newuserdatauv(L, sizeof *y, 0);
  memset(y, 0, sizeof *y);
  luaL_setmetatable(L, TYPE_NAME);
  return y;
}

static int l_postgres(lua_State *L) {
  const char *url = luaL_checkstring(L, 1);
  struct yardstick *y = new_handle(L);
  y->engine = &postgres_engine;
  y->pg = PQconnectdb(url);
  return PQstatus(y->pg) == CONNECTION_OK ? 1 : fail(L, y);
}

static int l_sqlite(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  struct yardstick *y = new_handle(L);
  y->engine = &sqlite_engine;
  if (sqlite3_open_v2(path, &y->sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) !=
      SQLITE_OK)
    return fail(L, y);
  sqlite3_busy_timeout(y->sqlite, 5000);
  return sqlite3_exec(y->sqlite, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON",
                      NULL, NULL, NULL)
             ? fail(L, y)
             : 1;
}

static int l_close(lua_State *L) {
  struct yardstick *y = luaL_checkudata(L, 1, TYPE_NAME);
  for (size_t i = 0; i < 3; i++) PQclear(y->held[i]);
  for (int s = 0; s < STATEMENT_COUNT; s++) sqlite3_finalize(y->prepared[s]);
  sqlite3_finalize(y->bulk);
  sqlite3_close(y->sqlite);
  PQfinish(y->pg);
  free(y->buffer);
  free(y->json.p);
  memset(y, 0, sizeof *y);
  return 0;
}

static int l_wall(lua_State *L) { /* microseconds */
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  lua_pushnumber(L, (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3);
  return 1;
}

static int l_cpu(lua_State *L) { /* microseconds of user and system time of all threads of the process */
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  lua_pushnumber(L, (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
                        (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec));
  return 1;
}

__attribute__((visibility("default"))) int luaopen_yardstick(lua_State *L);

int luaopen_yardstick(lua_State *L) {
  static const luaL_Reg methods[] = {{"find", l_find},   {"recent", l_recent},       {"page", l_page},
                                     {"users", l_users}, {"create", l_create},       {"create_many", l_create_many},
                                     {"feed", l_feed},   {"feed_json", l_feed_json}, {"prepare", l_prepare},
                                     {"exec", l_exec},   {"close", l_close},         {"__gc", l_close},
                                     {NULL, NULL}};
  static const luaL_Reg functions[] = {
      {"postgres", l_postgres},     {"sqlite", l_sqlite}, {"remember", l_remember}, {"recall", l_recall},
      {"recall_one", l_recall_one}, {"wall", l_wall},     {"cpu", l_cpu},           {NULL, NULL}};
  luaL_newmetatable(L, TYPE_NAME);
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, functions);
  return 1;
}
