/* Functions that SQL of rille's own calls on SQLite: its arithmetic has no overflow, it goes on as a float, and a
 * division by zero is NULL. Either would be stored, and no later read of the column would succeed. */
#include "driver/sqlite/conn.h"

#ifdef RILLE_WITH_SQLITE

#include <math.h>

static void give(sqlite3_context *context, sqlite3_value **args) {
  sqlite3_result_value(context, args[1]);
}

/* NULL of a value that is none: by zero, or of infinities. */
static bool is_undefined(sqlite3_value **args) {
  return sqlite3_value_type(args[1]) == SQLITE_NULL && sqlite3_value_type(args[0]) != SQLITE_NULL;
}

static void refuse(sqlite3_context *context, const char *text) {
  sqlite3_result_error(context, text, -1);
}

/* rille_whole(before, after, bits): after, which must be an integer of so many bits. */
static void stays_whole(sqlite3_context *context, int count, sqlite3_value **args) {
  (void)count;
  bool narrow = sqlite3_value_int(args[2]) == 32;
  if (is_undefined(args)) {
    refuse(context, RL_SQLITE_NO_NUMBER);
    return;
  }
  int type = sqlite3_value_type(args[1]);
  sqlite3_int64 i = sqlite3_value_int64(args[1]);
  if (type == SQLITE_NULL || (type == SQLITE_INTEGER && (!narrow || (i >= INT32_MIN && i <= INT32_MAX))))
    give(context, args);
  else
    refuse(context, narrow ? RL_SQLITE_OUT_OF_RANGE " for Int" : RL_SQLITE_OUT_OF_RANGE " for BigInt");
}

/* rille_finite(before, after): after, which must not have become infinite. */
static void stays_finite(sqlite3_context *context, int count, sqlite3_value **args) {
  (void)count;
  bool grew = sqlite3_value_type(args[1]) == SQLITE_FLOAT && !isfinite(sqlite3_value_double(args[1])) &&
              isfinite(sqlite3_value_double(args[0]));
  if (is_undefined(args))
    refuse(context, RL_SQLITE_NO_NUMBER);
  else if (grew)
    refuse(context, RL_SQLITE_OUT_OF_RANGE);
  else
    give(context, args);
}

int rl_sqlite_add_functions(sqlite3 *db) {
  int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  int rc = sqlite3_create_function_v2(db, "rille_whole", 3, flags, NULL, stays_whole, NULL, NULL, NULL);
  if (rc != SQLITE_OK) return rc;
  return sqlite3_create_function_v2(db, "rille_finite", 2, flags, NULL, stays_finite, NULL, NULL, NULL);
}

#endif
