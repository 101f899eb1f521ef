/* All errors in the data of a call, found without the database. */
#ifndef RILLE_VALIDATE_H
#define RILLE_VALIDATE_H

#include <rille/client.h>
#include <rille/tape.h>

RILLE_BEGIN_DECLS

typedef struct rille_faults rille_faults;

/* Checks the arguments of a call like rille_op_model, but does not stop at the first error in the data, or in the data
 * of nested rows: types, missing fields, rules (at most 1,000 errors). RILLE_UPDATE with only `data` in args checks
 * just the data, of which nothing is required. *out is NULL if there is no error; otherwise the caller owns it:
 * rille_faults_free. Any thread; the tape is only read. Errors: VALIDATION if there is no such model or action, or if
 * the tape is invalid. */
RILLE_API rille_status rille_client_validate(const rille_client *c, int32_t model, rille_action action,
                                             rille_tape *args, rille_faults **out, rille_error **err);
RILLE_API size_t rille_faults_count(const rille_faults *f);
/* Returns an error, borrowed from the list, for the functions of error.h; NULL if out of range. Details: "path" in the
 * arguments, "model", "field"; for INPUT "rule". */
RILLE_API const rille_error *rille_faults_get(const rille_faults *f, size_t index);
/* Returns the error in words for the person at a form, without the path: "must be a whole number". Borrowed from the
 * list; NULL if out of range. */
RILLE_API const char *rille_faults_message(const rille_faults *f, size_t index);
RILLE_API void rille_faults_free(rille_faults *f);

RILLE_END_DECLS
#endif
