/* The public functions that say what is touched, and that make answers stale. */
#include <rille/cache.h>

#include "api/handle.h"
#include "base/alloc.h"
#include "run/answers.h"
#include "run/revalidate.h"

int rille_client_caches(const rille_client *c) {
  return rl_client_caches(c->client);
}

rille_status rille_op_set_touches(rille_op *op, const int32_t *models, size_t count, rille_error **err) {
  rl_error error = {0};
  const rl_schema *s = op->op.client->schema;
  const rl_model **list = rl_calloc(count + 1, sizeof *list);
  rille_status st = list ? RILLE_OK : rl_fail_nomem(&error);
  for (size_t i = 0; i < count && st == RILLE_OK; i++) {
    if (models[i] < 0 || (size_t)models[i] >= s->model_count)
      st = rl_fail(&error, RL_VALIDATION, "touches: there is no model number %d", (int)models[i]);
    else
      list[i] = s->models[models[i]];
  }
  if (st == RILLE_OK) st = rl_op_set_touches(&op->op, list, count, &error);
  rl_free(list);
  return rl_box(st, &error, err);
}

static rille_status add_tag(rl_names *out, size_t number, const char *tag, rl_error *err) {
  if (!tag || !*tag)
    return rl_fail(err, RL_VALIDATION, "tags[%zu]: expected a string with at least one character", number);
  rl_names_add(out, rl_name_of_tag(rl_str_of(tag)));
  return RILLE_OK;
}

/* A path begins with a slash. A star is allowed only as its last part. */
static bool is_path(const char *path) {
  const char *star = path ? strchr(path, '*') : NULL;
  return path && path[0] == '/' && (!star || (star[1] == 0 && star[-1] == '/'));
}

static rille_status add_path(rl_names *out, size_t number, const char *path, rl_error *err) {
  if (!is_path(path))
    return rl_fail(err, RL_VALIDATION,
                   "paths[%zu]: expected a path such as \"/posts\", or \"/posts/*\" for all below it", number);
  rl_names_add(out, rl_name_of_path(rl_str_of(path)));
  return RILLE_OK;
}

rille_status rille_op_revalidate(rille_op *op, rille_tx *tx, const char *const *tags, size_t tag_count,
                                 const char *const *paths, size_t path_count, rille_error **err) {
  rl_error error = {0};
  rl_names names;
  rille_status st = RILLE_OK;
  rl_names_init(&names);
  for (size_t i = 0; i < tag_count && st == RILLE_OK; i++) st = add_tag(&names, i + 1, tags[i], &error);
  for (size_t i = 0; i < path_count && st == RILLE_OK; i++) st = add_path(&names, i + 1, paths[i], &error);
  if (st == RILLE_OK) st = rl_op_start_revalidate(&op->op, tx ? &tx->tx : NULL, &names, &error);
  rl_names_dispose(&names);
  return rl_box(st, &error, err);
}
