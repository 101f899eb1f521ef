/* Messages for the person at a form, without a path: what a value of a field must be. */
#ifndef RL_INPUT_WORDING_H
#define RL_INPUT_WORDING_H

#include "base/buf.h"
#include "schema/schema.h"

#define RL_WORDING_MISSING "is required"

/* Writes what a value of the field's type is, such as "must be a whole number" or "must be one of admin, reader". For a
 * list, `element` says whether one element is meant. */
void rl_wording_of_type(const rl_field *field, bool element, rl_buf *out);
/* The same, with the limits of the type if it has some: "must be a whole number from -32768 to 32767". */
void rl_wording_of_limits(const rl_field *field, bool element, rl_buf *out);

#endif
