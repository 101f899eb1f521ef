/* The levels below a row: one select per level, restricted to the parents that an earlier step returned. */
#include "plan/read.h"

/* The pairs of fields that connect the rows of a relation; `mine` are on the model of `field`. */
static size_t relation_pairs(const rl_field *field, const rl_field *const **mine, const rl_field *const **theirs) {
  const rl_relation *relation = field->relation;
  const rl_field *const *key = (const rl_field *const *)relation->fields;
  const rl_field *const *referenced = (const rl_field *const *)relation->references;
  *mine = field->holds_key ? key : referenced;
  *theirs = field->holds_key ? referenced : key;
  return relation->count;
}

void rl_include_wants(rl_builder *b, const rl_selection *selection, rl_fields *wanted) {
  for (size_t i = 0; i < selection->include_count; i++) {
    const rl_field *field = selection->includes[i].relation, *const * mine, *const * theirs;
    if (selection->includes[i].read->recursive_depth > 0) rl_fields_add_key(b, wanted, field->model);
    if (field->relation->kind == RL_MANY_TO_MANY) {
      rl_fields_add(b, wanted, rl_model_link_id(field->model));
      continue;
    }
    size_t count = relation_pairs(field, &mine, &theirs);
    rl_fields_add_all(b, wanted, mine, count);
  }
}

typedef struct level {
  const rl_field *field; /* the relation, on the parent's model */
  const rl_read *read;
  const rl_at *parent;
  rl_shown shown;
} level;

/* Restricts the select to rows of the parents; each row has columns that identify its parents. */
static void tie_to_parents(rl_builder *b, level *l) {
  rl_select *select = l->shown.step->as.select;
  rl_node_plan *node = &b->plan->nodes[l->shown.node];
  const rl_field *const *mine, *const *theirs;
  bool join = l->field->relation->kind == RL_MANY_TO_MANY;
  size_t count = join ? 1 : relation_pairs(l->field, &mine, &theirs);
  node->link = RL_MAKE_ARRAY(b, uint32_t, count);
  node->parent_link = RL_MAKE_ARRAY(b, uint32_t, count);
  node->link_count = count;
  node->parent_rowset = l->parent->rowset;
  if (join) {
    const rl_field *id = rl_model_link_id(l->field->model);
    select->link = l->field->relation;
    select->link_from_a = l->field == l->field->relation->key_side;
    select->link_keys = rl_at_list(b, l->parent, id);
    node->link[0] = rl_columns_add(b, &l->shown.columns, (rl_column){.kind = RL_COLUMN_LINK, .field = id});
    node->parent_link[0] = (uint32_t)rl_fields_at(&l->parent->fields, id);
    return;
  }
  select->keys = rl_where_keys(b, theirs, mine, count, l->parent, true);
  for (size_t i = 0; i < count; i++) {
    node->link[i] = rl_columns_field(b, &l->shown.columns, theirs[i]);
    node->parent_link[i] = (uint32_t)rl_fields_at(&l->parent->fields, mine[i]);
  }
}

/* Rows of the levels below the first: numbered together with those of the first, with parents in the level before. */
static void add_continuing(rl_builder *b, const level *l, uint32_t link_count, bool last) {
  uint32_t at = rl_add_node(b, RL_NO_NODE, l->field->name, l->field->list, l->field->target);
  rl_node_plan *node = &b->plan->nodes[at], *first = &b->plan->nodes[l->shown.node];
  node->parent = at;
  node->last = last;
  node->columns = first->columns;
  node->column_count = first->column_count;
  node->link = first->link;
  node->link_count = link_count;
  node->parent_rowset = l->shown.step->rowset;
  node->parent_link = RL_MAKE_ARRAY(b, uint32_t, link_count);
  for (uint32_t i = 0; i < link_count; i++) node->parent_link[i] = i;
}

/* The fields with which the rows below a row find it. */
static void wants_of_levels(rl_builder *b, const rl_field *field, rl_fields *own) {
  const rl_field *const *mine, *const *theirs;
  if (field->relation->kind == RL_MANY_TO_MANY) {
    rl_fields_add(b, own, rl_model_link_id(field->model));
  } else {
    size_t count = relation_pairs(field, &mine, &theirs);
    rl_fields_add_all(b, own, mine, count);
  }
}

static void add_self(rl_builder *b, const level *l, const rl_fields *keep) {
  rl_node_plan *node = &b->plan->nodes[l->shown.node];
  rl_fields key = {0};
  rl_fields_add_key(b, &key, l->read->model);
  node->self = RL_MAKE_ARRAY(b, uint32_t, key.count);
  node->parent_self = RL_MAKE_ARRAY(b, uint32_t, key.count);
  node->self_count = key.count;
  for (size_t i = 0; i < key.count; i++) {
    node->self[i] = (uint32_t)rl_fields_at(keep, key.items[i]);
    node->parent_self[i] = (uint32_t)rl_fields_at(&l->parent->fields, key.items[i]);
  }
}

/* Adds a recursive include: one select for all its levels. Returns where their rows are, for what is included below. */
static rl_at show_recursive(rl_builder *b, level *l) {
  rl_step *step = l->shown.step;
  rl_select *select = step->as.select;
  rl_fields keep = {0};
  wants_of_levels(b, l->field, &keep);
  uint32_t own = (uint32_t)keep.count;
  rl_fields_add_key(b, &keep, l->read->model);
  rl_include_wants(b, &l->read->selection, &keep);
  select->recursive = l->field;
  select->depth = l->read->recursive_depth;
  step->keep = RL_MAKE_ARRAY(b, uint32_t, keep.count);
  step->keep_count = keep.count;
  step->rowset = rl_add_rowset(b);
  for (size_t i = 0; i < keep.count; i++) step->keep[i] = rl_columns_field(b, &l->shown.columns, keep.items[i]);
  rl_columns_add(b, &l->shown.columns, (rl_column){.kind = RL_COLUMN_DEPTH});
  rl_step_columns(b, step, &l->shown.columns, l->shown.visible);
  step->node = l->shown.node;
  rl_node_plan *node = &b->plan->nodes[l->shown.node];
  node->columns = select->columns;
  node->column_count = l->shown.visible;
  add_self(b, l, &keep);
  if (select->depth > 2) add_continuing(b, l, own, false);
  if (select->depth > 1 && select->depth < INT32_MAX) add_continuing(b, l, own, true);
  return (rl_at){.model = l->read->model, .rowset = step->rowset, .fields = keep};
}

/* With one parent, its part is the whole. But Prisma treats find_first as find_many of one row: a cursor that is not a
 * row of the parent then selects nothing, while with find_unique it marks a position in the order. */
static bool takes_all(const rl_builder *b, const rl_read *read, bool single) {
  bool first = b->query->action == RILLE_FIND_FIRST || b->query->action == RILLE_FIND_FIRST_OR_THROW;
  return single && !(first && read->cursor);
}

static void include_one(rl_builder *b, const rl_include *include, uint32_t parent_node, const rl_at *parent,
                        bool single) {
  const rl_read *read = include->read;
  level l = {.field = include->relation, .read = read, .parent = parent};
  uint32_t before = b->guard;
  if (!parent->assigns) rl_guard_on(b, parent->rowset, false); /* without parents nothing is sent */
  l.shown.step = rl_add_read(b, read);
  b->guard = before;
  l.shown.node = rl_add_node(b, parent_node, l.field->name, l.field->list, l.field->target);
  rl_columns_of(b, &read->selection, &l.shown.columns);
  l.shown.visible = l.shown.columns.count;
  tie_to_parents(b, &l);
  bool counts_off = read->take || read->skip || read->cursor || read->distinct_count;
  l.shown.step->as.select->per_parent = counts_off && !takes_all(b, read, single);
  bool recursive = read->recursive_depth > 0;
  rl_at rows = recursive ? show_recursive(b, &l) : rl_show(b, &l.shown, &read->selection);
  rl_include_all(b, &read->selection, l.shown.node, &rows, single && !l.field->list && !recursive);
}

void rl_include_all(rl_builder *b, const rl_selection *selection, uint32_t node, const rl_at *parent, bool single) {
  for (size_t i = 0; i < selection->include_count; i++) include_one(b, &selection->includes[i], node, parent, single);
}
