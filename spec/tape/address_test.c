/* The tree, addresses, anchors, pins and walks: addresses computed on the tape of one call must find the right values
 * on that of another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../base/failing_allocator.h"
#include "random.h"
#include "tape/tape.h"

/* Writes random arguments. `form` decides the shape and the lengths of lists to expand, and `content` the rest. So
 * two calls with the same form and different contents have the same shape. */
typedef struct writing {
  rl_tape *tape;
  uint64_t form, content;
  int64_t next; /* each value is another number */
} writing;

static const char *const keys[] = {"a", "b", "c", "some", "id", "where", "fixed"};

static void write_value(writing *w, int depth);

static void write_scalar(writing *w) {
  static const char *const texts[] = {"", "x", "longer text"};
  switch (random_below(&w->form, 7)) {
  case 0: rl_tape_null(w->tape); break;
  case 1: rl_tape_mark(w->tape, RL_MARK_FIELD, RL_STR("Model.field")); break;
  case 2: rl_tape_text(w->tape, rl_str_of(texts[random_below(&w->content, 3)])); break;
  case 3: rl_tape_float(w->tape, (double)w->next++); break;
  default: rl_tape_int(w->tape, w->next++); break;
  }
}

static void write_object(writing *w, int depth) {
  rl_tape_open_object(w->tape);
  unsigned members = random_below(&w->form, 4);
  for (unsigned i = 0; i < members; i++) {
    rl_tape_key(w->tape, rl_str_of(keys[random_below(&w->form, 6)]));
    write_value(w, depth - 1);
  }
  rl_tape_close_object(w->tape);
}

/* Every run has at least one element, because an empty list has another shape. */
static void write_list(writing *w, int depth, bool fixed) {
  rl_tape_open_list(w->tape);
  unsigned runs = random_below(&w->form, 3);
  for (unsigned r = 0; r < runs; r++) {
    unsigned count = 1 + random_below(fixed ? &w->form : &w->content, 4);
    uint64_t element = random_next(&w->form);
    for (unsigned i = 0; i < count; i++) {
      uint64_t kept = w->form;
      w->form = element;
      write_value(w, depth - 1);
      w->form = kept;
    }
  }
  rl_tape_close_list(w->tape);
}

static void write_value(writing *w, int depth) {
  unsigned choice = depth > 0 ? random_below(&w->form, 6) : 0;
  if (choice < 2)
    write_scalar(w);
  else if (choice == 2)
    write_list(w, depth, false);
  else if (choice == 3) { /* the key says which list to expand, so the test finds it in the tree */
    rl_tape_open_object(w->tape);
    rl_tape_key(w->tape, RL_STR("fixed"));
    write_list(w, depth, true);
    rl_tape_close_object(w->tape);
  } else
    write_object(w, depth);
}

static void write_call(rl_tape *t, uint64_t form, uint64_t content) {
  writing w = {t, form, content, (int64_t)(content % 1000) * 1000};
  rl_tape_reset(t);
  write_object(&w, 6);
  rl_error e = {0};
  if (rl_tape_end(t, &e) != RILLE_OK) fail_msg("%s", rl_error_message(&e));
}

static bool is_fixed(const rl_arg *n) {
  return n->kind == RL_ARG_LIST && rl_str_is(n->key, "fixed");
}

static void expand_fixed(rl_arg_tree *tree, rl_arg *n, bool pin) {
  if (is_fixed(n)) assert_int_equal(rl_arg_expand(tree, n, NULL), RILLE_OK);
  if (pin && n->value && n->slot % 3 == 0) rl_arg_pin(n);
  if (!n->children) return;
  for (size_t i = 0; i < n->count; i++) expand_fixed(tree, &n->children[i], pin);
}

static rl_arg_tree *read_tree(const rl_tape *t, rl_arena *arena) {
  rl_arg_tree *tree = NULL;
  assert_int_equal(rl_arg_tree_read(t, arena, &tree, NULL), RILLE_OK);
  return tree;
}

/* Walking the list from its address returns the same as writing it whole. */
static void assert_walk(const rl_tape *t, uint32_t shape_at, uint32_t first_slot) {
  rl_buf walked, whole;
  rl_buf_init(&walked);
  rl_buf_init(&whole);
  rl_list_walk w;
  rl_list_walk_init(&w, t, shape_at, first_slot);
  uint32_t shape, slot;
  rl_error e = {0};
  rl_buf_byte(&walked, '[');
  while (rl_list_walk_next(&w, &shape, &slot)) {
    if (walked.len > 1) rl_buf_byte(&walked, ',');
    if (rl_tape_to_json(t, shape, slot, &walked, &e) != RILLE_OK) rl_buf_text(&walked, "mark"), rl_error_clear(&e);
  }
  rl_buf_byte(&walked, ']');
  if (rl_tape_to_json(t, shape_at, first_slot, &whole, &e) == RILLE_OK)
    assert_string_equal(rl_buf_z(&walked), rl_buf_z(&whole));
  rl_error_clear(&e);
  rl_buf_dispose(&walked);
  rl_buf_dispose(&whole);
}

typedef struct comparing {
  const rl_tape *tape; /* of the second call */
  const uint32_t *anchors;
  size_t scalars, lists;
} comparing;

/* a: of the first call, with its address; b: the same argument, read from the second call. */
static void compare(comparing *c, const rl_arg *a, const rl_arg *b) {
  assert_int_equal(a->kind, b->kind);
  assert_int_equal(a->shape_at, b->shape_at);
  const rl_value *found = rl_tape_at(c->tape, c->anchors, a->address);
  assert_int_equal(found - c->tape->values, b->slot);
  if (b->value) {
    assert_ptr_equal(found, b->value);
    c->scalars++;
  }
  if (b->kind == RL_ARG_LIST) {
    assert_walk(c->tape, a->shape_at, (uint32_t)(found - c->tape->values));
    c->lists++;
  }
  if (!a->children) return;
  assert_int_equal(a->count, b->count);
  for (size_t i = 0; i < a->count; i++) compare(c, &a->children[i], &b->children[i]);
}

static void test_addresses_hold_in_other_calls(void **state) {
  (void)state;
  rl_tape first, second;
  rl_tape_init(&first);
  rl_tape_init(&second);
  rl_arena arena;
  rl_arena_init(&arena, 0);
  comparing c = {.tape = &second};
  size_t runs = 0, pins = 0, held = 0, broken = 0;
  for (uint64_t form = 1; form <= 4000; form++) {
    rl_arena_reset(&arena);
    write_call(&first, form, form * 3 + 1);
    write_call(&second, form, form * 7 + 2);
    assert_true(rl_tape_hash(&first) == rl_tape_hash(&second));
    assert_int_equal(first.shape.len, second.shape.len);
    rl_arg_tree *a = read_tree(&first, &arena), *b = read_tree(&second, &arena);
    expand_fixed(a, a->root, true);
    expand_fixed(b, b->root, false);
    assert_int_equal(rl_arg_tree_address(a, NULL), RILLE_OK);
    uint32_t *anchors = RL_NEW_ARRAY(&arena, uint32_t, a->run_count + 1);
    assert_true(rl_tape_anchors(&first, a->runs, a->run_count, a->pins, a->pin_count, anchors));
    c.anchors = anchors;
    bool holds = rl_tape_anchors(&second, a->runs, a->run_count, a->pins, a->pin_count, anchors);
    /* expanded lists have the same length in both */
    assert_true(rl_tape_anchors(&second, a->runs, a->run_count, NULL, 0, anchors));
    compare(&c, a->root, b->root);
    held += holds;
    broken += !holds;
    runs += a->run_count;
    pins += a->pin_count;
  }
  /* The test is useful only if all of this occurred. */
  assert_true(c.scalars > 2000 && c.lists > 1000 && runs > 1000 && pins > 1000 && held > 100 && broken > 100);
  rl_arena_dispose(&arena);
  rl_tape_dispose(&first);
  rl_tape_dispose(&second);
}

/* ------------------------------------------------------------------ one call, written by hand */

typedef struct call {
  const char *mode;
  int64_t take;
  double factor;
  int ids, rows;
  int64_t x, y;
} call;

/* { where = { id = {ids...}, mode = ..., rows = {{ tags = {...}, n = 1 }...} }, take, factor, x, y } */
static void write_known(rl_tape *t, call c) {
  rl_tape_reset(t);
  rl_tape_open_object(t);
  rl_tape_key(t, RL_STR("where"));
  rl_tape_open_object(t);
  rl_tape_key(t, RL_STR("id"));
  rl_tape_open_list(t);
  for (int i = 0; i < c.ids; i++) rl_tape_int(t, i);
  rl_tape_close_list(t);
  rl_tape_key(t, RL_STR("mode"));
  rl_tape_text(t, rl_str_of(c.mode));
  rl_tape_key(t, RL_STR("rows"));
  rl_tape_open_list(t);
  for (int i = 0; i < c.rows; i++) {
    rl_tape_open_object(t);
    rl_tape_key(t, RL_STR("tags"));
    rl_tape_open_list(t);
    for (int j = 0; j <= i + c.ids % 2; j++) rl_tape_int(t, 100 * i + j);
    rl_tape_close_list(t);
    rl_tape_key(t, RL_STR("n"));
    rl_tape_int(t, i);
    rl_tape_close_object(t);
  }
  rl_tape_close_list(t);
  rl_tape_close_object(t);
  rl_tape_key(t, RL_STR("take"));
  rl_tape_int(t, c.take);
  rl_tape_key(t, RL_STR("factor"));
  rl_tape_float(t, c.factor);
  rl_tape_key(t, RL_STR("x"));
  rl_tape_int(t, c.x);
  rl_tape_key(t, RL_STR("y"));
  rl_tape_int(t, c.y);
  rl_tape_close_object(t);
  assert_int_equal(rl_tape_end(t, NULL), RILLE_OK);
}

static const call usual = {"insensitive", -5, 1.5, 3, 2, 7, 7};

typedef struct known {
  rl_tape tape;
  rl_arena arena;
  rl_arg_tree *tree;
  rl_arg *where, *ids, *rows;
} known;

static known k;

static int set_up(void **state) {
  (void)state;
  rl_tape_init(&k.tape);
  rl_arena_init(&k.arena, 0);
  write_known(&k.tape, usual);
  k.tree = read_tree(&k.tape, &k.arena);
  k.where = rl_arg_get(k.tree->root, "where");
  k.ids = rl_arg_get(k.where, "id");
  k.rows = rl_arg_get(k.where, "rows");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  rl_arena_dispose(&k.arena);
  rl_tape_dispose(&k.tape);
  return 0;
}

static void test_reading(void **state) {
  (void)state;
  assert_int_equal(k.tree->root->kind, RL_ARG_OBJECT);
  assert_int_equal(k.tree->root->count, 5);
  assert_int_equal(k.ids->kind, RL_ARG_LIST);
  assert_int_equal(k.ids->count, 3);
  assert_int_equal(k.ids->element, RL_ARG_INT);
  assert_false(k.ids->mixed || k.ids->expanded);
  assert_int_equal(k.rows->element, RL_ARG_OBJECT);
  assert_null(rl_arg_get(k.where, "absent"));
  assert_null(rl_arg_get(k.ids, "id"));
  assert_int_equal(rl_arg_get(k.tree->root, "take")->value->as.i, -5);
  assert_int_equal(rl_arg_path(&k.arena, k.tree->root).len, 0);
  assert_int_equal(rl_arg_expand(k.tree, k.rows, NULL), RILLE_OK);
  rl_arg *tags = rl_arg_get(&k.rows->children[1], "tags");
  assert_int_equal(tags->count, 3);
  assert_int_equal(rl_arg_expand(k.tree, tags, NULL), RILLE_OK);
  assert_int_equal(tags->children[2].value->as.i, 102);
  assert_true(rl_str_is(rl_arg_path(&k.arena, &tags->children[2]), "where.rows[2].tags[3]"));
  rl_buf out;
  rl_buf_init(&out);
  assert_int_equal(rl_arg_json(&k.tape, k.rows, &out, NULL), RILLE_OK);
  assert_string_equal(rl_buf_z(&out), "[{\"tags\":[0,1],\"n\":0},{\"tags\":[100,101,102],\"n\":1}]");
  rl_buf_dispose(&out);
}

static bool holds_for(call c) {
  rl_tape t;
  rl_tape_init(&t);
  write_known(&t, c);
  assert_true(rl_tape_hash(&t) == rl_tape_hash(&k.tape));
  uint32_t anchors[8];
  assert_true(k.tree->run_count < 8);
  bool holds = rl_tape_anchors(&t, k.tree->runs, k.tree->run_count, k.tree->pins, k.tree->pin_count, anchors);
  rl_tape_dispose(&t);
  return holds;
}

static void test_pins(void **state) {
  (void)state;
  rl_arg *take = rl_arg_get(k.tree->root, "take"), *factor = rl_arg_get(k.tree->root, "factor");
  rl_arg *x = rl_arg_get(k.tree->root, "x"), *y = rl_arg_get(k.tree->root, "y");
  bool same = false;
  rl_arg_pin(rl_arg_get(k.where, "mode"));
  rl_arg_pin_sign(take);
  rl_arg_pin(factor);
  rl_arg_pin_sign(factor);
  assert_int_equal(rl_arg_pin_same(k.tree, x, y, &same, NULL), RILLE_OK);
  assert_true(same);
  assert_int_equal(rl_arg_pin_same(k.tree, x, factor, &same, NULL), RILLE_OK);
  assert_false(same);
  rl_arg_expand(k.tree, k.rows, NULL);
  assert_int_equal(rl_arg_tree_address(k.tree, NULL), RILLE_OK);
  assert_int_equal(k.tree->run_count, 1 + 2); /* id, and the tags of two rows */
  assert_int_equal(k.tree->pin_count, 5);
  assert_true(holds_for(usual));
  assert_true(holds_for((call){"insensitive", -90, 1.5, 400, 2, 8, 8}));
  assert_false(holds_for((call){"sensitive", -5, 1.5, 3, 2, 7, 7}));
  assert_false(holds_for((call){"insensitive", 0, 1.5, 3, 2, 7, 7}));
  assert_false(holds_for((call){"insensitive", 5, 1.5, 3, 2, 7, 7}));
  assert_false(holds_for((call){"insensitive", -5, 2.5, 3, 2, 7, 7}));
  assert_false(holds_for((call){"insensitive", -5, 1.5, 3, 3, 7, 7}));
  assert_false(holds_for((call){"insensitive", -5, 1.5, 3, 2, 7, 8}));
}

static void test_a_pinned_list_pins_its_length(void **state) {
  (void)state;
  rl_arg_pin(k.ids);
  rl_arg_tree_address(k.tree, NULL);
  assert_true(holds_for((call){"", 1, 1, 3, 9, 1, 2}));
  assert_false(holds_for((call){"", 1, 1, 4, 9, 1, 2}));
}

static void test_members_at_run_time(void **state) {
  (void)state;
  rl_arg_tree_address(k.tree, NULL);
  rl_tape t;
  rl_tape_init(&t);
  write_known(&t, (call){"m", 1, 1, 10, 5, 1, 2});
  uint32_t anchors[8];
  assert_true(rl_tape_anchors(&t, k.tree->runs, k.tree->run_count, k.tree->pins, k.tree->pin_count, anchors));
  rl_list_walk w;
  rl_list_walk_init(&w, &t, k.rows->shape_at, anchors[k.rows->address.anchor] + k.rows->address.offset);
  uint32_t shape, slot, value_shape, value_slot;
  rl_str key;
  int64_t row = 0;
  for (; rl_list_walk_next(&w, &shape, &slot); row++) {
    assert_int_equal(w.run_index, 0);
    assert_true(rl_tape_member(&t, &shape, &slot, &key, &value_shape, &value_slot));
    assert_true(rl_str_is(key, "tags"));
    assert_true(rl_tape_member(&t, &shape, &slot, &key, &value_shape, &value_slot));
    assert_true(rl_str_is(key, "n"));
    assert_int_equal(rl_tape_scalar(&t, value_shape, value_slot).as.i, row);
    assert_false(rl_tape_member(&t, &shape, &slot, &key, &value_shape, &value_slot));
    assert_false(rl_tape_member(&t, &shape, &slot, &key, &value_shape, &value_slot));
  }
  assert_int_equal(row, 5);
  rl_tape_dispose(&t);
}

static void test_runs_of_a_walk(void **state) {
  (void)state;
  rl_tape t;
  rl_tape_init(&t);
  rl_tape_open_list(&t);
  rl_tape_int(&t, 1);
  rl_tape_null(&t);
  rl_tape_null(&t);
  rl_tape_mark(&t, RL_MARK_ALL, RL_STR(""));
  rl_tape_text(&t, RL_STR("x"));
  rl_tape_close_list(&t);
  assert_int_equal(rl_tape_end(&t, NULL), RILLE_OK);
  rl_list_walk w;
  rl_list_walk_init(&w, &t, 0, 0);
  uint32_t shape, slot, runs[5];
  rl_value values[5];
  size_t count = 0;
  while (rl_list_walk_next(&w, &shape, &slot)) {
    runs[count] = w.run_index;
    values[count++] = rl_tape_scalar(&t, shape, slot);
  }
  assert_int_equal(count, 5);
  const uint32_t expected[5] = {0, 1, 1, 2, 3};
  assert_memory_equal(runs, expected, sizeof expected);
  assert_int_equal(values[0].as.i, 1);
  assert_int_equal(values[2].kind, RILLE_NULL);
  assert_int_equal(values[2].as.i, 0);
  assert_int_equal(values[3].kind, RILLE_NULL);
  assert_int_equal(values[3].as.i, RL_MARK_ALL);
  assert_int_equal(values[4].kind, RILLE_TEXT);
  rl_tape_dispose(&t);
}

static bool read_and_address(void *argument) {
  rl_arena arena;
  rl_arena_init(&arena, 16);
  rl_arg_tree *tree = NULL;
  rl_error e = {0};
  bool same;
  bool done = rl_arg_tree_read(argument, &arena, &tree, &e) == RILLE_OK;
  rl_arg *where = done ? rl_arg_get(tree->root, "where") : NULL;
  if (done) rl_arg_pin(rl_arg_get(where, "mode"));
  done = done && rl_arg_pin_same(tree, rl_arg_get(tree->root, "x"), rl_arg_get(tree->root, "y"), &same, &e) == RILLE_OK;
  done = done && rl_arg_expand(tree, rl_arg_get(where, "rows"), &e) == RILLE_OK;
  done = done && rl_arg_tree_address(tree, &e) == RILLE_OK;
  if (done == e.nomem) abort();
  rl_error_clear(&e);
  rl_arena_dispose(&arena);
  return done;
}

static void test_every_allocation_may_fail(void **state) {
  (void)state;
  assert_true(fail_each_allocation(read_and_address, &k.tape, false) > 2);
}

#define KNOWN(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_addresses_hold_in_other_calls),
      KNOWN(test_reading),
      KNOWN(test_pins),
      KNOWN(test_a_pinned_list_pins_its_length),
      KNOWN(test_members_at_run_time),
      cmocka_unit_test(test_runs_of_a_walk),
      KNOWN(test_every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
