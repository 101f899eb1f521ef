/* Shared by the files of the yardstick: the schema, the handle, and functions that read and build Lua values. */
#ifndef RILLE_BENCH_YARDSTICK_H
#define RILLE_BENCH_YARDSTICK_H

#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include <lauxlib.h>
#include <lua.h>

#define ISO_SIZE 24 /* 2026-11-22T12:00:00.000Z */

enum kind { INTEGER, BOOLEAN, TEXT, TIME };

struct model {
  int count;
  const char *names[7];
  enum kind kinds[7];
};

extern const struct model user_model, post_model, tag_model;

#define USER_COLUMNS "\"id\", \"email\", \"name\", \"createdAt\", \"postCount\""
#define POST_COLUMNS "\"id\", \"title\", \"content\", \"published\", \"views\", \"createdAt\", \"authorId\""

/* The first 100 posts of PAGE, each with the columns of its author behind its own. */
#define FEED_SQL(parameter)                                                                                            \
  "SELECT p.\"id\", p.\"title\", p.\"content\", p.\"published\", p.\"views\", p.\"createdAt\", p.\"authorId\", "       \
  "u.\"id\", u.\"email\", u.\"name\", u.\"createdAt\", u.\"postCount\" FROM \"Post\" p JOIN \"User\" u ON "            \
  "u.\"id\" = p.\"authorId\" WHERE p.\"id\" > " parameter " ORDER BY p.\"id\" LIMIT 100"

/* FIND, RECENT, PAGE and FEED take a number; USERS two; POSTS and TAGS are asked for the parents' ids. */
enum statement { FIND, RECENT, PAGE, USERS, POSTS, TAGS, CREATE, FEED, STATEMENT_COUNT };

struct engine;

/* JSON on its way out: yardstick_json.c. */
struct text {
  char *p;
  size_t len, capacity;
};
void text_room(lua_State *L, struct text *t, size_t more);
void text_put(lua_State *L, struct text *t, const char *p, size_t len);
#define TEXT_PUT(L, t, literal) text_put(L, t, literal, sizeof literal - 1)
void text_integer(lua_State *L, struct text *t, int64_t i);
void text_string(lua_State *L, struct text *t, const char *p, size_t len); /* quoted and escaped */

struct yardstick {
  const struct engine *engine; /* NULL: closed */
  sqlite3 *sqlite;
  sqlite3_stmt *prepared[STATEMENT_COUNT];
  sqlite3_stmt *bulk;
  PGconn *pg;
  PGresult *held[3]; /* of the running call; if a Lua error left them, the next call frees them */
  char *buffer;      /* array parameters and COPY data */
  size_t capacity;
  struct text json;
};

/* A row of the bulk insert. The caller's table owns the texts until the call has ended. */
struct input {
  const char *title, *content;
  size_t title_len, content_len;
  lua_Integer views, author;
  bool published;
};

int fail(lua_State *L, const struct yardstick *y); /* raises the database's message */
void write_iso(int64_t us, char *out);             /* ISO_SIZE letters */
int64_t now_us(void);
int push_keys(lua_State *L, const struct model *model); /* returns the stack index of the first */
int push_input_keys(lua_State *L);
void read_input(lua_State *L, int rows, lua_Integer index, int keys, struct input *in);

/* Each leaves its result on the stack; users: W4 and, with tags, W5; feed: W11, as tables and as JSON. */
struct engine {
  void (*prepare)(lua_State *L, struct yardstick *y);
  int (*find)(lua_State *L, struct yardstick *y, lua_Integer id);
  int (*posts)(lua_State *L, struct yardstick *y, enum statement s, lua_Integer a, int expected);
  int (*users)(lua_State *L, struct yardstick *y, lua_Integer start, lua_Integer limit, bool with_tags);
  int (*create)(lua_State *L, struct yardstick *y, const char *email, size_t email_len, const char *name,
                size_t name_len);
  void (*create_many)(lua_State *L, struct yardstick *y, int rows, lua_Integer count);
  int (*feed)(lua_State *L, struct yardstick *y, lua_Integer after);
  int (*feed_json)(lua_State *L, struct yardstick *y, lua_Integer after);
};

extern const struct engine postgres_engine, sqlite_engine;

/* yardstick_memory.c */
int l_remember(lua_State *L);
int l_recall(lua_State *L);
int l_recall_one(lua_State *L);

#endif
