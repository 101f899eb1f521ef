/* Checks what a program is said to touch against its SQL: every table that a statement names must be known. */
#ifndef SPEC_PLAN_TOUCH_SQL_H
#define SPEC_PLAN_TOUCH_SQL_H

#include "plan_fixture.h"
#include "base/sql_scan.h"
#include "plan/touch.h"
#include "sql/sql.h"

static bool reads_table(const rl_touch *touch, rl_str table) {
  for (size_t i = 0; i < touch->read_count; i++)
    if (rl_str_eq(touch->reads[i], table)) return true;
  return false;
}

static bool writes_table(const rl_touch *touch, rl_str table) {
  for (size_t i = 0; i < touch->write_count; i++)
    if (rl_str_eq(touch->writes[i].table, table)) return true;
  return false;
}

/* Returns the last part of the name at the scan: "public"."User". Names with @ are of parts of the
 * statement itself. */
static rl_str table_at(rl_sql_scan *scan) {
  rl_str table = {NULL, 0};
  for (;;) {
    rl_sql_scan before = *scan;
    rl_sql_token token = rl_sql_next_solid(scan);
    if (token.kind != RL_SQL_NAME) {
      *scan = before;
      return table;
    }
    table = rl_str_make(token.text.p + 1, token.text.len - 2);
    before = *scan;
    if (rl_sql_is_sign(rl_sql_next_solid(scan), '.')) continue;
    *scan = before;
    return table.p[0] == '@' ? (rl_str){NULL, 0} : table;
  }
}

/* Returns the number of tables found. */
static size_t check_statement(const rl_touch *touch, rl_str sql, rl_provider provider) {
  rl_sql_scan scan;
  rl_sql_scan_init(&scan, sql, provider);
  size_t found = 0;
  bool deletes = false;
  for (rl_sql_token t = rl_sql_next_solid(&scan); t.kind != RL_SQL_END; t = rl_sql_next_solid(&scan)) {
    bool writes = rl_sql_is_word(t, "INTO") || rl_sql_is_word(t, "UPDATE") || (deletes && rl_sql_is_word(t, "FROM"));
    bool reads = rl_sql_is_word(t, "FROM") || rl_sql_is_word(t, "JOIN") || rl_sql_is_word(t, "USING");
    deletes = rl_sql_is_word(t, "DELETE");
    rl_str table = writes || reads ? table_at(&scan) : (rl_str){NULL, 0};
    if (!table.len) continue;
    found++;
    if (writes ? !writes_table(touch, table) : !reads_table(touch, table) && !writes_table(touch, table))
      fail_msg("%.*s is %s, but not known to be: %.*s", RL_STR_ARG(table), writes ? "written" : "read",
               RL_STR_ARG(sql));
  }
  return found;
}

/* Checks all statements of the plan, which is one for the dialect's features. */
static void check_sql(const rl_dialect *dialect, planned *p, const rl_touch *touch) {
  rl_program *program = NULL;
  if (rl_sql_render(dialect, p->schema, p->plan, &p->arena, &program, &p->error) != RILLE_OK)
    fail_msg("not rendered: %s", rl_error_message(&p->error));
  for (size_t i = 0; i < p->plan->step_count; i++) {
    const rl_template *t = program->steps[i].main.sql ? &program->steps[i].main : &program->steps[i].one;
    if (!t->sql) continue;
    size_t found = check_statement(touch, rl_str_make(t->sql, t->sql_len), dialect->provider);
    if (!found) fail_msg("no table in %s", t->sql);
  }
}

/* Checks the call against the SQL of every database. */
static void check_call(rl_schema *schema, const char *model, rille_action action, const char *call) {
  for (RL_EACH_PROVIDER(provider)) {
    const rl_dialect *dialect = rl_dialects[provider];
    planned p = plan_with(schema, &dialect->features, model, action, call);
    rl_touch *touch = p.plan ? rl_touch_of_plan(schema, p.plan) : NULL;
    if (touch) check_sql(dialect, &p, touch); /* otherwise the database cannot do it */
    rl_touch_free(touch);
    plan_done(&p);
  }
}

#endif
