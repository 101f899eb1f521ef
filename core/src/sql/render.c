/* Turns a plan into a program: every step becomes a statement with its parameters and columns. */
#include "sql/render.h"

static bool numbers_rows(const rl_step *step) {
  const rl_field *key = step->kind == RL_STEP_INSERT ? rl_sql_numbered_key(step->as.insert) : NULL;
  for (size_t i = 0; key && i < step->as.insert->assign_count; i++)
    if (step->as.insert->assigns[i].field == key) return false;
  return key != NULL;
}

static void write_statement(rl_writer *w, const rl_step *step) {
  switch (step->kind) {
  case RL_STEP_SELECT: rl_sql_select(w, step->as.select); return;
  case RL_STEP_INSERT:
    if (step->as.insert->link)
      rl_sql_link_rows(w, step->as.insert);
    else
      rl_sql_insert(w, step->as.insert);
    break;
  case RL_STEP_UPDATE: rl_sql_update(w, step->as.update); break;
  case RL_STEP_DELETE: rl_sql_delete(w, step->as.delete_); break;
  case RL_STEP_RAISE:
  case RL_STEP_MERGE: return;
  }
  rl_sql_returning(w, step);
}

static rille_status render_step(const rl_dialect *dialect, const rl_schema *schema, const rl_step *step,
                                rl_arena *arena, rl_step_sql *out, rl_error *err) {
  if (step->kind == RL_STEP_RAISE || step->kind == RL_STEP_MERGE) return RILLE_OK;
  if (rl_step_rows(step)) return rl_sql_bulk(dialect, schema, step, NULL, arena, out, err);
  bool select = step->kind == RL_STEP_SELECT;
  rl_template *t = &out->main;
  rl_writer w;
  rl_w_init(&w, dialect, schema, arena, err);
  write_statement(&w, step);
  if (select)
    rl_template_columns(&w, step->as.select, step->as.select->columns, step->as.select->column_count, t);
  else
    rl_template_columns(&w, NULL, step->returning, step->returning_count, t);
  t->writes = !select;
  t->returns_rows = select || step->returning_count > 0;
  t->numbers_rows = numbers_rows(step);
  rille_status status = rl_w_finish(&w, t);
  rl_w_dispose(&w);
  return status;
}

rille_status rl_sql_render(const rl_dialect *dialect, const rl_schema *schema, rl_plan *plan, rl_arena *arena,
                           rl_program **out, rl_error *err) {
  *out = NULL;
  rl_program *program = RL_NEW(arena, rl_program);
  if (!program) return rl_fail_nomem(err);
  program->plan = plan;
  program->steps = RL_NEW_ARRAY(arena, rl_step_sql, plan->step_count + 1);
  if (!program->steps) return rl_fail_nomem(err);
  for (size_t i = 0; i < plan->step_count; i++) {
    rille_status status = render_step(dialect, schema, &plan->steps[i], arena, &program->steps[i], err);
    if (status != RILLE_OK) return status;
  }
  *out = program;
  return RILLE_OK;
}

rille_status rl_sql_render_bulk(const rl_dialect *dialect, const rl_schema *schema, const rl_step *step,
                                const bool *given, rl_arena *arena, rl_step_sql *out, rl_error *err) {
  memset(out, 0, sizeof *out);
  return rl_sql_bulk(dialect, schema, step, given, arena, out, err);
}
