/* Functions that rille's own SQL calls on SQLite. SQLite's arithmetic does not overflow but continues as a float, and a
 * division by zero is NULL. Either would be stored, and no later read of the column would succeed. */
#include "driver/sqlite/conn.h"

#include <math.h>
#include <string.h>

static void return_after(sqlite3_context *context, sqlite3_value **args) {
  sqlite3_result_value(context, args[1]);
}

/* Returns whether the result is NULL and the value was not: a division by zero, or infinities. */
static bool is_undefined(sqlite3_value **args) {
  return sqlite3_value_type(args[1]) == SQLITE_NULL && sqlite3_value_type(args[0]) != SQLITE_NULL;
}

static void fail_function(sqlite3_context *context, const char *text) {
  sqlite3_result_error(context, text, -1);
}

/* rille_whole(before, after, bits): returns after, which must be an integer of that many bits. */
static void function_whole(sqlite3_context *context, int count, sqlite3_value **args) {
  (void)count;
  bool narrow = sqlite3_value_int(args[2]) == 32;
  if (is_undefined(args)) {
    fail_function(context, RL_SQLITE_NO_NUMBER);
    return;
  }
  int type = sqlite3_value_type(args[1]);
  sqlite3_int64 i = sqlite3_value_int64(args[1]);
  if (type == SQLITE_NULL || (type == SQLITE_INTEGER && (!narrow || (i >= INT32_MIN && i <= INT32_MAX))))
    return_after(context, args);
  else
    fail_function(context, narrow ? RL_SQLITE_OUT_OF_RANGE " for Int" : RL_SQLITE_OUT_OF_RANGE " for BigInt");
}

/* rille_finite(before, after): returns after, which must not have become infinite. */
static void function_finite(sqlite3_context *context, int count, sqlite3_value **args) {
  (void)count;
  bool grew = sqlite3_value_type(args[1]) == SQLITE_FLOAT && !isfinite(sqlite3_value_double(args[1])) &&
              isfinite(sqlite3_value_double(args[0]));
  if (is_undefined(args))
    fail_function(context, RL_SQLITE_NO_NUMBER);
  else if (grew)
    fail_function(context, RL_SQLITE_OUT_OF_RANGE);
  else
    return_after(context, args);
}

/* Fails for a row in CURRENT_TIMESTAMP's form in a column that is ordered as it is stored. */
static void refuse_brief(sqlite3_context *context, sqlite3_value *name, sqlite3_value *stored) {
  char *text = sqlite3_mprintf(
      RL_SQLITE_MIXED
      "`%s`: rows of this column have the form of CURRENT_TIMESTAMP (%.40s). The column has an index, and ordering by "
      "it would put them in the wrong place; UPDATE them to the form that rille writes, or drop the `@@index`",
      sqlite3_value_text(name), sqlite3_value_text(stored));
  if (!text) {
    sqlite3_result_error_nomem(context);
    return;
  }
  fail_function(context, text);
  sqlite3_free(text);
}

/* rille_brief(name, datetime): fails for a value in the brief form. */
static void function_brief(sqlite3_context *context, int count, sqlite3_value **args) {
  (void)count;
  refuse_brief(context, args[0], args[1]);
}

enum { DAY_LENGTH = 10, DAY_MAX = 24 }; /* of a text; of either form, with a zero byte */

/* rille_new_day(name, number, datetime): returns whether it is of another day than the one before it in this statement.
 */
static void function_new_day(sqlite3_context *context, int count, sqlite3_value **args) {
  (void)count;
  sqlite3_value *datetime = args[2];
  int type = sqlite3_value_type(datetime);
  const char *text = type == SQLITE_TEXT ? (const char *)sqlite3_value_text(datetime) : NULL;
  if (type == SQLITE_NULL) {
    sqlite3_result_int(context, 0);
    return;
  }
  int length = text ? sqlite3_value_bytes(datetime) : 0;
  if (length == 19) {
    refuse_brief(context, args[0], datetime);
    return;
  }
  char *last = sqlite3_get_auxdata(context, 1), day[DAY_MAX] = {0};
  if (text)
    memcpy(day, text, length < DAY_LENGTH ? (size_t)length : DAY_LENGTH);
  else
    sqlite3_snprintf(sizeof day, day, "%lld", (long long)(sqlite3_value_int64(datetime) / 86400000));
  bool same = last && memcmp(last, day, sizeof day) == 0;
  sqlite3_result_int(context, !same);
  if (same) return;
  if (!last) {
    last = sqlite3_malloc(sizeof day);
    if (!last) return; /* then each row is a new day */
    memcpy(last, day, sizeof day);
    sqlite3_set_auxdata(context, 1, last, sqlite3_free);
    return;
  }
  memcpy(last, day, sizeof day);
}

int rl_sqlite_add_functions(sqlite3 *db) {
  int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  int rc = sqlite3_create_function_v2(db, "rille_whole", 3, flags, NULL, function_whole, NULL, NULL, NULL);
  if (rc == SQLITE_OK)
    rc = sqlite3_create_function_v2(db, "rille_brief", 2, flags, NULL, function_brief, NULL, NULL, NULL);
  flags = SQLITE_UTF8 | SQLITE_INNOCUOUS; /* keeps the last day */
  if (rc == SQLITE_OK)
    rc = sqlite3_create_function_v2(db, "rille_new_day", 3, flags, NULL, function_new_day, NULL, NULL, NULL);
  if (rc != SQLITE_OK) return rc;
  flags |= SQLITE_DETERMINISTIC;
  return sqlite3_create_function_v2(db, "rille_finite", 2, flags, NULL, function_finite, NULL, NULL, NULL);
}
