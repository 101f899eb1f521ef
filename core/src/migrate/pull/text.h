/* Writers for parts of a pulled schema. Private to this wing. */
#ifndef RL_MIGRATE_PULL_TEXT_H
#define RL_MIGRATE_PULL_TEXT_H

#include "migrate/pull/pull.h"

void rl_pull_quote(rl_buf *out, rl_str s); /* "text" with escapes */
/* Writes @default(...), or nothing. */
void rl_pull_default(rl_puller *p, const rl_db_column *c, const rl_field *known, rl_str scalar, rl_str native);
/* Return the name in the schema of an enum's value: by position, or by its text in a column. */
rl_str rl_pull_value_name(rl_puller *p, const rl_db_enum *e, size_t i);
rl_str rl_pull_enum_value(rl_puller *p, const rl_db_column *c, rl_str value);
void rl_pull_keys(rl_puller *p, const rl_pulled *m); /* @@id, @@unique, @@index */
/* Writes @id or @unique for a key of one column that needs no @@id or @@unique. */
void rl_pull_field_keys(rl_puller *p, const rl_pulled *m, const rl_db_column *c);
bool rl_pull_has_index(const rl_puller *p, rl_str name); /* of any table */
void rl_pull_model_relations(rl_puller *p, size_t model);

#endif
