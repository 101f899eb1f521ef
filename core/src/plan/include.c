/* The levels below a row: one select a level, restricted to the parents that an earlier step gave. */
#include "plan/read.h"

/* The pairs of fields by which rows of a relation's two ends find each other; `mine` are on the model of `field`. */
static size_t pairs(const rl_field *field, const rl_field *const **mine, const rl_field *const **theirs) {
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
    if (field->relation->kind == RL_MANY_TO_MANY) {
      rl_fields_add(b, wanted, rl_model_link_id(field->model));
      continue;
    }
    size_t count = pairs(field, &mine, &theirs);
    rl_fields_add_all(b, wanted, mine, count);
  }
}

typedef struct level {
  const rl_field *field; /* the relation, on the parent's model */
  const rl_read *read;
  const rl_at *parent;
  rl_shown shown;
} level;

/* The select keeps to the parents' rows, and each row has columns that name its parents. */
static void tie_to_parents(rl_builder *b, level *l) {
  rl_select *select = l->shown.step->as.select;
  rl_node_plan *node = &b->plan->nodes[l->shown.node];
  const rl_field *const *mine, *const *theirs;
  bool join = l->field->relation->kind == RL_MANY_TO_MANY;
  size_t count = join ? 1 : pairs(l->field, &mine, &theirs);
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

/* The shape of a result is told before its rows, so a recursive include without a depth has an end too. */
enum { RL_RECURSION_LEVELS = 64 };

/* The nodes of its levels: the first has the parent's rows above it, each other one the rows of the level before. */
static void add_levels(rl_builder *b, const level *l, uint32_t link_count) {
  const rl_step *step = l->shown.step;
  for (uint32_t depth = 1; depth <= (uint32_t)step->as.select->depth; depth++) {
    uint32_t at = l->shown.node;
    if (depth > 1) at = rl_add_node(b, at + depth - 2, l->field->name, l->field->list, l->field->target);
    rl_node_plan *node = &b->plan->nodes[at];
    node->columns = step->as.select->columns;
    node->column_count = l->shown.visible;
    if (depth == 1) continue;
    node->link = b->plan->nodes[l->shown.node].link;
    node->link_count = link_count;
    node->parent_rowset = step->rowset;
    node->parent_link = RL_MAKE_ARRAY(b, uint32_t, link_count);
    for (uint32_t i = 0; i < link_count; i++) node->parent_link[i] = i;
  }
}

/* The levels of a recursive include: one select for all of them, a node for each. */
static void show_recursive(rl_builder *b, level *l) {
  rl_step *step = l->shown.step;
  rl_select *select = step->as.select;
  int32_t depth = l->read->recursive_depth;
  select->recursive = l->field;
  select->depth = depth < RL_RECURSION_LEVELS ? depth : RL_RECURSION_LEVELS;
  rl_fields own = {0};
  const rl_field *const *mine, *const *theirs;
  bool join = l->field->relation->kind == RL_MANY_TO_MANY;
  size_t count = join ? 0 : pairs(l->field, &mine, &theirs);
  if (join)
    rl_fields_add(b, &own, rl_model_link_id(l->field->model));
  else
    rl_fields_add_all(b, &own, mine, count);
  step->keep = RL_MAKE_ARRAY(b, uint32_t, own.count);
  step->keep_count = own.count;
  step->rowset = rl_add_rowset(b);
  for (size_t i = 0; i < own.count; i++) step->keep[i] = rl_columns_field(b, &l->shown.columns, own.items[i]);
  rl_columns_add(b, &l->shown.columns, (rl_column){.kind = RL_COLUMN_DEPTH});
  rl_step_columns(b, step, &l->shown.columns, l->shown.visible);
  step->node = l->shown.node;
  add_levels(b, l, (uint32_t)own.count);
}

/* With one parent the whole is its share. But find_first is find_many of one row to Prisma: a cursor that is no row of
 * the parent's then leaves nothing, while next to a row that was named it stands for its place in the order. */
static bool takes_all(const rl_builder *b, const rl_read *read, bool single) {
  bool first = b->query->action == RILLE_FIND_FIRST || b->query->action == RILLE_FIND_FIRST_OR_THROW;
  return single && !(first && read->cursor);
}

static void include_one(rl_builder *b, const rl_include *include, uint32_t parent_node, const rl_at *parent,
                        bool single) {
  const rl_read *read = include->read;
  level l = {.field = include->relation, .read = read, .parent = parent};
  uint32_t before = b->guard;
  if (!parent->assigns) rl_guard_on(b, parent->rowset, false); /* without parents nothing is asked */
  l.shown.step = rl_add_read(b, read);
  b->guard = before;
  l.shown.node = rl_add_node(b, parent_node, l.field->name, l.field->list, l.field->target);
  rl_columns_of(b, &read->selection, &l.shown.columns);
  l.shown.visible = l.shown.columns.count;
  tie_to_parents(b, &l);
  bool counts_off = read->take || read->skip || read->cursor || read->distinct_count;
  l.shown.step->as.select->per_parent = counts_off && !takes_all(b, read, single);
  if (read->recursive_depth > 0 && l.field->target == l.field->model) {
    show_recursive(b, &l);
    return;
  }
  rl_at rows = rl_show(b, &l.shown, &read->selection);
  rl_include_all(b, &read->selection, l.shown.node, &rows, single && !l.field->list);
}

void rl_include_all(rl_builder *b, const rl_selection *selection, uint32_t node, const rl_at *parent, bool single) {
  for (size_t i = 0; i < selection->include_count; i++) include_one(b, &selection->includes[i], node, parent, single);
}
