/* Tapes: each letter calls the writer, in any order. Reader, addresses, walks and JSON agree about what it accepts.
 * After a refusal it accepts nothing more. */
#include <string.h>

#include "base/map.h"
#include "fuzz/fuzz.h"
#include "tape/json.h"
#include "tape/tape.h"

/* The keys that open other contexts, a Json field, and some others. */
static const char *const keys[] = {"a", "data", "where", "set", "json", "create", "update", "some", ""};
enum { KEYS = sizeof keys / sizeof *keys };

static void write_letter(rl_tape *t, char letter, uint32_t n, rl_str rest) {
  switch (letter) {
  case '{': rl_tape_open_object(t); break;
  case '(': rl_tape_open_decoded(t, RL_DECODED_JSON); break;
  case '<': rl_tape_open_decoded(t, RL_DECODED_FORM); break;
  case 'e': rl_tape_empty_decoded_list(t, n % 2 ? RL_DECODED_JSON : RL_DECODED_FORM); break;
  case '}': rl_tape_close_object(t); break;
  case '[': rl_tape_open_list(t); break;
  case ']': rl_tape_close_list(t); break;
  case 'n': rl_tape_null(t); break;
  case 'b': rl_tape_bool(t, n % 2 == 0); break;
  case 'i': rl_tape_int(t, (int64_t)n - 3); break;
  case 'f': rl_tape_float(t, n == 9 ? 1e300 * 1e300 : n / 4.0); break;
  case 's': rl_tape_text_copy(t, rl_str_make(rest.p, rest.len < n ? rest.len : n)); break;
  case 'x': rl_tape_bytes(t, rl_str_make(rest.p, rest.len < n ? rest.len : n)); break;
  case 'd': rl_tape_decimal(t, n % 3 ? RL_STR("12.50") : RL_STR("NaN")); break;
  case 't': rl_tape_datetime(t, n == 9 ? INT64_MAX : n == 8 ? INT64_MIN : (int64_t)n * 1000000); break;
  case 'j': rl_tape_json(t, n % 2 ? RL_STR("{\"a\":[1,2]}") : RL_STR("nope")); break;
  case 'm': rl_tape_mark(t, (rl_mark)(1 + n % 7), n % 3 ? RL_STR("") : RL_STR("User.id")); break;
  default: break;
  }
}

/* "k0" to "k9" are keys, digits choose the value, and all except letters of values is ignored. */
static void write_all(rl_tape *t, rl_str text) {
  for (size_t i = 0; i < text.len; i++) {
    char next = i + 1 < text.len ? text.p[i + 1] : '0';
    uint32_t n = next >= '0' && next <= '9' ? (uint32_t)(next - '0') : 0;
    if (text.p[i] == 'k')
      rl_tape_key(t, rl_str_of(keys[n % KEYS]));
    else
      write_letter(t, text.p[i], n, rl_str_make(text.p + i + 1, text.len - i - 1));
  }
}

/* Expands every other list, pins every third value. */
static void decide(rl_arg_tree *tree, rl_arg *n, uint32_t *count) {
  if (n->kind == RL_ARG_LIST && ++*count % 2) FUZZ_CHECK(rl_arg_expand(tree, n, NULL) == RILLE_OK);
  if (n->value && ++*count % 3 == 0) rl_arg_pin(n);
  for (size_t i = 0; n->children && i < n->count; i++) decide(tree, &n->children[i], count);
}

static size_t check_addresses(const rl_tape *t, const uint32_t *anchors, const rl_arg *n) {
  size_t seen = 1;
  if (n->value) FUZZ_CHECK(rl_tape_at(t, anchors, n->address) == n->value);
  if (n->kind == RL_ARG_LIST) {
    rl_list_walk w;
    uint32_t shape, slot;
    size_t walked = 0;
    rl_list_walk_init(&w, t, n->shape_at, anchors[n->address.anchor] + n->address.offset);
    while (rl_list_walk_next(&w, &shape, &slot)) {
      (void)rl_tape_scalar(t, shape, slot);
      walked++;
    }
    FUZZ_CHECK(walked == n->count);
  }
  for (size_t i = 0; n->children && i < n->count; i++) seen += check_addresses(t, anchors, &n->children[i]);
  return seen;
}

static void check_tape(const rl_tape *t) {
  rl_arena arena;
  rl_arena_init(&arena, 0);
  rl_arg_tree *tree = NULL;
  rl_error err = {0};
  uint32_t count = 0;
  FUZZ_CHECK(rl_arg_tree_read(t, &arena, &tree, &err) == RILLE_OK);
  decide(tree, tree->root, &count);
  FUZZ_CHECK(rl_arg_tree_address(tree, &err) == RILLE_OK);
  uint32_t *anchors = RL_NEW_ARRAY(&arena, uint32_t, tree->run_count + 1);
  FUZZ_CHECK(rl_tape_anchors(t, tree->runs, tree->run_count, tree->pins, tree->pin_count, anchors));
  (void)check_addresses(t, anchors, tree->root);
  rl_buf json;
  rl_buf_init(&json);
  rille_status st = rl_arg_json(t, tree->root, &json, &err);
  if (st == RILLE_OK) {
    rl_tape again;
    rl_tape_init(&again);
    rl_tape_json(&again, rl_buf_view(&json));
    FUZZ_CHECK(rl_tape_end(&again, NULL) == RILLE_OK || json.len == 0);
    rl_tape_dispose(&again);
  }
  fuzz_check_error(st, &err);
  rl_buf_dispose(&json);
  rl_arena_dispose(&arena);
}

static void run(const uint8_t *data, size_t size) {
  rl_str text = {(const char *)data, size};
  rl_map json_keys;
  rl_map_init(&json_keys);
  FUZZ_CHECK(rl_map_put(&json_keys, RL_STR("json"), &json_keys));
  rl_tape t;
  rl_tape_init(&t);
  if (size % 2) rl_tape_json_keys(&t, &json_keys);
  write_all(&t, text);
  rl_error err = {0};
  rille_status st = rl_tape_end(&t, &err);
  if (st == RILLE_OK) {
    check_tape(&t);
    uint64_t hash = rl_tape_hash(&t);
    rl_tape_reset(&t); /* a reused tape writes the same */
    write_all(&t, text);
    FUZZ_CHECK(rl_tape_end(&t, &err) == RILLE_OK && rl_tape_hash(&t) == hash);
  }
  fuzz_check_error(st, &err);
  rl_tape_dispose(&t);
  rl_map_dispose(&json_keys);
}

static const char *const words[] = {"(k0", "<k1", "e1",    "(}", "{",  "}",  "[",     "]",      "k0", "k1{k4",
                                    "k2{", "k3",  "k4{k0", "[[", "]]", "i1", "s3abc", "{k0i1}", "m6", "m3",
                                    "n",   "b1",  "t9",    "d1", "f9", "j1", "x2",    NULL};

const fuzz_harness fuzz_tape = {
    .name = "tape", .run = run, .words = words, .longest = 2048, .short_runs = 4000, .share = 1};
