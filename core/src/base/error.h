/* What went wrong. An error is filled where the fault is understood and passed up untouched; a layer above may only add
 * a detail that is still missing (a model, a path). */
#ifndef RL_BASE_ERROR_H
#define RL_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <rille/types.h>

#include "base/str.h"

/* One row a code in base/error_codes.def: RL_CODE(P2002, CONSTRAINT, "Unique constraint failed"). */
typedef enum rl_code {
  RL_CODE_NONE = 0,
#define RL_CODE(code, kind, title) RL_##code,
#include "base/error_codes.def"
#undef RL_CODE
  RL_CODE_COUNT
} rl_code;

typedef struct rl_detail {
  char *key;
  char **values; /* one, or several when the detail is a list (target = {a, b}) */
  size_t count;
  bool is_list;
} rl_detail;

/* Zero-initialised: no error. The owner calls rl_error_clear. */
typedef struct rl_error {
  rl_code code;
  bool nomem;           /* memory was short: code is RL_INTERNAL, message a static text */
  char *message;        /* one line, owned; use rl_error_message */
  char sqlstate[6];     /* "" when the database gave none */
  int32_t native;       /* the driver's own code, 0 when there is none */
  bool connection_lost; /* the connection cannot be used again */
  bool stale;           /* a prepared statement is void; it will be prepared anew */
  bool not_sent;        /* nothing of the work reached the server: safe to repeat on another connection */
  bool busy;            /* a lock was not to be had in time, nothing else went wrong: the transaction may be repeated */
  bool passing;         /* connecting failed in a way that may pass by itself, as that of a server which starts */
  struct {
    uint32_t number; /* of the statement in a script, from 1 on; 0: not known */
    uint32_t at;     /* or where in the script, in characters from 1 on; 0: not known */
  } failed;
  rl_detail *details;
  size_t detail_count;
} rl_error;

/* Fills an empty error (a filled one is left as it is: the first fault is the cause) and returns RILLE_ERROR, so that
 * callers write `return rl_fail(...)`. err may be NULL. */
rille_status rl_fail(rl_error *err, rl_code code, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;
rille_status rl_vfail(rl_error *err, rl_code code, const char *format, va_list args);
rille_status rl_fail_nomem(rl_error *err); /* returns RILLE_NOMEM; allocates nothing */

void rl_error_detail(rl_error *err, const char *key, rl_str value); /* kept when the key is already there */
void rl_error_detail_list(rl_error *err, const char *key, const rl_str *values, size_t count);
rl_str rl_error_get(const rl_error *err, const char *key); /* first value, empty when absent */
const char *rl_error_message(const rl_error *err);         /* never NULL */
void rl_error_replace_message(rl_error *err,
                              char *message);     /* takes a text of rl_alloc; the same fault in better words */
void rl_error_move(rl_error *to, rl_error *from); /* to is cleared first, from is empty after */
void rl_error_clear(rl_error *err);

const char *rl_code_name(rl_code code); /* "P2002", static */
rille_kind rl_code_kind(rl_code code);
const char *rl_code_title(rl_code code); /* static */

#endif
