/* Errors. An error is filled in where the problem is understood, and passed up unchanged. A caller may only add a
 * missing detail (a model, a path). */
#ifndef RL_BASE_ERROR_H
#define RL_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <rille/types.h>

#include "base/str.h"

/* One row per code in base/error_codes.def: RL_CODE(P2002, CONSTRAINT, "Unique constraint failed"). */
typedef enum rl_code {
  RL_CODE_NONE = 0,
#define RL_CODE(code, kind, title) RL_##code,
#include "base/error_codes.def"
#undef RL_CODE
  RL_CODE_COUNT
} rl_code;

typedef struct rl_detail {
  char *key;
  char **values; /* one, or several if the detail is a list (target = {a, b}) */
  size_t count;
  bool is_list;
} rl_detail;

/* Zero-initialised: no error. The owner calls rl_error_clear. */
typedef struct rl_error {
  rl_code code;
  bool nomem;           /* out of memory: code is RL_INTERNAL, the message is static */
  char *message;        /* one line, owned; use rl_error_message */
  char sqlstate[6];     /* "" if there is none */
  int32_t native;       /* the code of libpq or SQLite, 0: none */
  bool connection_lost; /* the connection cannot be used again */
  bool stale;           /* a prepared statement is no longer valid; it will be prepared again */
  bool not_sent;        /* the server has received nothing of this call: safe to repeat on another connection */
  bool wrong_type;      /* a value does not have the type of its field */
  bool absent;          /* a null for a field that is required */
  bool busy;    /* a lock was not available in time, and nothing else went wrong: the transaction may be repeated */
  bool passing; /* connecting failed in a way that may be temporary, for example because the server is starting */
  struct {
    uint32_t number; /* of the statement in a script, from 1; 0: unknown */
    uint32_t at;     /* or where in the script, in characters from 1; 0: unknown */
  } failed;
  rl_detail *details;
  size_t detail_count;
} rl_error;

/* Fills in an empty error and returns RILLE_ERROR, so callers write `return rl_fail(...)`. An error that is already
 * filled in is kept, because the first error is the cause. err may be NULL. */
rille_status rl_fail(rl_error *err, rl_code code, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;
rille_status rl_vfail(rl_error *err, rl_code code, const char *format, va_list args);
rille_status rl_fail_nomem(rl_error *err); /* returns RILLE_NOMEM; allocates nothing */

void rl_error_detail(rl_error *err, const char *key, rl_str value); /* an existing detail is kept */
void rl_error_detail_list(rl_error *err, const char *key, const rl_str *values, size_t count);
rl_str rl_error_get(const rl_error *err, const char *key); /* first value, empty when absent */
const char *rl_error_message(const rl_error *err);         /* never NULL */
void rl_error_replace_message(rl_error *err,
                              char *message);     /* takes ownership of message; for a better text of the same error */
void rl_error_move(rl_error *to, rl_error *from); /* `to` is cleared first, `from` is empty afterwards */
/* `to` is cleared first. Returns false when out of memory; it is empty then. */
bool rl_error_copy(rl_error *to, const rl_error *from);
void rl_error_clear(rl_error *err);

const char *rl_code_name(rl_code code); /* "P2002", static */
rille_kind rl_code_kind(rl_code code);
const char *rl_code_title(rl_code code); /* static */

#endif
