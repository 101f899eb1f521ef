/* Parts of the text of a pulled schema. Private to this wing. */
#ifndef RL_MIGRATE_PULL_TEXT_H
#define RL_MIGRATE_PULL_TEXT_H

#include "migrate/pull/pull.h"

void rl_pull_quote(rl_buf *out, rl_str s); /* "text" with escapes */
/* @default(...), or nothing. */
void rl_pull_default(rl_puller *p, const rl_db_column *c, const rl_field *known, rl_str scalar, rl_str native);
rl_str rl_pull_value_name(rl_puller *p, const rl_db_enum *e, size_t i);       /* of an enum's value */
rl_str rl_pull_enum_value(rl_puller *p, const rl_db_column *c, rl_str value); /* its name in the schema */
void rl_pull_keys(rl_puller *p, const rl_pulled *m);                          /* @@id, @@unique, @@index */
/* @id or @unique of one column, where that says all. */
void rl_pull_field_keys(rl_puller *p, const rl_pulled *m, const rl_db_column *c);
bool rl_pull_has_index(const rl_puller *p, rl_str name); /* any table's */
void rl_pull_model_relations(rl_puller *p, size_t model);

#endif
