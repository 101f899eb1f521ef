/* Results as JSON: whole, in pieces, in batches, what is refused, short of memory. */
#include "../base/failing_allocator.h"
#include "running/running.h"

#define FEED "{'order_by':[{'id':'asc'}],'include':{'posts':{'include':{'tags':true}},'_count':true}}"

typedef struct text {
  rille_status status;
  char code[16], message[300], json[4096];
} text;

/* What rille_op_json gives after a status. */
static void take(rille_op *op, text *out) {
  const char *json;
  size_t len;
  rille_error *err = NULL;
  if (rille_op_json(op, &json, &len, &err) < 0) {
    snprintf(out->code, sizeof out->code, "%s", err ? rille_error_code(err) : "");
    snprintf(out->message, sizeof out->message, "%s", err ? rille_error_message(err) : "");
    rille_error_free(err);
    out->json[0] = 0;
    return;
  }
  snprintf(out->json, sizeof out->json, "%.*s", (int)len, json);
}

static text pull(rille_op *op, rille_status st, rille_error *err) {
  text out;
  rille_row row;
  memset(&out, 0, sizeof out);
  while (st == RILLE_OK || st == RILLE_AGAIN) {
    st = rille_op_next(op, &row, &err);
    if (st == RILLE_AGAIN) wait_for_op(op);
  }
  assert_int_not_equal(st, RILLE_ROW);
  out.status = st;
  snprintf(out.code, sizeof out.code, "%s", err ? rille_error_code(err) : "");
  snprintf(out.message, sizeof out.message, "%s", err ? rille_error_message(err) : "");
  rille_error_free(err);
  if (st >= 0) take(op, &out);
  return out;
}

static text ask(world *w, const char *model, rille_action action, const char *json, uint32_t how) {
  rille_op *op = rille_op_new(w->client);
  rille_tape *tape = rille_tape_new();
  rille_error *err = NULL;
  rille_op_set_json(op, how);
  rille_status st = start_call(op, NULL, model, action, tape, json, &err);
  text out = pull(op, st, err);
  rille_op_free(op);
  rille_tape_free(tape);
  return out;
}

#define expect_json(got, text_)                                                                                        \
  do {                                                                                                                 \
    text got_ = (got);                                                                                                 \
    if (got_.code[0]) fail_msg("%s: %s", got_.code, got_.message);                                                     \
    assert_string_equal(got_.json, text_);                                                                             \
  } while (0)
#define expect_refused(got, code_, part_)                                                                              \
  do {                                                                                                                 \
    text got_ = (got);                                                                                                 \
    assert_string_equal(got_.code, code_);                                                                             \
    if (!strstr(got_.message, part_)) fail_msg("%s", got_.message);                                                    \
  } while (0)

static void fill(world *w) {
  static const char first[] =
      "{'data':{'email':'a','name':'A \\\\ \\u00e9','posts':{'create':[{'title':'p1','tags':{'create':[{'name':'x'},"
      "{'name':'y'}]}},{'title':'p2'}]}}}";
  static const char *const users[] = {
      first, "{'data':{'email':'b','rank':'OLD'}}",
      "{'data':{'email':'c','posts':{'create':[{'title':'p3','tags':{'connect':[{'name':'y'}]}}]}}}"};
  for (size_t i = 0; i < 3; i++) {
    answer a = call(w->client, NULL, "user", RILLE_CREATE, users[i]);
    if (a.status != RILLE_DONE) fail_msg("%s", a.message);
  }
}

static const char feed[] =
    "[{\"id\":1,\"email\":\"a\",\"name\":\"A \\\\ \xc3\xa9\",\"rank\":\"NEW\",\"posts\":[{\"id\":1,\"title\":\"p1\","
    "\"score\":0,\"authorId\":1,\"tags\":[{\"id\":1,\"name\":\"x\"},{\"id\":2,\"name\":\"y\"}]},{\"id\":2,\"title\":"
    "\"p2\",\"score\":0,\"authorId\":1,\"tags\":[]}],\"_count\":{\"posts\":2}},{\"id\":2,\"email\":\"b\",\"rank\":"
    "\"OLD\",\"posts\":[],\"_count\":{\"posts\":0}},{\"id\":3,\"email\":\"c\",\"rank\":\"NEW\",\"posts\":[{\"id\":3,"
    "\"title\":\"p3\",\"score\":0,\"authorId\":3,\"tags\":[{\"id\":2,\"name\":\"y\"}]}],\"_count\":{\"posts\":1}}]";

static void whole(world *w) {
  fill(w);
  expect_json(ask(w, "user", RILLE_FIND_MANY, FEED, 0), feed);
  expect_json(ask(w, "user", RILLE_FIND_MANY, "{'where':{'id':9},'include':{'posts':true}}", 0), "[]");
  expect_json(ask(w, "user", RILLE_FIND_MANY, "{'where':{'id':9}}", 0), "[]");
  expect_json(ask(w, "user", RILLE_FIND_FIRST, "{'where':{'id':9}}", 0), "null");
  expect_json(ask(w, "user", RILLE_FIND_UNIQUE, "{'where':{'id':2}}", RILLE_JSON_NULLS),
              "{\"id\":2,\"email\":\"b\",\"name\":null,\"rank\":\"OLD\"}");
  expect_json(ask(w, "user", RILLE_FIND_FIRST, "{'where':{'id':2},'select':{'name':true}}", 0), "{}");
  expect_json(ask(w, "user", RILLE_FIND_FIRST, "{'where':{'id':2},'select':{'name':true,'posts':true}}", 0),
              "{\"posts\":[]}");
  expect_json(ask(w, "post", RILLE_FIND_MANY,
                  "{'order_by':[{'id':'asc'}],'select':{'author':{'select':{'email':true}},'id':true}}", 0),
              "[{\"id\":1,\"author\":{\"email\":\"a\"}},{\"id\":2,\"author\":{\"email\":\"a\"}},{\"id\":3,\"author\":{"
              "\"email\":\"c\"}}]");
  expect_json(ask(w, "user", RILLE_COUNT, "{}", 0), "3");
  expect_json(ask(w, "user", RILLE_EXISTS, "{'where':{'id':9}}", 0), "false");
  expect_json(ask(w, "post", RILLE_AGGREGATE, "{'_count':{'title':true,'_all':true,'id':true},'_max':{'id':true}}", 0),
              "{\"_count\":{\"id\":3,\"title\":3,\"_all\":3},\"_max\":{\"id\":3}}");
  expect_json(ask(w, "tag", RILLE_CREATE, "{'data':{'name':'new'}}", 0), "{\"id\":3,\"name\":\"new\"}");
  expect_json(ask(w, "tag", RILLE_DELETE, "{'where':{'name':'new'},'include':{'posts':true}}", 0),
              "{\"id\":3,\"name\":\"new\",\"posts\":[]}");
}

static void pieces(world *w) {
  rille_tape *tape = rille_tape_new();
  fill(w);
  for (uint32_t batch = 1; batch <= 4; batch++)
    for (int blocking = 0; blocking < 2; blocking++) {
      rille_op *op = rille_op_new(w->client);
      rille_error *err = NULL;
      char joined[4096] = "";
      rille_op_set_stream(op, batch);
      rille_op_set_json(op, 0);
      rille_status st = start_call(op, NULL, "user", RILLE_FIND_MANY, tape, FEED, &err);
      rille_op_set_blocking(op, blocking);
      text t;
      int count = 0;
      do {
        t = pull(op, st, err);
        if (t.code[0]) fail_msg("%s", t.message);
        strcat(joined, t.json);
        count++;
      } while (t.status == RILLE_BATCH);
      assert_int_equal(t.status, RILLE_DONE);
      assert_string_equal(joined, feed);
      assert_int_equal(count, batch == 1 ? 4 : batch == 2 ? 2 : batch == 3 ? 2 : 1);
      rille_op_free(op);
    }
  rille_tape_free(tape);
}

static void batches(world *w) {
  static const char *const calls[] = {"{'select':{'id':true,'posts':{'select':{'id':true}}},'order_by':[{'id':'asc'}]}",
                                      "{}", "{'where':{'id':9}}"};
  static const rille_action actions[] = {RILLE_FIND_MANY, RILLE_COUNT, RILLE_FIND_FIRST};
  rille_op *op = rille_op_new(w->client);
  rille_tape *tapes[3];
  rille_error *err = NULL;
  fill(w);
  must(rille_op_batch(op, NULL, 0, &err), err);
  for (int i = 0; i < 3; i++) {
    tapes[i] = rille_tape_new();
    write_tape(tapes[i], calls[i]);
    if (i != 1) rille_op_set_json(op, 0);
    must(rille_op_batch_model(op, 0, actions[i], tapes[i], &err), err);
  }
  must(rille_op_batch_run(op, NULL, &err), err);
  rille_row row;
  assert_int_equal(rille_op_next(op, &row, &err), RILLE_ROW); /* of the count only */
  assert_int_equal(rille_op_part(op), 1);
  assert_int_equal(row.cells[0].as.i, 3);
  text t = pull(op, RILLE_OK, NULL);
  assert_int_equal(t.status, RILLE_DONE);
  expect_refused(t, "VALIDATION", "no JSON"); /* the part asked for is the count */
  rille_op_set_part(op, 0);
  assert_int_equal(rille_op_result(op), RILLE_RESULT_JSON);
  take(op, &t);
  assert_string_equal(t.json, "[{\"id\":1,\"posts\":[{\"id\":1},{\"id\":2}]},{\"id\":2,\"posts\":[]},{\"id\":3,"
                              "\"posts\":[{\"id\":3}]}]");
  rille_op_set_part(op, 2);
  take(op, &t);
  assert_string_equal(t.json, "null");
  take(op, &t); /* once more */
  assert_string_equal(t.json, "null");
  for (int i = 0; i < 3; i++) rille_tape_free(tapes[i]);
  rille_op_free(op);
}

static void refused(world *w) {
  fill(w);
  expect_refused(ask(w, "tag", RILLE_CREATE_MANY, "{'data':[{'name':'q'}]}", 0), "VALIDATION", "create_many");
  expect_refused(ask(w, "tag", RILLE_DELETE_MANY, "{'where':{'id':1}}", 0), "VALIDATION", "delete_many");
  expect_refused(ask(w, "user", RILLE_FIND_MANY, "{'nothing':1}", 0), "VALIDATION", "nothing");
  rille_op *op = rille_op_new(w->client);
  rille_tape *tape = rille_tape_new();
  rille_error *err = NULL;
  text t = {0};
  take(op, &t); /* nothing was started */
  assert_string_equal(t.code, "VALIDATION");
  rille_op_set_json(op, 0);
  must(start_call(op, NULL, "user", RILLE_FIND_MANY, tape, "{}", &err), err);
  take(op, &t); /* it has not ended */
  assert_string_equal(t.code, "VALIDATION");
  assert_int_equal(pull(op, RILLE_OK, NULL).status, RILLE_DONE);
  /* it was for that call alone */
  expect_rows(call_with(op, NULL, "user", RILLE_COUNT, "{}"), "(3)");
  rille_op_set_json(op, 0);
  must(start_call(op, NULL, "user", RILLE_FIND_FIRST_OR_THROW, tape, "{'where':{'id':9}}", &err), err);
  expect_refused(pull(op, RILLE_OK, NULL), "P2025", "");
  take(op, &t); /* it has failed */
  assert_string_equal(t.code, "VALIDATION");
  rille_op_free(op);
  rille_tape_free(tape);
}

/* SQLite keeps any bytes as text. The call has happened, and its error names the place. */
static void not_utf8(void **state) {
  (void)state;
  world w;
  open_world(&w, false, blog_schema, "", 2);
  fill(&w);
  assert_int_equal(raw(w.client, NULL, "UPDATE \"Tag\" SET name = CAST(x'61ff' AS TEXT) WHERE id = 2", NULL).status,
                   RILLE_DONE);
  expect_refused(ask(&w, "tag", RILLE_FIND_MANY, "{}", 0), "P2006", "[2].name: ");
  expect_refused(ask(&w, "tag", RILLE_FIND_UNIQUE, "{'where':{'id':2}}", 0), "P2006", "name: ");
  expect_refused(ask(&w, "user", RILLE_FIND_MANY, FEED, 0), "P2006", "[1].posts[1].tags[2].name: ");
  expect_refused(ask(&w, "tag", RILLE_DELETE, "{'where':{'id':2}}", 0), "P2006", "name: ");
  expect_rows(call(w.client, NULL, "tag", RILLE_COUNT, "{}"), "(1)");
  close_world(&w);
}

/* ------------------------------------------------------------------ shortage of memory */

static rille_status pull_all(rille_client *c, uint32_t batch) {
  rille_op *op = rille_op_new(c);
  rille_tape *tape = op ? rille_tape_new() : NULL;
  rille_status st = tape ? RILLE_OK : RILLE_NOMEM;
  rille_row row;
  const char *json;
  size_t len, total = 0;
  if (st == RILLE_OK) {
    if (batch) rille_op_set_stream(op, batch);
    rille_op_set_json(op, 0);
    st = start_call(op, NULL, "user", RILLE_FIND_MANY, tape, FEED, NULL);
  }
  while (st == RILLE_OK || st == RILLE_BATCH) {
    st = rille_op_next(op, &row, NULL);
    if (st == RILLE_BATCH || st == RILLE_DONE) {
      rille_status taken = rille_op_json(op, &json, &len, NULL);
      total += len;
      if (taken < 0) st = taken;
    }
  }
  if (st == RILLE_DONE) assert_int_equal(total, sizeof feed - 1);
  rille_op_free(op);
  rille_tape_free(tape);
  return st;
}

static void short_of_memory(world *w) {
  fill(w);
  for (uint32_t batch = 0; batch < 3; batch++)
    for (long n = 0;; n++) {
      failing_allocator f = {.left = n};
      rl_allocator_set(failing_alloc, &f);
      rille_client_options o = {.struct_size = sizeof o, .url = w->url, .schema = w->schema, .pool_size = 2};
      rille_client *c = NULL;
      bool done = rille_client_open(&o, &c, NULL) == RILLE_OK && pull_all(c, batch) == RILLE_DONE;
      if (c) rille_client_release(c);
      rl_allocator_set(NULL, NULL);
      if (f.live != 0) fail_msg("request %ld failed: %ld blocks leaked", n, f.live);
      if (f.failed) continue;
      assert_true(done && n > 20);
      break;
    }
}

#define ON_BOTH(name)                                                                                                  \
  static void test_##name(void **state) {                                                                              \
    (void)state;                                                                                                       \
    on_both(name, "", 2);                                                                                              \
  }
ON_BOTH(whole)
ON_BOTH(pieces)
ON_BOTH(batches)
ON_BOTH(refused)
static void test_short_of_memory(void **state) {
  (void)state;
  on_both(short_of_memory, "", 3); /* another pool than that of the test */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_whole),   cmocka_unit_test(test_pieces), cmocka_unit_test(test_batches),
      cmocka_unit_test(test_refused), cmocka_unit_test(not_utf8),    cmocka_unit_test(test_short_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
