/* Writing steps: rows created, changed and deleted, with what is nested in them. */
#ifndef RL_PLAN_WRITE_H
#define RL_PLAN_WRITE_H

#include "plan/builder.h"
#include "plan/raise.h"

/* The operations themselves. */
void rl_plan_create(rl_builder *b);
void rl_plan_update(rl_builder *b);
void rl_plan_upsert(rl_builder *b);
void rl_plan_delete(rl_builder *b);
void rl_plan_create_many(rl_builder *b); /* create_many, create_many_and_return, upsert_many */
void rl_plan_update_many(rl_builder *b); /* update_many, update_many_and_return */
void rl_plan_delete_many(rl_builder *b);

/* ------------------------------------------------------------------ assignments */

typedef struct rl_assigns {
  rl_assign *items;
  size_t count, cap;
  rl_agreement *agreements; /* of columns that several relations give */
  size_t agreement_count, agreement_cap;
} rl_assigns;
void rl_assigns_put(rl_builder *b, rl_assigns *list, rl_assign assign); /* replaces one of the same field */
void rl_assigns_all(rl_builder *b, rl_assigns *list, const rl_assign *items, size_t count);
/* The key of `relation` as the row at `other` has it; or null. */
void rl_assigns_key(rl_builder *b, rl_assigns *list, const rl_relation *relation, const rl_at *other);
void rl_assigns_no_key(rl_builder *b, rl_assigns *list, const rl_relation *relation);
/* Adds the key of a relation; a column that another relation has given must have the same value. path:
 * of what gives the key. */
void rl_assigns_join(rl_builder *b, rl_assigns *list, const rl_assigns *key, rl_str path);

/* ------------------------------------------------------------------ one row */

typedef struct rl_creation {
  const rl_write *write;
  const rl_assigns *extra;  /* the parent's key, or NULL */
  rl_str path;              /* with it: of the row */
  const rl_fields *wanted;  /* what later steps take from the row; NULL: nothing */
  bool in_rowset;           /* all of it has to be in a rowset, in this order: branches are merged */
  const rl_selection *show; /* shown as the root by the INSERT itself */
} rl_creation;
/* Whether what the row's own statement returns is still so when all that is nested is done. */
bool rl_returned_stays_true(const rl_write *write);
rl_at rl_create_row(rl_builder *b, const rl_creation *creation);
/* INSERT that leaves a row with the same key alone. Only for creates without nested writes. */
void rl_create_unless_there(rl_builder *b, const rl_write *write, const rl_assigns *extra, const rl_filter *unique);
/* The fields of a unique condition by plain equality. */
rl_fields rl_unique_fields(rl_builder *b, const rl_filter *unique);

typedef struct rl_change {
  const rl_write *write;
  rl_filter *where, *keys;
  const rl_raise *none;
  const rl_at *found; /* the row that meets the two, read already without a lock, with all of rl_change_wants */
  bool linked;        /* one of the conditions is about a join table, see rl_lock_linked */
  const rl_fields *wanted;
  const rl_selection *show; /* may be shown as the root by the UPDATE itself */
  bool shown;               /* and was */
} rl_change;
rl_at rl_change_row(rl_builder *b, rl_change *change);
/* Fields that the change needs of the row as it was. Returns whether it needs them before its own statement. */
bool rl_change_wants(rl_builder *b, const rl_write *write, rl_fields *wanted);

/* ------------------------------------------------------------------ rows that are read first and written later
 *
 * Another transaction may change them in between. Where nothing else happens in between, the writing statement repeats
 * the conditions; else the rows are locked. A DELETE repeats them wherever it can: who may delete need not have the
 * right to lock rows. */

typedef struct rl_target {
  const rl_model *model;
  rl_filter *where, *keys;
  const rl_raise *none;
  rl_input *limit;
  bool many; /* locked in the order of their keys, so that two writers cannot wait for each other */
} rl_target;
/* Reads the key and `wanted` of the rows that an UPDATE of these fields will be for, and locks them as that will. */
rl_at rl_read_to_write(rl_builder *b, const rl_target *target, const rl_assigns *written, const rl_fields *wanted);
/* The read of rows that a DELETE will be for locks them. many: as above. */
void rl_lock_to_delete(rl_builder *b, rl_step *read, bool many);
/* Locks the row that was found without a lock, and reads it again, unless it no longer meets the conditions. */
rl_at rl_lock_found(rl_builder *b, const rl_target *target, const rl_at *found, const rl_assigns *written);
/* Locks rows that a join table links, before a statement that asks for the same again. A statement that waits for a row
 * looks at the row again, but at the join table as it was when it began; the next one sees whether the link still is.
 */
void rl_lock_linked(rl_builder *b, const rl_target *target, const rl_assigns *written);
/* What `where` asks beyond the key by which a row was found; NULL: nothing. */
rl_filter *rl_where_beyond_key(const rl_model *model, rl_filter *where);

/* ------------------------------------------------------------------ rows in place, with the referential actions that
 * the database does not do itself */

rl_step *rl_update_rows(rl_builder *b, const rl_model *model, const rl_assigns *assigns, rl_filter *where,
                        rl_filter *keys, rl_input *limit, const rl_raise *none);
rl_step *rl_delete_rows(rl_builder *b, const rl_model *model, rl_filter *where, rl_filter *keys, rl_input *limit,
                        const rl_raise *none);

/* relationMode = "prisma": what a change of these fields, or the loss of rows, does to the rows that refer to them. The
 * wants tell whether there is anything to do. */
bool rl_referential_update_wants(rl_builder *b, const rl_model *model, const rl_assigns *assigns, rl_fields *wanted);
void rl_referential_update(rl_builder *b, const rl_at *rows, const rl_assigns *assigns);
bool rl_referential_delete_wants(rl_builder *b, const rl_model *model, rl_fields *wanted);
void rl_referential_delete(rl_builder *b, const rl_at *rows);
/* Whether the actions that follow from the loss of rows of `model` may come to rows of `model` again. */
bool rl_referential_delete_reaches(rl_builder *b, const rl_model *model);

/* ------------------------------------------------------------------ nested writes */

/* Of relations whose key the row itself holds: before its own statement, which the key's assignments go into. row: NULL
 * when it is being created. */
void rl_nested_before(rl_builder *b, const rl_write *write, const rl_at *row, rl_assigns *assigns);
bool rl_nested_before_reads(const rl_write *write); /* needs the row that is to be changed */
/* All others: after it. */
void rl_nested_after(rl_builder *b, const rl_write *write, const rl_at *row, bool created);
bool rl_nested_has_after(const rl_write *write);
void rl_nested_wants(rl_builder *b, const rl_write *write, bool created, rl_fields *wanted);

/* What can wait: the children of a row that has been created, and rows of join tables. Tasks run first in, first out,
 * so that all rows of one depth go out together before those that need them: the number of round trips grows with the
 * depth of a nested create, not with its breadth. */
typedef struct rl_task {
  struct rl_task *next;
  uint32_t guard;
  const rl_write *write; /* a created row's nested writes */
  rl_at row;
  const rl_field *join; /* else a link between the row at `row` and `other` */
  rl_input *mine, *other;
} rl_task;
void rl_later(rl_builder *b, rl_task task); /* under the guard in force */
void rl_run_later(rl_builder *b);           /* all that waits, and what comes of it */

/* rows.c: what rows of a bulk insert have below them: fields of theirs that this takes, and its steps. */
void rl_rows_wants(rl_builder *b, const rl_rows *rows, rl_fields *wanted);
void rl_children_after(rl_builder *b, const rl_rows *rows, const rl_at *at);

/* By the kind of relation. */
void rl_nested_holder_before(rl_builder *b, const rl_nested *nested, const rl_at *row, rl_assigns *assigns);
void rl_nested_holder_after(rl_builder *b, const rl_nested *nested, const rl_at *row);
bool rl_nested_holder_is_before(const rl_nested *nested);
void rl_nested_child(rl_builder *b, const rl_nested *nested, const rl_at *row, bool created);
void rl_nested_join(rl_builder *b, const rl_nested *nested, const rl_at *row);
void rl_link_rows(rl_builder *b, const rl_field *field, rl_input *mine, rl_input *other);

/* One-to-one: whatever row refers to `referenced` gives it up, P2014 when it may not. `but`: a row that may go on, or
 * NULL. */
void rl_displace(rl_builder *b, const rl_relation *relation, const rl_at *referenced, const rl_at *but);

#endif
