/* The yardstick on PostgreSQL: binary parameters and results, one statement per level of an include, COPY for the bulk
 * insert. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "yardstick.h"

#define PG_EPOCH_US 946684800000000 /* 2000-01-01, from where PostgreSQL counts */
#define INT4_OID 23
#define TEXT_OID 25
#define TIMESTAMP_OID 1114
#define COPY_COLUMNS 6
#define COPY_CHUNK 60000

static const char *const pg_sql[STATEMENT_COUNT] = {
    "SELECT " USER_COLUMNS " FROM \"User\" WHERE \"id\" = $1",
    "SELECT " POST_COLUMNS
    " FROM \"Post\" WHERE \"published\" = true AND \"views\" >= $1 ORDER BY \"createdAt\" DESC LIMIT 100",
    "SELECT " POST_COLUMNS " FROM \"Post\" WHERE \"id\" > $1 ORDER BY \"id\" LIMIT 10000",
    "SELECT " USER_COLUMNS " FROM \"User\" WHERE \"id\" >= $1 ORDER BY \"id\" LIMIT $2::int4",
    "SELECT " POST_COLUMNS " FROM \"Post\" WHERE \"authorId\" = ANY ($1::int4[])",
    "SELECT t.\"id\", t.\"name\", l.\"A\" FROM \"_PostToTag\" l JOIN \"Tag\" t ON t.\"id\" = l.\"B\" WHERE l.\"A\" = "
    "ANY ($1::int4[])",
    ("INSERT INTO \"User\" (\"email\", \"name\", \"createdAt\") VALUES ($1, $2, $3) RETURNING " USER_COLUMNS),
    FEED_SQL("$1"),
};

static const char *const pg_names[STATEMENT_COUNT] = {"y0", "y1", "y2", "y3", "y4", "y5", "y6", "y7"};

static char *reserve(lua_State *L, struct yardstick *y, size_t size) {
  if (size > y->capacity) {
    size_t capacity = size * 2;
    char *grown = realloc(y->buffer, capacity);
    if (!grown) luaL_error(L, "yardstick: out of memory");
    y->buffer = grown;
    y->capacity = capacity;
  }
  return y->buffer;
}

static int32_t read_int4(const char *p) {
  uint32_t v;
  memcpy(&v, p, sizeof v);
  return (int32_t)be32toh(v);
}

static int64_t read_int8(const char *p) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
  return (int64_t)be64toh(v);
}

static char *put_int2(char *p, int v) {
  uint16_t be = htobe16((uint16_t)v);
  memcpy(p, &be, sizeof be);
  return p + sizeof be;
}

static char *put_int4(char *p, int64_t v) {
  uint32_t be = htobe32((uint32_t)v);
  memcpy(p, &be, sizeof be);
  return p + sizeof be;
}

static char *put_int8(char *p, int64_t v) {
  uint64_t be = htobe64((uint64_t)v);
  memcpy(p, &be, sizeof be);
  return p + sizeof be;
}

/* --- PostgreSQL ----------------------------------------------------------------------------------------------------
 */

static PGresult *pg_run(lua_State *L, struct yardstick *y, enum statement s, int count, const char *const *values,
                        const int *lengths) {
  static const int binary[3] = {1, 1, 1};
  PGresult *result = PQexecPrepared(y->pg, pg_names[s], count, values, lengths, binary, 1);
  if (PQresultStatus(result) != PGRES_TUPLES_OK) {
    PQclear(result);
    fail(L, y);
  }
  return result;
}

static PGresult *pg_run_ints(lua_State *L, struct yardstick *y, enum statement s, lua_Integer a, lua_Integer b,
                             int count) {
  char bytes[8];
  const char *const values[2] = {bytes, bytes + 4};
  const int lengths[2] = {4, 4};
  put_int4(put_int4(bytes, a), b);
  return pg_run(L, y, s, count, values, lengths);
}

/* first: the column that the model's begin with. */
static void pg_push_columns(lua_State *L, const PGresult *result, int row, const struct model *model, int keys,
                            int more, int first) {
  lua_createtable(L, 0, model->count + more);
  for (int m = 0; m < model->count; m++) {
    int c = first + m;
    const char *p = PQgetvalue(result, row, c);
    char iso[ISO_SIZE];
    if (*p == '\0' && PQgetisnull(result, row, c)) continue; /* libpq returns an empty value for NULL */
    lua_pushvalue(L, keys + m);
    switch (model->kinds[m]) {
    case INTEGER: lua_pushinteger(L, read_int4(p)); break;
    case BOOLEAN: lua_pushboolean(L, *p); break;
    case TEXT: lua_pushlstring(L, p, (size_t)PQgetlength(result, row, c)); break;
    case TIME:
      write_iso(read_int8(p) + PG_EPOCH_US, iso);
      lua_pushlstring(L, iso, ISO_SIZE);
      break;
    }
    lua_rawset(L, -3);
  }
}

static void pg_push_row(lua_State *L, const PGresult *result, int row, const struct model *model, int keys, int more) {
  pg_push_columns(L, result, row, model, keys, more, 0);
}

static int pg_posts(lua_State *L, struct yardstick *y, enum statement s, lua_Integer a, int expected) {
  PGresult *result = y->held[0] = pg_run_ints(L, y, s, a, 0, 1);
  int keys = push_keys(L, &post_model), count = PQntuples(result);
  (void)expected; /* libpq knows */
  lua_createtable(L, count, 0);
  for (int i = 0; i < count; i++) {
    pg_push_row(L, result, i, &post_model, keys, 0);
    lua_rawseti(L, -2, i + 1);
  }
  PQclear(result);
  y->held[0] = NULL;
  return 1;
}

static int pg_find(lua_State *L, struct yardstick *y, lua_Integer id) {
  y->held[0] = pg_run_ints(L, y, FIND, id, 0, 1);
  if (PQntuples(y->held[0]) == 0) return 0;
  pg_push_row(L, y->held[0], 0, &user_model, push_keys(L, &user_model), 0);
  PQclear(y->held[0]);
  y->held[0] = NULL;
  return 1;
}

/* An int4[] of the ids in the first column. */
static PGresult *pg_children(lua_State *L, struct yardstick *y, enum statement s, const PGresult *parents) {
  int count = PQntuples(parents);
  size_t size = 20 + (size_t)count * 8;
  char *start = reserve(L, y, size), *p = start;
  const char *values[1] = {start};
  int lengths[1] = {(int)size};
  p = put_int4(put_int4(put_int4(put_int4(put_int4(p, 1), 0), INT4_OID), count), 1);
  for (int i = 0; i < count; i++) p = put_int4(put_int4(p, 4), read_int4(PQgetvalue(parents, i, 0)));
  return pg_run(L, y, s, 1, values, lengths);
}

/* Where the row of an id is. Ids are close together here, so an array is indexed by id. */
struct places {
  int32_t first;
  uint32_t span;
  int32_t *row;   /* by id - first */
  int32_t *count; /* children of a row */
};

static struct places places_of(lua_State *L, const PGresult *parents) {
  struct places places = {0, 0, NULL, NULL};
  int count = PQntuples(parents);
  int32_t last = 0;
  for (int i = 0; i < count; i++) {
    int32_t id = read_int4(PQgetvalue(parents, i, 0));
    if (i == 0 || id < places.first) places.first = id;
    if (i == 0 || id > last) last = id;
  }
  places.span = (uint32_t)(last - places.first) + 1;
  places.row = lua_newuserdatauv(L, sizeof(int32_t) * (places.span + (size_t)count), 0);
  places.count = places.row + places.span;
  memset(places.count, 0, sizeof(int32_t) * (size_t)count);
  for (int i = 0; i < count; i++) places.row[read_int4(PQgetvalue(parents, i, 0)) - places.first] = i;
  return places;
}

/* Gives each parent (array of rows at `parents`) its children's array under `key`, created with its size. Leaves an
 * array of all children's tables on the stack if they are parents themselves. */
static void pg_attach(lua_State *L, const struct places *places, int parent_count, int parents,
                      const PGresult *children, const struct model *model, int link_column, const char *key,
                      bool more) {
  int count = PQntuples(children), keys = push_keys(L, model), arrays, all = 0;
  for (int i = 0; i < count; i++)
    places->count[places->row[read_int4(PQgetvalue(children, i, link_column)) - places->first]]++;
  if (more) {
    lua_createtable(L, count, 0);
    all = lua_gettop(L);
  }
  lua_createtable(L, parent_count, 0);
  arrays = lua_gettop(L);
  for (int i = 0; i < parent_count; i++) {
    lua_rawgeti(L, parents, i + 1);
    lua_createtable(L, places->count[i], 0);
    lua_pushvalue(L, -1);
    lua_rawseti(L, arrays, i + 1);
    lua_setfield(L, -2, key);
    lua_pop(L, 1);
    places->count[i] = 0;
  }
  for (int i = 0; i < count; i++) {
    int32_t parent = places->row[read_int4(PQgetvalue(children, i, link_column)) - places->first];
    lua_rawgeti(L, arrays, parent + 1);
    pg_push_row(L, children, i, model, keys, more ? 1 : 0);
    if (more) {
      lua_pushvalue(L, -1);
      lua_rawseti(L, all, i + 1);
    }
    lua_rawseti(L, -2, ++places->count[parent]);
    lua_pop(L, 1);
  }
  if (more) lua_settop(L, all);
}

static int pg_users(lua_State *L, struct yardstick *y, lua_Integer start, lua_Integer limit, bool with_tags) {
  PGresult *users = y->held[0] = pg_run_ints(L, y, USERS, start, limit, 2);
  PGresult *posts = y->held[1] = pg_children(L, y, POSTS, users);
  PGresult *tags = y->held[2] = with_tags ? pg_children(L, y, TAGS, posts) : NULL;
  int count = PQntuples(users), keys = push_keys(L, &user_model), result;
  struct places places;
  lua_createtable(L, count, 0);
  result = lua_gettop(L);
  for (int i = 0; i < count; i++) {
    pg_push_row(L, users, i, &user_model, keys, 1);
    lua_rawseti(L, result, i + 1);
  }
  places = places_of(L, users);
  pg_attach(L, &places, count, result, posts, &post_model, 6, "posts", with_tags);
  if (with_tags) {
    int all = lua_gettop(L);
    places = places_of(L, posts);
    pg_attach(L, &places, PQntuples(posts), all, tags, &tag_model, 2, "tags", false);
  }
  for (size_t i = 0; i < 3; i++) {
    PQclear(y->held[i]);
    y->held[i] = NULL;
  }
  lua_pushvalue(L, result);
  return 1;
}

/* --- W11 */

static void pg_clear(struct yardstick *y) {
  for (size_t i = 0; i < 3; i++) {
    PQclear(y->held[i]);
    y->held[i] = NULL;
  }
}

static int pg_feed(lua_State *L, struct yardstick *y, lua_Integer after) {
  PGresult *posts = y->held[0] = pg_run_ints(L, y, FEED, after, 0, 1);
  PGresult *tags = y->held[1] = pg_children(L, y, TAGS, posts);
  int count = PQntuples(posts), post_keys = push_keys(L, &post_model), user_keys = push_keys(L, &user_model), result;
  struct places places;
  lua_createtable(L, count, 0);
  result = lua_gettop(L);
  for (int i = 0; i < count; i++) {
    pg_push_columns(L, posts, i, &post_model, post_keys, 2, 0);
    pg_push_columns(L, posts, i, &user_model, user_keys, 0, post_model.count);
    lua_setfield(L, -2, "author");
    lua_rawseti(L, result, i + 1);
  }
  places = places_of(L, posts);
  pg_attach(L, &places, count, result, tags, &tag_model, 2, "tags", false);
  pg_clear(y);
  lua_pushvalue(L, result);
  return 1;
}

static void pg_string(lua_State *L, struct text *t, const PGresult *r, int row, int c) {
  text_string(L, t, PQgetvalue(r, row, c), (size_t)PQgetlength(r, row, c));
}

static void pg_moment(lua_State *L, struct text *t, const PGresult *r, int row, int c) {
  TEXT_PUT(L, t, ",\"createdAt\":\"");
  text_room(L, t, ISO_SIZE);
  write_iso(read_int8(PQgetvalue(r, row, c)) + PG_EPOCH_US, t->p + t->len);
  t->len += ISO_SIZE;
  TEXT_PUT(L, t, "\"");
}

static void pg_number(lua_State *L, struct text *t, const PGresult *r, int row, int c, const char *key, size_t len) {
  text_put(L, t, key, len);
  text_integer(L, t, read_int4(PQgetvalue(r, row, c)));
}
#define PG_NUMBER(L, t, r, row, c, key) pg_number(L, t, r, row, c, key, sizeof key - 1)

static void pg_write_author(lua_State *L, struct text *t, const PGresult *r, int row) {
  PG_NUMBER(L, t, r, row, 7, ",\"author\":{\"id\":");
  TEXT_PUT(L, t, ",\"email\":");
  pg_string(L, t, r, row, 8);
  if (!PQgetisnull(r, row, 9)) {
    TEXT_PUT(L, t, ",\"name\":");
    pg_string(L, t, r, row, 9);
  }
  pg_moment(L, t, r, row, 10);
  PG_NUMBER(L, t, r, row, 11, ",\"postCount\":");
}

static void pg_write_post(lua_State *L, struct text *t, const PGresult *r, int row) {
  PG_NUMBER(L, t, r, row, 0, "{\"id\":");
  TEXT_PUT(L, t, ",\"title\":");
  pg_string(L, t, r, row, 1);
  if (!PQgetisnull(r, row, 2)) {
    TEXT_PUT(L, t, ",\"content\":");
    pg_string(L, t, r, row, 2);
  }
  if (*PQgetvalue(r, row, 3))
    TEXT_PUT(L, t, ",\"published\":true");
  else
    TEXT_PUT(L, t, ",\"published\":false");
  PG_NUMBER(L, t, r, row, 4, ",\"views\":");
  pg_moment(L, t, r, row, 5);
  pg_write_author(L, t, r, row);
  PG_NUMBER(L, t, r, row, 6, "},\"authorId\":");
}

/* The tags of each post as chains of rows: first[post], next[tag]. Tags come in any order. */
static void pg_chain_tags(lua_State *L, const PGresult *posts, const PGresult *tags, int *first, int *next) {
  struct places places = places_of(L, posts);
  int count = PQntuples(posts);
  for (int i = 0; i < count; i++) first[i] = -1;
  for (int i = PQntuples(tags) - 1; i >= 0; i--) {
    int32_t post = places.row[read_int4(PQgetvalue(tags, i, 2)) - places.first];
    next[i] = first[post];
    first[post] = i;
  }
}

static int pg_feed_json(lua_State *L, struct yardstick *y, lua_Integer after) {
  struct text *t = &y->json;
  PGresult *posts = y->held[0] = pg_run_ints(L, y, FEED, after, 0, 1);
  PGresult *tags = y->held[1] = pg_children(L, y, TAGS, posts);
  int count = PQntuples(posts), *first;
  first = lua_newuserdatauv(L, sizeof(int) * ((size_t)count + (size_t)PQntuples(tags) + 1), 0);
  pg_chain_tags(L, posts, tags, first, first + count);
  TEXT_PUT(L, t, "[");
  for (int i = 0; i < count; i++) {
    if (i) TEXT_PUT(L, t, ",");
    pg_write_post(L, t, posts, i);
    TEXT_PUT(L, t, ",\"tags\":[");
    for (int tag = first[i]; tag >= 0; tag = first[count + tag]) {
      if (tag != first[i]) TEXT_PUT(L, t, ",");
      PG_NUMBER(L, t, tags, tag, 0, "{\"id\":");
      TEXT_PUT(L, t, ",\"name\":");
      pg_string(L, t, tags, tag, 1);
      TEXT_PUT(L, t, "}");
    }
    TEXT_PUT(L, t, "]}");
  }
  TEXT_PUT(L, t, "]");
  pg_clear(y);
  lua_pushlstring(L, t->p, t->len);
  return 1;
}

static int pg_create(lua_State *L, struct yardstick *y, const char *email, size_t email_len, const char *name,
                     size_t name_len) {
  char time[8];
  const char *const values[3] = {email, name, time};
  const int lengths[3] = {(int)email_len, (int)name_len, 8};
  put_int8(time, now_us() - PG_EPOCH_US);
  y->held[0] = pg_run(L, y, CREATE, 3, values, lengths);
  pg_push_row(L, y->held[0], 0, &user_model, push_keys(L, &user_model), 0);
  PQclear(y->held[0]);
  y->held[0] = NULL;
  return 1;
}

static char *put_text(char *p, const char *text, size_t len) {
  if (!text) return put_int4(p, -1);
  p = put_int4(p, (int64_t)len);
  memcpy(p, text, len);
  return p + len;
}

static void pg_create_many(lua_State *L, struct yardstick *y, int rows, lua_Integer count) {
  static const char header[19] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";
  int keys = push_input_keys(L);
  int64_t time = now_us() - PG_EPOCH_US;
  PGresult *result = PQexec(y->pg, "COPY \"Post\" (\"title\", \"content\", \"published\", \"views\", \"createdAt\", "
                                   "\"authorId\") FROM STDIN (FORMAT binary)");
  bool ready = PQresultStatus(result) == PGRES_COPY_IN;
  size_t used = sizeof header;
  PQclear(result);
  if (!ready) fail(L, y);
  memcpy(reserve(L, y, 65536), header, sizeof header);
  for (lua_Integer i = 1; i <= count; i++) {
    struct input in;
    char *p;
    read_input(L, rows, i, keys, &in);
    p = reserve(L, y, used + in.title_len + in.content_len + 64) + used;
    p = put_text(put_text(put_int2(p, COPY_COLUMNS), in.title, in.title_len), in.content, in.content_len);
    p = put_int4(p, 1);
    *p++ = (char)in.published;
    p = put_int4(put_int4(p, 4), in.views);
    p = put_int8(put_int4(p, 8), time);
    p = put_int4(put_int4(p, 4), in.author);
    used = (size_t)(p - y->buffer);
    if (used > COPY_CHUNK && PQputCopyData(y->pg, y->buffer, (int)used) != 1) fail(L, y);
    if (used > COPY_CHUNK) used = 0;
  }
  used = (size_t)(put_int2(reserve(L, y, used + 2) + used, -1) - y->buffer);
  if (PQputCopyData(y->pg, y->buffer, (int)used) != 1 || PQputCopyEnd(y->pg, NULL) != 1) fail(L, y);
  result = PQgetResult(y->pg);
  ready = PQresultStatus(result) == PGRES_COMMAND_OK;
  PQclear(result);
  while ((result = PQgetResult(y->pg))) PQclear(result);
  if (!ready) fail(L, y);
}

static void pg_prepare(lua_State *L, struct yardstick *y) {
  static const Oid ids[2] = {INT4_OID, INT4_OID}, create[3] = {TEXT_OID, TEXT_OID, TIMESTAMP_OID};
  for (int s = 0; s < STATEMENT_COUNT; s++) {
    int known = s == CREATE ? 3 : s == USERS ? 2 : s == POSTS || s == TAGS ? 0 : 1;
    PGresult *result = PQprepare(y->pg, pg_names[s], pg_sql[s], known, s == CREATE ? create : ids);
    bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    if (!ok) fail(L, y);
  }
}

const struct engine postgres_engine = {pg_prepare, pg_find,        pg_posts, pg_users,
                                       pg_create,  pg_create_many, pg_feed,  pg_feed_json};
