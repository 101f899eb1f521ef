/* What is wrong with data, all of it, without a word to the database. */
#ifndef RILLE_VALIDATE_H
#define RILLE_VALIDATE_H

#include <rille/client.h>
#include <rille/tape.h>

RILLE_BEGIN_DECLS

typedef struct rille_faults rille_faults;

/* Looks at the arguments of a call as rille_op_model would, but does not stop at the first fault in the data, or in the
 * data of rows nested in it. *out is NULL when there is none, else owned by the caller: rille_faults_free. Any thread;
 * the tape is only read. Errors: VALIDATION when there is no such model or action, or the tape is broken. */
RILLE_API rille_status rille_client_validate(const rille_client *c, int32_t model, rille_action action,
                                             rille_tape *args, rille_faults **out, rille_error **err);
RILLE_API size_t rille_faults_count(const rille_faults *f);
/* Borrowed from the faults, to be read with the functions of error.h; NULL when out of range. Details: "path" in the
 * arguments, "model", "field". */
RILLE_API const rille_error *rille_faults_get(const rille_faults *f, size_t index);
RILLE_API void rille_faults_free(rille_faults *f);

RILLE_END_DECLS
#endif
