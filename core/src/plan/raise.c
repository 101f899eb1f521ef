/* The errors that a plan can raise: code, complete message and details. */
#include "plan/raise.h"

static rl_str raise_text(rl_builder *b, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

static rl_str raise_text(rl_builder *b, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *z = rl_arena_vprintf(b->arena, format, args);
  va_end(args);
  return rl_str_of(rl_need(b, z));
}

static rl_raise *raise(rl_builder *b, rl_code code, const rl_model *model, rl_str message) {
  rl_raise *r = RL_MAKE(b, rl_raise);
  r->code = code;
  r->model = model->name;
  r->message = message;
  return r;
}

static const char *kind_of(const rl_relation *relation) {
  if (relation->kind == RL_ONE_TO_ONE) return "one-to-one";
  return relation->kind == RL_ONE_TO_MANY ? "one-to-many" : "many-to-many";
}

static rl_raise *raise_about_relation(rl_builder *b, const rl_nested *nested, rl_code code, rl_str message) {
  rl_raise *r = raise(b, code, nested->relation->model, message);
  r->relation = nested->relation->relation->name;
  r->path = nested->path;
  return r;
}

const rl_raise *rl_raise_not_found(rl_builder *b, const rl_model *model, const char *what) {
  rl_str message = raise_text(b, "%.*s: %s", RL_STR_ARG(model->name), what);
  rl_raise *r = raise(b, RL_P2025, model, message);
  r->cause = message;
  return r;
}

const rl_raise *rl_raise_related(rl_builder *b, const rl_nested *nested, const char *operation) {
  const rl_relation *relation = nested->relation->relation;
  rl_str message =
      raise_text(b, "%.*s: no %.*s was found to %s on the %s relation `%.*s`", RL_STR_ARG(nested->path),
                 RL_STR_ARG(nested->relation->target->name), operation, kind_of(relation), RL_STR_ARG(relation->name));
  rl_raise *r = raise_about_relation(b, nested, RL_P2025, message);
  r->cause = message;
  return r;
}

const rl_raise *rl_raise_connect(rl_builder *b, const rl_nested *nested) {
  const rl_relation *relation = nested->relation->relation;
  return raise_about_relation(b, nested, RL_P2018,
                              raise_text(b, "%.*s: the %.*s to connect was not found (%s relation `%.*s`)",
                                         RL_STR_ARG(nested->path), RL_STR_ARG(nested->relation->target->name),
                                         kind_of(relation), RL_STR_ARG(relation->name)));
}

const rl_raise *rl_raise_unconnected(rl_builder *b, const rl_nested *nested) {
  const rl_field *field = nested->relation;
  return raise_about_relation(
      b, nested, RL_P2017,
      raise_text(b, "%.*s: the records for relation `%.*s` between the `%.*s` and `%.*s` models are not connected",
                 RL_STR_ARG(nested->path), RL_STR_ARG(field->relation->name), RL_STR_ARG(field->model->name),
                 RL_STR_ARG(field->target->name)));
}

const rl_raise *rl_raise_dropped(rl_builder *b, const rl_model *model) {
  return rl_raise_not_found(b, model, "the row was not inserted; a trigger or a rule of the database dropped it");
}

const rl_raise *rl_raise_outdated(rl_builder *b, const rl_model *model) {
  return raise(b, RL_P2034, model,
               raise_text(b,
                          "%.*s: other transactions changed rows to delete while their related rows were written, or a "
                          "trigger keeps them; nothing was deleted",
                          RL_STR_ARG(model->name)));
}

const rl_raise *rl_raise_disagree(rl_builder *b, const rl_field *field, rl_str path) {
  rl_raise *r =
      raise(b, RL_VALIDATION, field->model,
            raise_text(b,
                       "%.*s: its key shares the column `%.*s` with another relation that is written too, with another "
                       "value",
                       RL_STR_ARG(path), RL_STR_ARG(field->name)));
  r->path = path;
  return r;
}

static rl_str required_text(rl_builder *b, const rl_relation *relation) {
  return raise_text(
      b,
      "the change would violate the required relation `%.*s` between `%.*s` and `%.*s`: every %.*s must have "
      "its `%.*s`",
      RL_STR_ARG(relation->name), RL_STR_ARG(relation->key_side->model->name),
      RL_STR_ARG(relation->other_side->model->name), RL_STR_ARG(relation->key_side->model->name),
      RL_STR_ARG(relation->key_side->name));
}

const rl_raise *rl_raise_required(rl_builder *b, const rl_relation *relation) {
  rl_raise *r = raise(b, RL_P2014, relation->key_side->model, required_text(b, relation));
  r->relation = relation->name;
  return r;
}

_Noreturn void rl_refuse_required(rl_builder *b, const rl_relation *relation, rl_str path) {
  rl_str message = required_text(b, relation);
  char *at = (char *)rl_need(b, rl_arena_strdup(b->arena, path));
  rl_fail(b->err, RL_P2014, "%.*s", RL_STR_ARG(message));
  rl_error_detail(b->err, "relation", relation->name);
  rl_error_detail(b->err, "model", relation->key_side->model->name);
  rl_refuse(b, RL_P2014, at, "%s: %.*s", at, RL_STR_ARG(message));
}

const rl_raise *rl_raise_outside(rl_builder *b, const rl_model *model) {
  return raise(b, RL_VALIDATION, model,
               raise_text(b, "%.*s: the row would be outside of the scope of the client; nothing was written",
                          RL_STR_ARG(model->name)));
}

const rl_raise *rl_raise_broken(rl_builder *b, const rl_relation *relation, uint32_t step) {
  rl_raise *r = raise(b, RL_P2003, relation->key_side->model, RL_STR("foreign key constraint failed"));
  r->broken = relation;
  r->broken_by = step;
  return r;
}

const rl_raise *rl_raise_taken(rl_builder *b, const rl_model *model, const rl_field **fields, size_t count) {
  rl_buf names;
  rl_buf_init(&names);
  for (size_t i = 0; i < count; i++) rl_buf_printf(&names, "%s`%.*s`", i ? ", " : "", RL_STR_ARG(fields[i]->name));
  char *list = names.failed ? NULL : rl_arena_strdup(b->arena, rl_buf_view(&names));
  rl_buf_dispose(&names);
  rl_raise *r = raise(b, RL_P2002, model,
                      raise_text(b, "%.*s: a row with the same %s already exists (unique constraint)",
                                 RL_STR_ARG(model->name), (const char *)rl_need(b, list)));
  r->target = fields;
  r->target_count = count;
  return r;
}
