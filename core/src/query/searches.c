/* Joins searches for the same text that are next to each other: they become one search over all of their fields, so its
 * words may be in different fields of the row. */
#include "query/bind.h"

typedef struct gathering {
  rl_filters found;
  rl_filter_kind flat; /* AND or OR: groups of this kind inside the group belong to it */
} gathering;

/* Returns the search in a filter or in its `not`; NULL: another filter. */
static rl_filter *search_in(rl_filter *f, bool *negated) {
  *negated = f->kind == RL_FILTER_NOT && f->count == 1;
  if (*negated) f = f->items[0];
  return f->kind == RL_FILTER_SEARCH && !f->aggregate && f->input && f->input->arg && f->input->arg->value ? f : NULL;
}

static rille_status join_fields(rl_binder *b, rl_filter *into, const rl_filter *from) {
  size_t count = into->field_count ? into->field_count : 1, more = from->field_count ? from->field_count : 1;
  const rl_field **fields = RL_NEW_ARRAY(b->arena, const rl_field *, count + more);
  if (!fields) return rl_nomem(b);
  for (size_t i = 0; i < count; i++) fields[i] = into->field_count ? into->fields[i] : into->field;
  for (size_t k = 0; k < more; k++) {
    const rl_field *f = from->field_count ? from->fields[k] : from->field;
    size_t i = 0;
    while (i < count && fields[i] != f) i++;
    if (i == count) fields[count++] = f;
  }
  into->fields = fields;
  into->field_count = count;
  return RILLE_OK;
}

static rille_status absorb_search(rl_binder *b, gathering *g, rl_filter *f, bool *gone) {
  bool negated, other;
  rl_filter *search = search_in(f, &negated);
  for (size_t i = 0; search && i < g->found.count && !*gone; i++) {
    rl_filter *first = search_in(g->found.items[i], &other);
    if (negated == other) RL_TRY(rl_arg_pin_same(b->tree, first->input->arg, search->input->arg, gone, b->err));
    if (*gone) RL_TRY(join_fields(b, first, search));
  }
  return search && !*gone ? rl_filters_add(b, &g->found, f) : RILLE_OK;
}

static rille_status gather_searches(rl_binder *b, gathering *g, rl_filter **items, size_t *count) {
  size_t kept = 0;
  for (size_t i = 0; i < *count; i++) {
    rl_filter *f = items[i];
    bool gone = false;
    if (f->kind == g->flat) {
      RL_TRY(gather_searches(b, g, f->items, &f->count));
      gone = f->count == 0;
    } else {
      RL_TRY(absorb_search(b, g, f, &gone));
    }
    if (!gone) items[kept++] = f->kind == g->flat && f->count == 1 ? f->items[0] : f;
  }
  *count = kept;
  return RILLE_OK;
}

rille_status rl_join_searches(rl_binder *b, rl_filter_kind flat, rl_filters *list) {
  gathering g = {.flat = flat};
  return gather_searches(b, &g, list->items, &list->count);
}
