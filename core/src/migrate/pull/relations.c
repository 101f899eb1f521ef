/* The relations of a pulled schema: which foreign keys are one, which tables
 * are only links, and the names of their fields. */
#include <ctype.h>

#include "migrate/pull/pull.h"

static size_t model_of(const rl_puller *p, rl_str namespace_, rl_str table) {
  RL_DB_EACH_NAMED(i, &p->tables, table) {
    if (rl_str_eq(p->models[i].table->name, table) && rl_str_eq(p->models[i].table->namespace_, namespace_)) return i;
  }
  return p->count;
}

static const rl_db_reference *reference_of(const rl_db_table *t, const char *column) {
  const rl_db_reference *found = NULL;
  for (size_t i = 0; i < t->references.count; i++) {
    const rl_db_reference *k = &t->references.items[i];
    if (k->count == 1 && rl_str_is(k->columns[0], column)) found = k;
  }
  return found;
}

static bool refers_to_key(const rl_puller *p, const rl_db_reference *k, size_t *model) {
  *model = k ? model_of(p, k->target_namespace, k->target) : p->count;
  if (*model == p->count) return false;
  const rl_db_table *t = p->models[*model].table;
  return t->primary.count == 1 ? rl_str_eq(t->primary.items[0], k->targets[0]) : !t->primary.count;
}

/* Recognizes the table of an implicit many-to-many relation: _AToB with the
 * columns A and B, both foreign keys, unique together. */
static bool is_link(const rl_puller *p, const rl_db_table *t, size_t *a, size_t *b) {
  static const rl_str pair[] = {{"A", 1}, {"B", 1}};
  if (t->name.len < 2 || t->name.p[0] != '_' || t->columns.count != 2 || t->references.count != 2) return false;
  if (!rl_db_column_of(t, pair[0]) || !rl_db_column_of(t, pair[1]) || !rl_db_is_unique(t, pair, 2)) return false;
  const rl_db_reference *ka = reference_of(t, "A"), *kb = reference_of(t, "B");
  if (!refers_to_key(p, ka, a) || !refers_to_key(p, kb, b)) return false;
  const rl_pulled *x = &p->models[*a], *y = &p->models[*b];
  if (!rl_str_eq(x->table->namespace_, t->namespace_) || !x->has_key || !y->has_key) return false;
  return *a == *b || rl_str_cmp(x->name, y->name) < 0;
}

static void list_relation(rl_puller *p, size_t model, size_t relation) {
  size_t *slot = RL_DB_ADD(p->arena, &p->models[model].relations);
  if (slot)
    *slot = relation;
  else
    p->failed = true;
}

static void add_relation(rl_puller *p, rl_pulled_relation r) {
  rl_pulled_relation *slot = RL_DB_ADD(p->arena, &p->relations);
  if (!slot) {
    p->failed = true;
    return;
  }
  *slot = r;
  list_relation(p, r.from, p->relations.count - 1);
  if (r.to != r.from) list_relation(p, r.to, p->relations.count - 1);
}

static void find_links(rl_puller *p) {
  for (size_t i = 0; i < p->count; i++) {
    size_t a, b;
    const rl_db_table *t = p->models[i].table;
    if (!is_link(p, t, &a, &b)) continue;
    p->models[i].is_link = true;
    add_relation(p, (rl_pulled_relation){.from = a, .to = b, .link = t});
  }
}

static bool is_optional(const rl_db_table *t, const rl_db_reference *k) {
  for (size_t i = 0; i < k->count; i++) {
    const rl_db_column *c = rl_db_column_of(t, k->columns[i]);
    if (!c || !c->required) return true;
  }
  return false;
}

static void find_keys(rl_puller *p) {
  for (size_t i = 0; i < p->count; i++) {
    const rl_db_table *t = p->models[i].table;
    for (size_t k = 0; k < t->references.count && !p->models[i].is_link; k++) {
      const rl_db_reference *key = &t->references.items[k];
      size_t to = model_of(p, key->target_namespace, key->target);
      if (to == p->count || !rl_db_can_express_reference(p->db, t, key)) continue;
      add_relation(p, (rl_pulled_relation){.from = i,
                                           .to = to,
                                           .key = key,
                                           .single = rl_db_is_unique(t, key->columns, key->count),
                                           .optional = is_optional(t, key)});
    }
  }
}

/* ------------------------------------------------------------------ known relations */

static bool is_same_relation(const rl_pulled_relation *r, const rl_relation *k) {
  if (!r->key) return k->kind == RL_MANY_TO_MANY && rl_str_eq(k->join_table, r->link->name);
  if (k->kind == RL_MANY_TO_MANY || k->count != r->key->count) return false;
  for (size_t i = 0; i < k->count; i++)
    if (!rl_str_eq(k->fields[i]->column, r->key->columns[i]) ||
        !rl_str_eq(k->references[i]->column, r->key->targets[i]))
      return false;
  return true;
}

static void find_known_relation(rl_puller *p, rl_pulled_relation *r) {
  const rl_model *from = p->models[r->from].known, *to = p->models[r->to].known;
  for (size_t i = 0; from && to && i < from->relation_count && !r->known; i++) {
    const rl_relation *k = from->relations[i]->relation;
    if (k->key_side->model == from && k->other_side->model == to && is_same_relation(r, k)) r->known = k;
  }
  if (!r->known) return;
  r->from_field = r->known->key_side->name;
  r->to_field = r->known->other_side->name;
  rl_str a = p->models[r->from].name, b = p->models[r->to].name;
  if (rl_str_cmp(a, b) > 0) {
    rl_str c = a;
    a = b;
    b = c;
  }
  bool is_default = rl_str_is(r->known->name, rl_pull_printf(p, "%.*sTo%.*s", RL_STR_ARG(a), RL_STR_ARG(b)));
  if (!is_default || r->from == r->to) r->name = r->known->name;
}

/* ------------------------------------------------------------------ names */

bool rl_pull_has_field(const rl_puller *p, const rl_pulled *m, rl_str name) {
  size_t model = (size_t)(m - p->models);
  for (size_t i = 0; i < m->table->columns.count; i++)
    if (rl_str_eq(m->fields[i], name)) return true;
  for (size_t i = 0; i < m->relations.count; i++) {
    const rl_pulled_relation *r = &p->relations.items[m->relations.items[i]];
    if ((r->from == model && rl_str_eq(r->from_field, name)) || (r->to == model && rl_str_eq(r->to_field, name)))
      return true;
  }
  return false;
}

static rl_str free_name(rl_puller *p, size_t model, const char *name, rl_str by) {
  if (!rl_pull_has_field(p, &p->models[model], rl_str_of(name))) return rl_str_of(name);
  const char *longer = rl_pull_printf(p, "%s_%.*s", name, RL_STR_ARG(by));
  for (int i = 2; rl_pull_has_field(p, &p->models[model], rl_str_of(longer)) && !p->failed; i++)
    longer = rl_pull_printf(p, "%s_%.*s%d", name, RL_STR_ARG(by), i);
  return rl_str_of(longer);
}

/* Turns BlogPost into blogPost. A name in capitals or with a small first letter
 * stays. */
static const char *lower_first(rl_puller *p, rl_str name) {
  bool capitals = name.len > 1 && isupper((unsigned char)name.p[1]);
  if (!name.len || capitals) return rl_pull_printf(p, "%.*s", RL_STR_ARG(name));
  return rl_pull_printf(p, "%c%.*s", tolower((unsigned char)name.p[0]), (int)(name.len - 1), name.p + 1);
}

static const char *plural_of(rl_puller *p, rl_str name) {
  const char *one = lower_first(p, name);
  size_t n = strlen(one);
  if (n && one[n - 1] == 's') return one;
  if (n > 1 && one[n - 1] == 'y' && !strchr("aeiou", one[n - 2]))
    return rl_pull_printf(p, "%.*sies", (int)(n - 1), one);
  return rl_pull_printf(p, "%ss", one);
}

/* Turns authorId and author_id into author. */
static const char *name_by_key(rl_puller *p, const rl_pulled_relation *r) {
  if (r->key->count == 1) {
    rl_str column = rl_pull_field_name(p, &p->models[r->from], r->key->columns[0]);
    static const rl_str ends[] = {{"_id", 3}, {"Id", 2}, {"ID", 2}, {"_ID", 3}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
      if (column.len > ends[i].len && rl_str_ends(column, ends[i]))
        return rl_pull_printf(p, "%.*s", (int)(column.len - ends[i].len), column.p);
  }
  return lower_first(p, p->models[r->to].name);
}

/* Relations between the same two models are distinguished by name. A relation of
 * a model with itself has a name too. */
static bool needs_name(const rl_puller *p, const rl_pulled_relation *r) {
  if (r->from == r->to) return true;
  const rl_pulled *m = &p->models[r->from], *to = &p->models[r->to];
  if (to->relations.count < m->relations.count) m = to;
  for (size_t i = 0; i < m->relations.count; i++) {
    const rl_pulled_relation *x = &p->relations.items[m->relations.items[i]];
    if (x != r && ((x->from == r->from && x->to == r->to) || (x->from == r->to && x->to == r->from))) return true;
  }
  return false;
}

static void name_link(rl_puller *p, rl_pulled_relation *r) {
  rl_str a = p->models[r->from].name, b = p->models[r->to].name;
  rl_str own = rl_str_make(r->link->name.p + 1, r->link->name.len - 1);
  if (!rl_str_is(own, rl_pull_printf(p, "%.*sTo%.*s", RL_STR_ARG(a), RL_STR_ARG(b))) || needs_name(p, r)) r->name = own;
  if (r->from == r->to) { /* the field whose name comes first in the alphabet is A's */
    r->from_field = free_name(p, r->from, rl_pull_printf(p, "%s_A", plural_of(p, b)), own);
    r->to_field = free_name(p, r->to, rl_pull_printf(p, "%s_B", plural_of(p, a)), own);
    return;
  }
  r->from_field = free_name(p, r->from, plural_of(p, b), own);
  r->to_field = free_name(p, r->to, plural_of(p, a), own);
}

static void name_key(rl_puller *p, rl_pulled_relation *r) {
  rl_str model = p->models[r->from].name;
  r->from_field = free_name(p, r->from, name_by_key(p, r), RL_STR("ref"));
  r->to_field = free_name(p, r->to, r->single ? lower_first(p, model) : plural_of(p, model), r->from_field);
  if (needs_name(p, r))
    r->name = rl_str_of(rl_pull_printf(p, "%.*s_%.*s", RL_STR_ARG(model), RL_STR_ARG(r->from_field)));
}

void rl_pull_relations(rl_puller *p) {
  find_links(p);
  find_keys(p);
  for (size_t i = 0; i < p->relations.count; i++) find_known_relation(p, &p->relations.items[i]);
  for (size_t i = 0; i < p->relations.count && !p->failed; i++) {
    rl_pulled_relation *r = &p->relations.items[i];
    if (r->known) continue;
    if (r->key)
      name_key(p, r);
    else
      name_link(p, r);
  }
}
