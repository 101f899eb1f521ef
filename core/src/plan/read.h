/* Steps that read: one select for the root, one for each level below it. */
#ifndef RL_PLAN_READ_H
#define RL_PLAN_READ_H

#include "plan/builder.h"

/* The operation's result, returned as node 0. */
void rl_plan_find(rl_builder *b);      /* find_unique, find_first, find_many */
void rl_plan_aggregate(rl_builder *b); /* count, aggregate, exists */
void rl_plan_group(rl_builder *b);     /* group_by */

bool rl_order_is_unique(const rl_model *model, const rl_order *orders, size_t count);

/* Builds the select of one level: conditions, order, page, but no columns. */
rl_step *rl_add_read(rl_builder *b, const rl_read *read);
void rl_columns_of(rl_builder *b, const rl_selection *selection, rl_columns *columns);

/* How the rows of a step are returned. */
typedef struct rl_shown {
  rl_step *step;
  uint32_t node;
  rl_columns columns; /* visible ones first; the hidden ones that the level above needs may follow */
  size_t visible;
  rl_fields keep; /* fields to keep in addition to those that the levels below need */
} rl_shown;
/* Completes the step's columns. Returns where its rows are; rl_include_all adds the levels below. */
rl_at rl_show(rl_builder *b, rl_shown *shown, const rl_selection *selection);

/* Returns the root row(s) with all levels below, with a select on where and keys. */
rl_at rl_show_root(rl_builder *b, const rl_read *read, rl_filter *where, rl_filter *keys, const rl_fields *keep,
                   const rl_raise *none);
/* Returns the root row(s) from the write itself, if the selection can be read that way; rl_show_below adds the levels
 * below. */
bool rl_can_return(const rl_builder *b, const rl_selection *selection);
rl_at rl_show_returned(rl_builder *b, rl_step *step, const rl_selection *selection, const rl_fields *keep);
void rl_show_below(rl_builder *b, const rl_selection *selection, const rl_at *root);

void rl_include_all(rl_builder *b, const rl_selection *selection, uint32_t node, const rl_at *parent, bool single);
/* The fields of the parent that the levels below need. */
void rl_include_wants(rl_builder *b, const rl_selection *selection, rl_fields *wanted);

#endif
