/* The rules for the two sides of a relation. */
#include "schema/resolve.h"

static rl_span relation_span(const rl_field_info *f) {
  return f->relation ? f->relation->span : f->ast->span;
}

static rl_str names_of(rl_build *b, const rl_field **fields, size_t count) {
  rl_str *names = RL_TEMP_ARRAY(b, rl_str, count);
  for (size_t i = 0; i < count; i++) names[i] = fields[i]->name;
  return rl_build_join(b, &b->temp, names, count, ", ");
}

/* ---- one foreign key */

/* Reports arguments about the key on the referenced side. */
static void check_bare_side(rl_build *b, const rl_field_info *key, const rl_field_info *other) {
  const rl_ast_arg *args[] = {other->fields_arg, other->references_arg, other->on_delete_arg, other->on_update_arg,
                              other->map_arg};
  static const char *const names[] = {"fields", "references", "onDelete", "onUpdate", "map"};
  for (int i = 0; i < 5; i++) {
    if (!args[i]) continue;
    rl_report(b, args[i]->span, "`%s` belongs to the other side, `%.*s.%.*s`, which has the key%s.", names[i],
              RL_STR_ARG(key->field->model->name), RL_STR_ARG(key->field->name),
              other->field->list ? "; a list never has it" : "");
  }
}

static bool check_key_given(rl_build *b, const rl_field_info *key, const rl_field_info *other) {
  if (key->fields_arg && key->references_arg) return key->fields && key->references;
  rl_str model = key->field->model->name, target = key->field->target->name;
  const char *missing = key->fields_arg       ? "`references`"
                        : key->references_arg ? "`fields`"
                                              : "`fields` and `references`";
  rl_report(b, relation_span(key),
            "The relation between `%.*s` and `%.*s` needs %s %s: `@relation(fields: [...], references: [...])`, with "
            "fields of `%.*s` for the key of `%.*s`.",
            RL_STR_ARG(model), RL_STR_ARG(target), missing, other->field->list ? "here" : "on one of its sides",
            RL_STR_ARG(model), RL_STR_ARG(target));
  return false;
}

static bool check_counts(rl_build *b, const rl_field_info *key) {
  if (key->field_count == key->reference_count) return true;
  rl_report(b, relation_span(key), "`fields` has %zu fields and `references` %zu; they must be pairs.",
            key->field_count, key->reference_count);
  return false;
}

static bool same_type(const rl_type *a, const rl_type *z) {
  if (a->scalar != z->scalar || a->list != z->list) return false;
  return a->scalar != RL_ENUM || a->enumeration == z->enumeration;
}

static const char *written_type(const rl_field *f, int *len) {
  const char *p = f->type.scalar == RL_ENUM ? f->type.enumeration->name.p : rl_scalar_name(f->type.scalar);
  *len = f->type.scalar == RL_ENUM ? (int)f->type.enumeration->name.len : (int)strlen(p);
  return p;
}

static void check_types(rl_build *b, const rl_field_info *key) {
  const rl_ast_arg *a = rl_ast_list(b, key->fields_arg)->args;
  for (size_t i = 0; i < key->field_count; i++, a = a->next) {
    const rl_field *f = key->fields[i], *r = key->references[i];
    if (same_type(&f->type, &r->type)) continue;
    int f_len, r_len;
    const char *f_type = written_type(f, &f_len), *r_type = written_type(r, &r_len);
    rl_report(b, a->span,
              "`%.*s` is %.*s%s, but `%.*s.%.*s`, which it references, is %.*s%s: both must have the same type.",
              RL_STR_ARG(f->name), f_len, f_type, f->list ? "[]" : "", RL_STR_ARG(r->model->name), RL_STR_ARG(r->name),
              r_len, r_type, r->list ? "[]" : "");
  }
}

static void check_references(rl_build *b, const rl_field_info *key) {
  const rl_model *target = key->field->target;
  if (rl_model_unique_of(target, key->references, key->reference_count)) return;
  rl_str names = names_of(b, key->references, key->reference_count);
  if (key->reference_count == 1)
    rl_report(b, key->references_arg->span,
              "`references` must name a unique key of `%.*s`: mark `%.*s` with `@unique`, or reference another field.",
              RL_STR_ARG(target->name), RL_STR_ARG(names));
  else
    rl_report(b, key->references_arg->span,
              "`references` must name a unique key of `%.*s`: add `@@unique([%.*s])` there.", RL_STR_ARG(target->name),
              RL_STR_ARG(names));
}

static void check_arity(rl_build *b, const rl_field_info *key) {
  if (!key->field->required) return;
  for (size_t i = 0; i < key->field_count; i++) {
    if (key->fields[i]->required) continue;
    rl_report(b, key->ast->type_span,
              "`%.*s` is required, but its key field `%.*s` is not: write `%.*s?`, or make the key required.",
              RL_STR_ARG(key->field->name), RL_STR_ARG(key->fields[i]->name), RL_STR_ARG(key->ast->type_text));
    return;
  }
}

/* Some databases accept such a key and fail only when the action runs. Then it is a warning, as in Prisma, otherwise an
 * error. */
static void check_set_null(rl_build *b, const rl_field_info *key, const rl_ast_arg *arg, rl_action_ref action,
                           const char *name) {
  if (!arg || action != RL_REF_SET_NULL) return;
  for (size_t i = 0; i < key->field_count; i++) {
    if (!key->fields[i]->required) continue;
    if (rl_rules(b)->takes_set_null && !b->schema->relation_mode_prisma)
      rl_report_warning(
          b, arg->span,
          "`%s: SetNull` will fail: the field `%.*s` is required. Make it optional or choose another action.", name,
          RL_STR_ARG(key->fields[i]->name));
    else
      rl_report(
          b, arg->span,
          "`%s: SetNull` needs optional fields, but `%.*s` is required. Make it optional or choose another action.",
          name, RL_STR_ARG(key->fields[i]->name));
    return;
  }
}

static void check_one_to_one(rl_build *b, const rl_field_info *key, const rl_field_info *other) {
  if (other->field->list) return;
  if (other->field->required)
    rl_report(b, other->ast->type_span,
              "The referenced side of a one-to-one relation cannot be required, because no database can enforce "
              "that: write `%.*s?`.",
              RL_STR_ARG(other->ast->type_text));
  if (rl_model_unique_of(key->field->model, key->fields, key->field_count)) return;
  rl_str names = names_of(b, key->fields, key->field_count);
  if (key->field_count == 1)
    rl_report(
        b, key->fields_arg->span,
        "The key of a one-to-one relation must be unique: mark `%.*s` with `@unique`, or make `%.*s.%.*s` a list.",
        RL_STR_ARG(names), RL_STR_ARG(other->field->model->name), RL_STR_ARG(other->field->name));
  else
    rl_report(b, key->fields_arg->span,
              "The key of a one-to-one relation must be unique: add `@@unique([%.*s])`, or make `%.*s.%.*s` a list.",
              RL_STR_ARG(names), RL_STR_ARG(other->field->model->name), RL_STR_ARG(other->field->name));
}

void rl_check_inline(rl_build *b, rl_field_info *key, rl_field_info *other) {
  check_bare_side(b, key, other);
  if (key->bad_relation || !check_key_given(b, key, other) || !check_counts(b, key)) return;
  check_types(b, key);
  check_references(b, key);
  check_arity(b, key);
  check_set_null(b, key, key->on_delete_arg, key->on_delete, "onDelete");
  check_set_null(b, key, key->on_update_arg, key->on_update, "onUpdate");
  check_one_to_one(b, key, other);
}

/* ---- implicit many-to-many */

static void check_side(rl_build *b, const rl_field_info *f) {
  const rl_ast_arg *args[] = {f->fields_arg, f->references_arg, f->on_delete_arg, f->on_update_arg, f->map_arg};
  static const char *const names[] = {"fields", "references", "onDelete", "onUpdate", "map"};
  const rl_model *target = f->field->target;
  for (int i = 0; i < 5; i++)
    if (args[i])
      rl_report(
          b, args[i]->span,
          "A many-to-many relation between two lists has no `%s`: rille creates its table. To choose more, write a "
          "model between them.",
          names[i]);
  if (!target->primary || target->primary->count != 1)
    rl_report(b, f->ast->type_span,
              "`%.*s` has no `@id` of a single field, which a many-to-many relation needs. Write a model between them.",
              RL_STR_ARG(target->name));
}

void rl_check_many_to_many(rl_build *b, rl_field_info *a, rl_field_info *z) {
  check_side(b, a);
  check_side(b, z);
}
