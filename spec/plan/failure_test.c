/* Planning when out of memory: an error each time, and nothing leaks. The same call has the same plan afterwards. */
#include "plan_fixture.h"
#include "blog_schema.h"
#include "../base/failing_allocator.h"

typedef struct work {
  const rl_schema *schema;
  const rl_query *query;
  bool complete;
} work;

static bool plan_once(void *argument) {
  work *w = argument;
  rl_arena arena;
  rl_arena_init(&arena, 64);
  rl_error error = {0};
  rl_plan *plan = NULL;
  rille_status status = rl_plan_make(w->schema, w->query, &full_features, &arena, &plan, &error);
  bool right = status == RILLE_OK ? plan->step_count > 0 : status == RILLE_NOMEM && error.nomem && !plan;
  if (!right) w->complete = false;
  rl_error_clear(&error);
  rl_arena_dispose(&arena);
  return status == RILLE_OK;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  static const struct {
    const char *model;
    rille_action action;
    const char *call;
  } calls[] = {
      {"user", RILLE_FIND_MANY, "{include: {posts: {include: {tags: true}, take: 2}, boss: true}}"},
      {"user", RILLE_CREATE,
       "{data: {email: 'a', posts: {create: [{title: 'a', tags: {create: {name: 't'}}}]}}, include: {posts: true}}"},
      {"user", RILLE_UPDATE,
       "{where: {id: 1}, data: {drafts: {set: [{slug: 'x'}]}, profile: {upsert: {create: {}, update: {}}}}}"},
      {"user", RILLE_CREATE_MANY,
       "{data: [{email: 'a', posts: {create: [{title: 'x', tags: {create: {name: 'r'}}}], connect: {id: 'p'}}}]}"},
      {"user", RILLE_UPDATE_MANY, "{data: [{id: 1, name: 'a'}], on: ['id']}"},
      {"user", RILLE_UPSERT, "{where: {id: 1}, create: {email: 'a'}, update: {posts: {connect: {id: 'x'}}}}"},
  };
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    rl_schema *schema = schema_of(blog_schema);
    planned p = plan_with(schema, &full_features, calls[i].model, calls[i].action, calls[i].call);
    work w = {.schema = schema, .query = p.query, .complete = true};
    assert_true(fail_each_allocation(plan_once, &w, false) > 0);
    assert_true(w.complete);
    plan_done(&p);
    rl_schema_release(schema);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
