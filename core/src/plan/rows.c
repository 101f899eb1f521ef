/* The nested rows of a create_many: one statement per relation, however many rows there are. The database returns the
 * rows above in their order, so each row finds its parent by position. */
#include "plan/write.h"

static rl_rows *copy_with_room(rl_builder *b, const rl_rows *from, size_t more) {
  rl_rows *rows = RL_MAKE(b, rl_rows);
  *rows = *from;
  rows->columns = RL_MAKE_ARRAY(b, rl_rows_column, from->column_count + more);
  for (size_t i = 0; i < from->column_count; i++) rows->columns[i] = from->columns[i];
  return rows;
}

static rl_rows_column kept_column(rl_builder *b, const rl_field *field, const rl_field *of, rl_rows_from from,
                                  const rl_at *at) {
  uint32_t column = (uint32_t)rl_fields_at(&at->fields, of);
  return (rl_rows_column){.field = field, .from = from, .missing = rl_cell(b, at->rowset, column, field)};
}

void rl_rows_wants(rl_builder *b, const rl_rows *rows, rl_fields *wanted) {
  for (size_t i = 0; i < rows->child_count; i++) {
    const rl_relation *relation = rows->children[i]->via->relation;
    if (relation->kind == RL_MANY_TO_MANY)
      rl_fields_add(b, wanted, rl_model_link_id(rows->model));
    else
      rl_fields_add_all(b, wanted, relation->references, relation->count);
  }
}

/* The new rows, and what is nested in them. */
static rl_at insert_rows(rl_builder *b, rl_rows *rows, const rl_field *also) {
  rl_step *step = rl_add_insert(b, rows->model);
  step->as.insert->rows = rows;
  rl_fields wanted = {0};
  rl_rows_wants(b, rows, &wanted);
  if (also) rl_fields_add(b, &wanted, also);
  rl_written written = rl_written_by_rows(rows, true);
  rl_at at = rl_scoped_keep(b, step, &written, &wanted);
  if (wanted.count) step->if_fewer = rl_raise_dropped(b, rows->model); /* later steps find the rows by position */
  return at;
}

static rl_rows *with_parents_key(rl_builder *b, const rl_rows *from, const rl_at *parent) {
  const rl_relation *relation = from->via->relation;
  rl_rows *rows = copy_with_room(b, from, relation->count);
  for (size_t i = 0; i < relation->count; i++)
    rows->columns[rows->column_count++] =
        kept_column(b, relation->fields[i], relation->references[i], RL_FROM_PARENT, parent);
  return rows;
}

static void connect_children(rl_builder *b, const rl_rows *from, const rl_at *parent) {
  const rl_relation *relation = from->via->relation;
  rl_rows *rows = with_parents_key(b, from, parent);
  rl_assigns written = {0};
  rl_fields wanted = {0};
  rows->update = relation->fields;
  rows->update_count = relation->count;
  for (size_t i = 0; i < relation->count; i++) rl_assigns_put(b, &written, (rl_assign){.field = relation->fields[i]});
  if (rl_referential_update_wants(b, rows->model, &written, &wanted))
    rl_refuse(b, RL_VALIDATION, (const char *)rl_need(b, rl_arena_strdup(b->arena, rows->path)),
              "%.*s: other rows reference the key that is written, and relationMode = \"prisma\" must update each of "
              "them; use `create` for one row at a time",
              RL_STR_ARG(rows->path));
  rl_nested nested = {.kind = RL_NESTED_CONNECT, .relation = from->via, .path = from->path};
  rl_step *step = rl_add_update(b, rows->model, rl_plan_scope(b, rows->model), NULL);
  step->as.update->rows = rows;
  step->if_fewer = from->via->list ? rl_raise_connect(b, &nested) : rl_raise_related(b, &nested, "connect");
  rl_written changed = rl_written_by_rows(rows, false);
  rl_scoped_keep(b, step, &changed, NULL);
}

/* Pairs of a join table: each row's parent, and the row itself from `other`. */
static void link_rows(rl_builder *b, const rl_rows *from, const rl_at *parent, rl_rows_column other) {
  const rl_field *mine = rl_model_link_id(parent->model);
  bool from_a = from->via == from->via->relation->key_side;
  rl_rows *rows = RL_MAKE(b, rl_rows);
  *rows = *from;
  rows->columns = RL_MAKE_ARRAY(b, rl_rows_column, 2);
  rows->columns[from_a ? 0 : 1] = kept_column(b, mine, mine, RL_FROM_PARENT, parent);
  rows->columns[from_a ? 1 : 0] = other;
  rows->column_count = 2;
  rows->conflict_count = rows->child_count = 0;
  rows->loose = true;
  rl_insert *insert = rl_add_insert(b, from->model)->as.insert;
  insert->link = from->via->relation;
  insert->rows = rows;
  insert->skip_duplicates = true;
}

static void join_children(rl_builder *b, const rl_rows *from, const rl_at *parent) {
  const rl_field *theirs = rl_model_link_id(from->model);
  if (from->connects) {
    link_rows(b, from, parent, (rl_rows_column){.field = theirs});
    return;
  }
  rl_rows *rows = copy_with_room(b, from, 0);
  rl_at made = insert_rows(b, rows, theirs);
  link_rows(b, from, parent, kept_column(b, theirs, theirs, RL_FROM_STEP, &made));
  rl_children_after(b, rows, &made);
}

void rl_children_after(rl_builder *b, const rl_rows *rows, const rl_at *at) {
  for (size_t i = 0; i < rows->child_count; i++) {
    const rl_rows *child = rows->children[i];
    if (child->via->relation->kind == RL_MANY_TO_MANY) {
      join_children(b, child, at);
    } else if (child->connects) {
      connect_children(b, child, at);
    } else {
      rl_rows *made = with_parents_key(b, child, at);
      rl_at below = insert_rows(b, made, NULL);
      rl_children_after(b, made, &below);
    }
  }
}
