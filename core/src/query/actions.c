/* The table of actions, and which arguments each takes. */
#include "query/bind.h"

enum {
#define RL_ARGUMENT(id, name, type, model_type, note) NUMBER_##id,
#include "query/actions.def"
  NUMBERS
};

enum {
#define RL_ARGUMENT(id, name, type, model_type, note) id = 1 << NUMBER_##id,
#define RL_ARGUMENTS(id, ids) id = (ids),
#include "query/actions.def"
};
_Static_assert(NUMBERS < 32, "the sets of arguments are bits of an int");

static const rl_word words[] = {
#define RL_ARGUMENT(id, name, type, model_type, note) {#name, id},
#define RL_ARGUMENT_TOO(id, name, type, model_type, note) {#name, id},
#include "query/actions.def"
};

/* ------------------------------------------------------------------ the table */

typedef struct action_row {
  rl_action_info info;
  int allowed, required;
} action_row;

enum { READS, WRITES };

static const action_row rows[] = {
#define RL_ACTION(number, id, name, access, result, arguments, required, signature, description)                       \
  [RL_ACTION_##id] = {{#name, (access) == WRITES, RILLE_RESULT_##result}, arguments, required},
#include "query/actions.def"
};

/* The public constants are generated from the table. This fails if that was forgotten. */
#define RL_ACTION(number, id, name, access, result, arguments, required, signature, description)                       \
  _Static_assert(RILLE_##id == (number), "run lua5.4 core/tools/actions.lua");
#include "query/actions.def"
_Static_assert(RL_COUNT_OF(rows) == RL_ACTION_LIMIT, "the numbers of actions are consecutive");

const rl_action_info *rl_action_info_of(rille_action action) {
  return action > 0 && action < RL_ACTION_LIMIT ? &rows[action].info : NULL;
}

rille_action rl_action_named(rl_str name) {
  for (rille_action a = 1; a < RL_ACTION_LIMIT; a++)
    if (rl_str_is(name, rows[a].info.name)) return a;
  return 0;
}

/* ------------------------------------------------------------------ arguments */

/* Accepted for calls that were ported from Prisma. Both words mean one statement per level. */
static rille_status check_strategy(rl_binder *b, rl_arg *args) {
  static const rl_word strategies[] = {{"join", 0}, {"query", 1}};
  rl_arg *arg = rl_get(args, "relation_load_strategy");
  int id;
  return arg ? rl_expect_word(b, arg, strategies, RL_COUNT_OF(strategies), &id) : RILLE_OK;
}

/* Reports a field of the model that is given as an argument, like `email` next to `where`. */
static rille_status refuse_misplaced(rl_binder *b, const action_row *a, const rl_arg *member, const rl_field *f) {
  if (f->is_relation && (a->allowed & INCLUDE))
    return rl_bad(
        b, member, f,
        "a relation of %.*s, not an argument; write `include = { %.*s = true }` or `where = { %.*s = {...} }`",
        RL_STR_ARG(f->model->name), RL_STR_ARG(f->name), RL_STR_ARG(f->name));
  rl_buf places;
  rl_buf_init(&places);
  static const rl_word kinds[] = {{"where", WHERE | UNIQUE | MANY},
                                  {"data", DATA | ROWS | CHANGE | CHANGES},
                                  {"create", CREATE},
                                  {"update", UPDATE},
                                  {"by", BY},
                                  {"_sum", AGGREGATES}};
  for (size_t i = 0; i < RL_COUNT_OF(kinds); i++) {
    if (!(a->allowed & kinds[i].id)) continue;
    const char *form = kinds[i].id == BY           ? "%s`%s = { \"%.*s\" }`"
                       : kinds[i].id == AGGREGATES ? "%s`%s = { %.*s = true }`"
                                                   : "%s`%s = { %.*s = ... }`";
    rl_buf_printf(&places, form, places.len ? " or " : "", kinds[i].text, RL_STR_ARG(f->name));
  }
  const char *z = rl_buf_z(&places);
  rille_status status =
      z ? rl_bad(b, member, f, "a field of %.*s, not an argument; write %s", RL_STR_ARG(f->model->name), z)
        : rl_nomem(b);
  rl_buf_dispose(&places);
  return status;
}

static rille_status refuse_unknown_argument(rl_binder *b, const action_row *a, const rl_arg *member) {
  const rl_field *f =
      rl_word_id(words, RL_COUNT_OF(words), member->key) < 0 ? rl_find_field(b->query->model, member->key) : NULL;
  if (f) return refuse_misplaced(b, a, member, f);
  rl_choices names = {.arena = b->arena};
  for (size_t i = 0; i < RL_COUNT_OF(words); i++)
    if (a->allowed & words[i].id) rl_choices_add(&names, rl_str_of(words[i].text));
  char *what = rl_arena_printf(b->arena, "argument of `%s`", a->info.name);
  return what ? rl_bad_name(b, member, member->key, what, NULL, &names) : rl_nomem(b);
}

static bool action_takes(const action_row *a, rl_str name) {
  for (size_t i = 0; i < RL_COUNT_OF(words); i++)
    if ((a->allowed & words[i].id) && rl_str_is(name, words[i].text)) return true;
  return false;
}

rille_status rl_check_arguments(rl_binder *b, rl_arg *args) {
  const action_row *a = &rows[b->query->action];
  RL_TRY(rl_expect_object(b, args, "a table of arguments"));
  for (size_t i = 0; i < args->count; i++)
    if (!action_takes(a, args->children[i].key)) return refuse_unknown_argument(b, a, &args->children[i]);
  for (size_t i = 0; i < RL_COUNT_OF(words); i++)
    if ((a->required & words[i].id) && !rl_get(args, words[i].text))
      return rl_bad_child(b, RL_P2013, args, words[i].text, NULL, "missing; `%s` needs it", a->info.name);
  return check_strategy(b, args);
}
