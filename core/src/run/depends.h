/* What calls depend on and touch, as names of the cache. Known from the plan (plan/touch.h) and the values of a call.
 */
#ifndef RL_RUN_DEPENDS_H
#define RL_RUN_DEPENDS_H

#include "cache/names.h"
#include "run/call.h"

/* Adds what the answer of a call depends on, as far as it is known before the first statement: of every table that it
 * reads, RL_TABLE_ANY; RL_NAME_ANY_WRITE for views and for raw reads that name no model. A call that cannot be cached
 * adds `everything`. */
void rl_depends_before(const rl_call *call, rl_names *out);
/* Adds what the answer depends on once it is known. A find_unique whose `where` is one unique key, and nothing else,
 * depends on its row by the primary key, or on RL_TABLE_NONE, and on RL_TABLE_ROWS, instead of the whole table. root:
 * its row; NULL: there is none, or it is another call. */
void rl_depends_after(const rl_call *call, const rille_row *root, rl_names *out);

/* Adds what a call touches if it is done: tables and rows that it writes, join tables, those that the database changes
 * with them (ON DELETE, ON UPDATE), those of `@touches`. Nothing if it only reads. A raw statement that is no read
 * touches what it names, otherwise everything. */
void rl_touches_of_call(const rl_call *call, rl_names *out);

#endif
