/* Hash tables from names to positions in the lists of a structure. */
#include "migrate/structure/structure.h"

/* Entries are never removed: after a rename, the caller skips the one with the old name. */
static void put_entry(rl_db_names *n, uint32_t hash, uint32_t index) {
  size_t at = hash & (n->cap - 1);
  while (n->slots[at].index) at = (at + 1) & (n->cap - 1);
  n->slots[at] = (rl_db_name){hash, index + 1};
  n->count++;
}

static bool grow_names(rl_arena *arena, rl_db_names *n) {
  rl_db_names more = {.cap = n->cap ? n->cap * 2 : 64};
  more.slots = RL_NEW_ARRAY(arena, rl_db_name, more.cap);
  if (!more.slots) return false;
  for (size_t i = 0; i < n->cap; i++)
    if (n->slots[i].index) put_entry(&more, n->slots[i].hash, n->slots[i].index - 1);
  *n = more;
  return true;
}

static uint32_t hash_of(rl_str name) {
  return (uint32_t)rl_hash(name.p, name.len, 0);
}

bool rl_db_names_put(rl_arena *arena, rl_db_names *n, rl_str name, size_t index) {
  if (n->count * 2 >= n->cap && !grow_names(arena, n)) return false;
  put_entry(n, hash_of(name), (uint32_t)index);
  return true;
}

size_t rl_db_names_next(const rl_db_names *n, rl_str name, rl_db_cursor *c) {
  if (!n->cap) return RL_DB_NO_NAME;
  uint32_t hash = hash_of(name);
  if (!c->begun) c->at = hash & (n->cap - 1);
  c->begun = true;
  while (n->slots[c->at].index) {
    rl_db_name found = n->slots[c->at];
    c->at = (c->at + 1) & (n->cap - 1);
    if (found.hash == hash) return found.index - 1;
  }
  return RL_DB_NO_NAME;
}

/* ------------------------------------------------------------------ tables, enums, views */

rl_db_table *rl_db_add_table(rl_arena *arena, rl_db *db, rl_str namespace_, rl_str name) {
  rl_db_table *t = RL_DB_ADD(arena, &db->tables);
  if (!t || !rl_db_names_put(arena, &db->table_names, name, db->tables.count - 1)) return NULL;
  t->namespace_ = namespace_;
  t->name = name;
  return t;
}

bool rl_db_rename_table(rl_arena *arena, rl_db *db, rl_db_table *t, rl_str name) {
  t->name = name;
  return rl_db_names_put(arena, &db->table_names, name, (size_t)(t - db->tables.items));
}

bool rl_db_set_model(rl_arena *arena, rl_db *db, rl_db_table *t, rl_str model) {
  t->model = model;
  return rl_str_eq(model, t->name) || rl_db_names_put(arena, &db->table_names, model, (size_t)(t - db->tables.items));
}

rl_db_table *rl_db_table_of(const rl_db *db, rl_str namespace_, rl_str name) {
  RL_DB_EACH_NAMED(i, &db->table_names, name) {
    rl_db_table *t = &db->tables.items[i];
    if (rl_str_eq(t->name, name) && rl_str_eq(t->namespace_, namespace_)) return t;
  }
  return NULL;
}

rl_db_table *rl_db_table_was(const rl_db *db, rl_str namespace_, rl_str was) {
  RL_DB_EACH_NAMED(i, &db->table_names, was) {
    rl_db_table *t = &db->tables.items[i];
    if (rl_str_eq(t->was, was) && rl_str_eq(t->namespace_, namespace_)) return t;
  }
  return NULL;
}

rl_db_table *rl_db_table_named(const rl_db *db, rl_str name) {
  RL_DB_EACH_NAMED(i, &db->table_names, name)
  if (rl_str_eq(db->tables.items[i].name, name)) return &db->tables.items[i];
  return NULL;
}

rl_db_enum *rl_db_add_enum(rl_arena *arena, rl_db *db, rl_str namespace_, rl_str name) {
  rl_db_enum *e = RL_DB_ADD(arena, &db->enums);
  if (!e || !rl_db_names_put(arena, &db->enum_names, name, db->enums.count - 1)) return NULL;
  e->namespace_ = namespace_;
  e->name = name;
  return e;
}

bool rl_db_rename_enum(rl_arena *arena, rl_db *db, rl_db_enum *e, rl_str name) {
  e->name = name;
  return rl_db_names_put(arena, &db->enum_names, name, (size_t)(e - db->enums.items));
}

rl_db_enum *rl_db_enum_of(const rl_db *db, rl_str namespace_, rl_str name) {
  RL_DB_EACH_NAMED(i, &db->enum_names, name) {
    rl_db_enum *e = &db->enums.items[i];
    if (rl_str_eq(e->name, name) && rl_str_eq(e->namespace_, namespace_)) return e;
  }
  return NULL;
}

rl_db_enum *rl_db_enum_named(const rl_db *db, rl_str name) {
  RL_DB_EACH_NAMED(i, &db->enum_names, name)
  if (rl_str_eq(db->enums.items[i].name, name)) return &db->enums.items[i];
  return NULL;
}

rl_db_view *rl_db_add_view(rl_arena *arena, rl_db *db, rl_str namespace_, rl_str name) {
  rl_db_view *v = RL_DB_ADD(arena, &db->views);
  if (!v || !rl_db_names_put(arena, &db->view_names, name, db->views.count - 1)) return NULL;
  v->namespace_ = namespace_;
  v->name = name;
  return v;
}

rl_db_view *rl_db_view_of(const rl_db *db, rl_str namespace_, rl_str name) {
  RL_DB_EACH_NAMED(i, &db->view_names, name) {
    rl_db_view *v = &db->views.items[i];
    if (rl_str_eq(v->name, name) && rl_str_eq(v->namespace_, namespace_)) return v;
  }
  return NULL;
}
