/* Steps that write: creating, changing and deleting rows, with nested writes. */
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
  rl_agreement *agreements; /* for columns that several relations give */
  size_t agreement_count, agreement_cap;
} rl_assigns;
void rl_assigns_put(rl_builder *b, rl_assigns *list, rl_assign assign); /* replaces an assignment of the same field */
void rl_assigns_all(rl_builder *b, rl_assigns *list, const rl_assign *items, size_t count);
/* Returns the key of `relation` from the row at `other`; or null. */
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
  const rl_fields *wanted;  /* what later steps need of the row; NULL: nothing */
  bool in_rowset;           /* all of `wanted` must be in a rowset, in this order, because branches are merged */
  const rl_selection *show; /* returned as the root by the INSERT itself */
} rl_creation;
/* Returns whether what the row's own statement returns is still valid after all nested writes. */
bool rl_returned_stays_true(const rl_write *write);
rl_at rl_create_row(rl_builder *b, const rl_creation *creation);
/* An INSERT that keeps an existing row with the same key. Only for creates without nested writes. */
void rl_create_unless_there(rl_builder *b, const rl_write *write, const rl_assigns *extra, const rl_filter *unique);
/* Returns the fields of a unique condition that are compared with plain equality. */
rl_fields rl_unique_fields(rl_builder *b, const rl_filter *unique);

typedef struct rl_change {
  const rl_write *write;
  rl_filter *where, *keys;
  const rl_raise *none;
  const rl_at *found; /* the row that meets both, already read without a lock, with all of rl_change_wants */
  bool linked;        /* one of the conditions is about a join table, see rl_lock_linked */
  const rl_fields *wanted;
  const rl_selection *show; /* the UPDATE itself may return it as the root */
  bool shown;               /* and it did */
} rl_change;
rl_at rl_change_row(rl_builder *b, rl_change *change);
/* Adds the fields of the old row that the change needs. Returns whether it needs them before its own statement. */
bool rl_change_wants(rl_builder *b, const rl_write *write, rl_fields *wanted);

/* ------------------------------------------------------------------ rows that are read first and written later
 *
 * Another transaction may change them in between. If nothing else happens in between, the writing statement repeats the
 * conditions; otherwise the rows are locked. A DELETE repeats them whenever possible, because the right to delete does
 * not include the right to lock rows. */

typedef struct rl_target {
  const rl_model *model;
  rl_filter *where, *keys;
  const rl_raise *none;
  rl_input *limit;
  bool many; /* locked in the order of their keys, so two writers cannot deadlock */
} rl_target;
/* Reads the key and `wanted` of the rows that an UPDATE of these fields will change, and locks them as the UPDATE
 * would. */
rl_at rl_read_to_write(rl_builder *b, const rl_target *target, const rl_assigns *written, const rl_fields *wanted);
/* Locks the rows that a DELETE will delete, when they are read. many: as above. */
void rl_lock_to_delete(rl_builder *b, rl_step *read, bool many);
/* Locks a row that was found without a lock, and reads it again, unless it no longer meets the conditions. */
rl_at rl_lock_found(rl_builder *b, const rl_target *target, const rl_at *found, const rl_assigns *written);
/* Locks rows that a join table links, before a statement with the same conditions. A statement that waits for a row
 * reads the row again, but the join table as it was when the statement began; the next statement sees whether the link
 * still exists. */
void rl_lock_linked(rl_builder *b, const rl_target *target, const rl_assigns *written);
/* Returns the conditions of `where` besides the key that found the row; NULL: none. */
rl_filter *rl_where_beyond_key(const rl_model *model, rl_filter *where);

/* ------------------------------------------------------------------ rows in place, with the referential actions that
 * the database does not do itself */

rl_step *rl_update_rows(rl_builder *b, const rl_model *model, const rl_assigns *assigns, rl_filter *where,
                        rl_filter *keys, rl_input *limit, const rl_raise *none);
/* The same; the rows must stay in the scope of the client. write: of the caller; NULL: a relation assigns. */
void rl_update_scoped(rl_builder *b, const rl_target *target, const rl_assigns *assigns, const rl_write *write);
rl_step *rl_delete_rows(rl_builder *b, const rl_model *model, rl_filter *where, rl_filter *keys, rl_input *limit,
                        const rl_raise *none);

/* relationMode = "prisma": what a change of these fields, or a deletion of rows, does to the referencing rows. The
 * wants say whether there is anything to do. */
bool rl_referential_update_wants(rl_builder *b, const rl_model *model, const rl_assigns *assigns, rl_fields *wanted);
void rl_referential_update(rl_builder *b, const rl_at *rows, const rl_assigns *assigns);
bool rl_referential_delete_wants(rl_builder *b, const rl_model *model, rl_fields *wanted);
void rl_referential_delete(rl_builder *b, const rl_at *rows);
/* Returns whether the actions after a deletion of rows of `model` may reach rows of `model` again. */
bool rl_referential_delete_reaches(rl_builder *b, const rl_model *model);

/* ------------------------------------------------------------------ nested writes */

/* Relations whose foreign key is in the row itself: before its own statement, which gets the assignments of the key.
 * row: NULL if it is being created. */
void rl_nested_before(rl_builder *b, const rl_write *write, const rl_at *row, rl_assigns *assigns);
bool rl_nested_before_reads(const rl_write *write); /* whether it needs the row to be changed */
/* All other relations: after it. */
void rl_nested_after(rl_builder *b, const rl_write *write, const rl_at *row, bool created);
bool rl_nested_has_after(const rl_write *write);
void rl_nested_wants(rl_builder *b, const rl_write *write, bool created, rl_fields *wanted);

/* What can wait: the children of a created row, and rows of join tables. Tasks run first in, first out, so all rows of
 * one depth are sent together, before those that need them. The number of round trips grows with the depth of a nested
 * create, not with its breadth. */
typedef struct rl_task {
  struct rl_task *next;
  uint32_t guard;
  const rl_write *write; /* a created row's nested writes */
  rl_at row;
  const rl_field *join; /* otherwise a link between the row at `row` and `other` */
  rl_input *mine, *other;
} rl_task;
void rl_later(rl_builder *b, rl_task task); /* with the current guard */
void rl_run_later(rl_builder *b);           /* all waiting tasks, and the tasks they add */

/* rows.c: nested rows of a bulk insert: the fields of the parents that they need, and their steps. */
void rl_rows_wants(rl_builder *b, const rl_rows *rows, rl_fields *wanted);
void rl_children_after(rl_builder *b, const rl_rows *rows, const rl_at *at);

/* By the kind of relation. */
void rl_nested_holder_before(rl_builder *b, const rl_nested *nested, const rl_at *row, rl_assigns *assigns);
void rl_nested_holder_after(rl_builder *b, const rl_nested *nested, const rl_at *row);
bool rl_nested_holder_is_before(const rl_nested *nested);
void rl_nested_child(rl_builder *b, const rl_nested *nested, const rl_at *row, bool created);
void rl_nested_join(rl_builder *b, const rl_nested *nested, const rl_at *row);
void rl_link_rows(rl_builder *b, const rl_field *field, rl_input *mine, rl_input *other);

/* One-to-one: disconnects the row that references `referenced`; P2014 if that is not allowed. `but`: a row that may
 * stay connected, or NULL. */
void rl_displace(rl_builder *b, const rl_relation *relation, const rl_at *referenced, const rl_at *but);

/* ------------------------------------------------------------------ scope.c: the scope of the client
 *
 * Bind has put the scope into the conditions of everything that is read or found. Here are the conditions on rows that
 * are written: they must be in the scope afterwards, and so must the rows that their keys name. */

rl_filter *rl_plan_scope(rl_builder *b, const rl_model *model); /* NULL: none */

/* What one statement writes to rows of a model. */
typedef struct rl_written {
  const rl_model *model;
  const rl_assign *assigns; /* the same for all rows */
  size_t assign_count;
  const rl_rows *rows; /* or values of each row */
  bool created;
  const rl_field *const *keys; /* see rl_write.keys */
  size_t key_count;
} rl_written;
/* write: of the caller, whose assigns may be more by now; NULL: a relation assigns. */
rl_written rl_written_by(const rl_model *model, const rl_assign *assigns, size_t count, const rl_write *write);
rl_written rl_written_by_rows(const rl_rows *rows, bool created);
/* Returns whether the rows must be checked. Then their keys must be kept. */
bool rl_scope_concerns(rl_builder *b, const rl_written *w);
/* Checks the rows at `at`, which the step has written, if they must be. The rows that their foreign keys name are
 * checked now, the scope itself when all else is done. */
void rl_scoped_check(rl_builder *b, const rl_step *step, const rl_written *w, const rl_at *at);
/* Keeps fields of the written rows (NULL: none), with their key if they must be checked, and checks them. Returns where
 * they are. */
rl_at rl_scoped_keep(rl_builder *b, rl_step *step, const rl_written *w, const rl_fields *fields);
void rl_scoped_rest(rl_builder *b); /* at the end of the plan */

#endif
