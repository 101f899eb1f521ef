/* The yardstick on SQLite: statements stay prepared, includes use one statement per parent, the bulk insert many rows
 * per statement. */
#include <string.h>

#include "yardstick.h"

#define BULK_ROWS 50
#define BULK_COLUMNS 6

static const char *const sqlite_sql[STATEMENT_COUNT] = {
    "SELECT " USER_COLUMNS " FROM \"User\" WHERE \"id\" = ?1",
    "SELECT " POST_COLUMNS
    " FROM \"Post\" WHERE \"published\" = 1 AND \"views\" >= ?1 ORDER BY \"createdAt\" DESC LIMIT 100",
    "SELECT " POST_COLUMNS " FROM \"Post\" WHERE \"id\" > ?1 ORDER BY \"id\" LIMIT 10000",
    "SELECT " USER_COLUMNS " FROM \"User\" WHERE \"id\" >= ?1 ORDER BY \"id\" LIMIT ?2",
    "SELECT " POST_COLUMNS " FROM \"Post\" WHERE \"authorId\" = ?1",
    "SELECT t.\"id\", t.\"name\" FROM \"_PostToTag\" l JOIN \"Tag\" t ON t.\"id\" = l.\"B\" WHERE l.\"A\" = ?1",
    ("INSERT INTO \"User\" (\"email\", \"name\", \"createdAt\") VALUES (?1, ?2, ?3) RETURNING " USER_COLUMNS),
    FEED_SQL("?1"),
};

/* --- SQLite ----------------------------------------------------------------------------------------------------------
 */

/* first: the column that the model's begin with. */
static void lite_push_columns(lua_State *L, const struct yardstick *y, sqlite3_stmt *stmt, const struct model *model,
                              int keys, int more, int first) {
  lua_createtable(L, 0, model->count + more);
  for (int m = 0; m < model->count; m++) {
    int c = first + m;
    const char *text;
    char iso[ISO_SIZE];
    if (sqlite3_column_type(stmt, c) == SQLITE_NULL) continue;
    lua_pushvalue(L, keys + m);
    switch (model->kinds[m]) {
    case INTEGER: lua_pushinteger(L, sqlite3_column_int64(stmt, c)); break;
    case BOOLEAN: lua_pushboolean(L, sqlite3_column_int(stmt, c)); break;
    case TEXT:
      text = (const char *)sqlite3_column_text(stmt, c);
      lua_pushlstring(L, text, (size_t)sqlite3_column_bytes(stmt, c));
      break;
    case TIME: /* 2024-01-01T00:00:00.000+00:00 as Prisma stores it */
      text = (const char *)sqlite3_column_text(stmt, c);
      if (sqlite3_column_bytes(stmt, c) != 29 || memcmp(text + 23, "+00:00", 6) != 0) fail(L, y);
      memcpy(iso, text, ISO_SIZE - 1);
      iso[ISO_SIZE - 1] = 'Z';
      lua_pushlstring(L, iso, ISO_SIZE);
      break;
    }
    lua_rawset(L, -3);
  }
}

static void lite_push_row(lua_State *L, const struct yardstick *y, sqlite3_stmt *stmt, const struct model *model,
                          int keys, int more) {
  lite_push_columns(L, y, stmt, model, keys, more, 0);
}

static int lite_find(lua_State *L, struct yardstick *y, lua_Integer id) {
  sqlite3_stmt *stmt = y->prepared[FIND];
  sqlite3_reset(stmt);
  sqlite3_bind_int64(stmt, 1, id);
  if (sqlite3_step(stmt) != SQLITE_ROW) return sqlite3_reset(stmt) == SQLITE_OK ? 0 : fail(L, y);
  lite_push_row(L, y, stmt, &user_model, push_keys(L, &user_model), 0);
  sqlite3_reset(stmt);
  return 1;
}

static int lite_posts(lua_State *L, struct yardstick *y, enum statement s, lua_Integer a, int expected) {
  sqlite3_stmt *stmt = y->prepared[s];
  int keys = push_keys(L, &post_model), i = 0, rc;
  sqlite3_reset(stmt);
  sqlite3_bind_int64(stmt, 1, a);
  lua_createtable(L, expected, 0);
  while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
    lite_push_row(L, y, stmt, &post_model, keys, 0);
    lua_rawseti(L, -2, ++i);
  }
  sqlite3_reset(stmt);
  return rc == SQLITE_DONE ? 1 : fail(L, y);
}

static void lite_push_tags(lua_State *L, struct yardstick *y, int keys, int64_t post) {
  sqlite3_stmt *stmt = y->prepared[TAGS];
  int i = 0;
  sqlite3_bind_int64(stmt, 1, post);
  lua_createtable(L, 4, 0);
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    lite_push_row(L, y, stmt, &tag_model, keys, 0);
    lua_rawseti(L, -2, ++i);
  }
  if (sqlite3_reset(stmt) != SQLITE_OK) fail(L, y);
}

static void lite_push_posts(lua_State *L, struct yardstick *y, int keys, int tag_keys, int64_t user, bool with_tags) {
  sqlite3_stmt *stmt = y->prepared[POSTS];
  int i = 0;
  sqlite3_bind_int64(stmt, 1, user);
  lua_createtable(L, 12, 0);
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    lite_push_row(L, y, stmt, &post_model, keys, with_tags ? 1 : 0);
    if (with_tags) {
      lite_push_tags(L, y, tag_keys, sqlite3_column_int64(stmt, 0));
      lua_setfield(L, -2, "tags");
    }
    lua_rawseti(L, -2, ++i);
  }
  if (sqlite3_reset(stmt) != SQLITE_OK) fail(L, y);
}

/* One statement per parent costs no round trip here, and needs no matching of rows. */
static int lite_users(lua_State *L, struct yardstick *y, lua_Integer start, lua_Integer limit, bool with_tags) {
  sqlite3_stmt *stmt = y->prepared[USERS];
  int user_keys = push_keys(L, &user_model), post_keys = push_keys(L, &post_model), tag_keys = push_keys(L, &tag_model),
      i = 0;
  for (int s = USERS; s <= TAGS; s++) sqlite3_reset(y->prepared[s]);
  sqlite3_bind_int64(stmt, 1, start);
  sqlite3_bind_int64(stmt, 2, limit);
  lua_createtable(L, (int)limit, 0);
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    lite_push_row(L, y, stmt, &user_model, user_keys, 1);
    lite_push_posts(L, y, post_keys, tag_keys, sqlite3_column_int64(stmt, 0), with_tags);
    lua_setfield(L, -2, "posts");
    lua_rawseti(L, -2, ++i);
  }
  return sqlite3_reset(stmt) == SQLITE_OK ? 1 : fail(L, y);
}

/* --- W11 */

static int lite_feed(lua_State *L, struct yardstick *y, lua_Integer after) {
  sqlite3_stmt *stmt = y->prepared[FEED];
  int post_keys = push_keys(L, &post_model), user_keys = push_keys(L, &user_model), tag_keys = push_keys(L, &tag_model),
      i = 0;
  sqlite3_reset(stmt);
  sqlite3_reset(y->prepared[TAGS]);
  sqlite3_bind_int64(stmt, 1, after);
  lua_createtable(L, 100, 0);
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    lite_push_columns(L, y, stmt, &post_model, post_keys, 2, 0);
    lite_push_columns(L, y, stmt, &user_model, user_keys, 0, post_model.count);
    lua_setfield(L, -2, "author");
    lite_push_tags(L, y, tag_keys, sqlite3_column_int64(stmt, 0));
    lua_setfield(L, -2, "tags");
    lua_rawseti(L, -2, ++i);
  }
  return sqlite3_reset(stmt) == SQLITE_OK ? 1 : fail(L, y);
}

static void lite_string(lua_State *L, struct text *t, sqlite3_stmt *stmt, int c) {
  const char *text = (const char *)sqlite3_column_text(stmt, c);
  text_string(L, t, text, (size_t)sqlite3_column_bytes(stmt, c));
}

static void lite_moment(lua_State *L, struct yardstick *y, sqlite3_stmt *stmt, int c) {
  const char *text = (const char *)sqlite3_column_text(stmt, c);
  if (sqlite3_column_bytes(stmt, c) != 29 || memcmp(text + 23, "+00:00", 6) != 0) fail(L, y);
  TEXT_PUT(L, &y->json, ",\"createdAt\":\"");
  text_put(L, &y->json, text, ISO_SIZE - 1);
  TEXT_PUT(L, &y->json, "Z\"");
}

static void lite_number(lua_State *L, struct text *t, sqlite3_stmt *stmt, int c, const char *key, size_t len) {
  text_put(L, t, key, len);
  text_integer(L, t, sqlite3_column_int64(stmt, c));
}
#define LITE_NUMBER(L, t, stmt, c, key) lite_number(L, t, stmt, c, key, sizeof key - 1)

static void lite_write_author(lua_State *L, struct yardstick *y, sqlite3_stmt *stmt) {
  struct text *t = &y->json;
  LITE_NUMBER(L, t, stmt, 7, ",\"author\":{\"id\":");
  TEXT_PUT(L, t, ",\"email\":");
  lite_string(L, t, stmt, 8);
  if (sqlite3_column_type(stmt, 9) != SQLITE_NULL) {
    TEXT_PUT(L, t, ",\"name\":");
    lite_string(L, t, stmt, 9);
  }
  lite_moment(L, y, stmt, 10);
  LITE_NUMBER(L, t, stmt, 11, ",\"postCount\":");
}

static void lite_write_tags(lua_State *L, struct yardstick *y, int64_t post) {
  sqlite3_stmt *stmt = y->prepared[TAGS];
  struct text *t = &y->json;
  sqlite3_bind_int64(stmt, 1, post);
  TEXT_PUT(L, t, ",\"tags\":[");
  for (int i = 0; sqlite3_step(stmt) == SQLITE_ROW; i++) {
    if (i) TEXT_PUT(L, t, ",");
    LITE_NUMBER(L, t, stmt, 0, "{\"id\":");
    TEXT_PUT(L, t, ",\"name\":");
    lite_string(L, t, stmt, 1);
    TEXT_PUT(L, t, "}");
  }
  if (sqlite3_reset(stmt) != SQLITE_OK) fail(L, y);
  TEXT_PUT(L, t, "]}");
}

static void lite_write_post(lua_State *L, struct yardstick *y, sqlite3_stmt *stmt) {
  struct text *t = &y->json;
  LITE_NUMBER(L, t, stmt, 0, "{\"id\":");
  TEXT_PUT(L, t, ",\"title\":");
  lite_string(L, t, stmt, 1);
  if (sqlite3_column_type(stmt, 2) != SQLITE_NULL) {
    TEXT_PUT(L, t, ",\"content\":");
    lite_string(L, t, stmt, 2);
  }
  if (sqlite3_column_int(stmt, 3))
    TEXT_PUT(L, t, ",\"published\":true");
  else
    TEXT_PUT(L, t, ",\"published\":false");
  LITE_NUMBER(L, t, stmt, 4, ",\"views\":");
  lite_moment(L, y, stmt, 5);
  lite_write_author(L, y, stmt);
  LITE_NUMBER(L, t, stmt, 6, "},\"authorId\":");
  lite_write_tags(L, y, sqlite3_column_int64(stmt, 0));
}

static int lite_feed_json(lua_State *L, struct yardstick *y, lua_Integer after) {
  sqlite3_stmt *stmt = y->prepared[FEED];
  sqlite3_reset(stmt);
  sqlite3_reset(y->prepared[TAGS]);
  sqlite3_bind_int64(stmt, 1, after);
  TEXT_PUT(L, &y->json, "[");
  for (int i = 0; sqlite3_step(stmt) == SQLITE_ROW; i++) {
    if (i) TEXT_PUT(L, &y->json, ",");
    lite_write_post(L, y, stmt);
  }
  if (sqlite3_reset(stmt) != SQLITE_OK) return fail(L, y);
  TEXT_PUT(L, &y->json, "]");
  lua_pushlstring(L, y->json.p, y->json.len);
  return 1;
}

static void lite_time(char *out) { /* 29 letters */
  write_iso(now_us(), out);
  memcpy(out + ISO_SIZE - 1, "+00:00", 6);
}

static int lite_create(lua_State *L, struct yardstick *y, const char *email, size_t email_len, const char *name,
                       size_t name_len) {
  sqlite3_stmt *stmt = y->prepared[CREATE];
  char time[29];
  lite_time(time);
  sqlite3_reset(stmt);
  sqlite3_bind_text(stmt, 1, email, (int)email_len, SQLITE_STATIC);
  sqlite3_bind_text(stmt, 2, name, (int)name_len, SQLITE_STATIC);
  sqlite3_bind_text(stmt, 3, time, sizeof time, SQLITE_STATIC);
  if (sqlite3_step(stmt) != SQLITE_ROW) fail(L, y);
  lite_push_row(L, y, stmt, &user_model, push_keys(L, &user_model), 0);
  if (sqlite3_step(stmt) != SQLITE_DONE || sqlite3_reset(stmt) != SQLITE_OK) fail(L, y);
  return 1;
}

static void lite_exec(lua_State *L, struct yardstick *y, const char *sql) {
  if (sqlite3_exec(y->sqlite, sql, NULL, NULL, NULL) != SQLITE_OK) fail(L, y);
}

static void lite_create_many(lua_State *L, struct yardstick *y, int rows, lua_Integer count) {
  int keys = push_input_keys(L);
  char time[29];
  lite_time(time);
  luaL_argcheck(L, count % BULK_ROWS == 0, 2, "a multiple of 50 rows");
  lite_exec(L, y, "BEGIN IMMEDIATE");
  for (lua_Integer i = 1; i <= count;) {
    sqlite3_reset(y->bulk);
    for (int place = 1; place < BULK_ROWS * BULK_COLUMNS; place += BULK_COLUMNS, i++) {
      struct input in;
      read_input(L, rows, i, keys, &in);
      sqlite3_bind_text(y->bulk, place, in.title, (int)in.title_len, SQLITE_STATIC);
      sqlite3_bind_text(y->bulk, place + 1, in.content, (int)in.content_len, SQLITE_STATIC);
      sqlite3_bind_int(y->bulk, place + 2, in.published);
      sqlite3_bind_int64(y->bulk, place + 3, in.views);
      sqlite3_bind_text(y->bulk, place + 4, time, sizeof time, SQLITE_STATIC);
      sqlite3_bind_int64(y->bulk, place + 5, in.author);
    }
    if (sqlite3_step(y->bulk) != SQLITE_DONE) fail(L, y);
  }
  sqlite3_reset(y->bulk);
  lite_exec(L, y, "COMMIT");
}

static void lite_prepare(lua_State *L, struct yardstick *y) {
  luaL_Buffer sql;
  for (int s = 0; s < STATEMENT_COUNT; s++) {
    if (sqlite3_prepare_v3(y->sqlite, sqlite_sql[s], -1, SQLITE_PREPARE_PERSISTENT, &y->prepared[s], NULL) != SQLITE_OK)
      fail(L, y);
  }
  luaL_buffinit(L, &sql);
  luaL_addstring(
      &sql,
      "INSERT INTO \"Post\" (\"title\", \"content\", \"published\", \"views\", \"createdAt\", \"authorId\") VALUES ");
  for (int i = 0; i < BULK_ROWS; i++) luaL_addstring(&sql, i == 0 ? "(?, ?, ?, ?, ?, ?)" : ", (?, ?, ?, ?, ?, ?)");
  luaL_pushresult(&sql);
  if (sqlite3_prepare_v3(y->sqlite, lua_tostring(L, -1), -1, SQLITE_PREPARE_PERSISTENT, &y->bulk, NULL) != SQLITE_OK)
    fail(L, y);
  lua_pop(L, 1);
}

const struct engine sqlite_engine = {lite_prepare, lite_find,        lite_posts, lite_users,
                                     lite_create,  lite_create_many, lite_feed,  lite_feed_json};
