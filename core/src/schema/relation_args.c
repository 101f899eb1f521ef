/* The arguments of @relation, each separately. They are checked together when both sides are known. */
#include "schema/resolve.h"

static const char *const action_names[] = {"Cascade", "Restrict", "NoAction", "SetNull", "SetDefault", NULL};

/* Reads the fields in `fields:` or `references:`, all of model m. NULL: after a report. */
static const rl_field **read_fields(rl_build *b, rl_model_info *m, rl_ast_arg *arg, const char *name, size_t *count) {
  rl_ast_expr *list = rl_ast_list(b, arg);
  if (!list) {
    if (arg->value)
      rl_report(b, arg->value->span, "`%s` of `@relation` must be a list of fields: `%s: [...]`.", name, name);
    return NULL;
  }
  const rl_field **out = RL_KEEP_ARRAY(b, const rl_field *, list->count);
  bool ok = true;
  for (rl_ast_arg *a = list->args; a; a = a->next) {
    rl_str written = a->value && a->value->kind == RL_EXPR_PATH ? a->value->text : RL_STR("");
    rl_field_info *fi = written.len ? rl_info_field(b, m, written) : NULL;
    if (fi && !fi->field->is_relation) {
      out[(*count)++] = fi->field;
      for (size_t i = 0; i + 1 < *count; i++)
        if (out[i] == fi->field) rl_report(b, a->span, "The field `%.*s` is given twice.", RL_STR_ARG(written));
      continue;
    }
    ok = false;
    if (!written.len) {
      rl_report(b, a->span, "This must be the name of a field.");
    } else if (fi) {
      rl_report(b, a->span, "`%s` can name only scalar fields; `%.*s` is a relation.", name, RL_STR_ARG(written));
    } else {
      rl_str hint = rl_suggest_field(b, m, written);
      rl_report(b, a->span, "The model `%.*s` has no field `%.*s` for `%s`.%.*s", RL_STR_ARG(m->model->name),
                RL_STR_ARG(written), name, RL_STR_ARG(hint));
    }
  }
  if (ok && !*count) rl_report(b, list->span, "The list `%s` is empty.", name);
  return ok && *count ? out : NULL;
}

/* In relationMode = "prisma" the client performs the actions, and it does not have all of them. */
static bool check_emulated(rl_build *b, rl_action_ref action, rl_span span) {
  if (!b->schema->relation_mode_prisma) return true;
  if (action != RL_REF_SET_DEFAULT && (action != RL_REF_NO_ACTION || rl_rules(b)->emulates_no_action)) return true;
  rl_report(b, span, "`%s` is not available with relationMode = \"prisma\": choose Cascade, Restrict or SetNull.",
            action_names[action]);
  return false;
}

static rl_ast_arg *read_action(rl_build *b, rl_attr *attr, const char *name, rl_action_ref *out) {
  rl_ast_arg *arg = rl_attr_take(attr, name, false);
  if (!arg || !arg->value) return NULL;
  rl_str word = arg->value->kind == RL_EXPR_PATH ? arg->value->text : RL_STR("");
  for (int i = 0; action_names[i]; i++) {
    if (!rl_str_is(word, action_names[i])) continue;
    *out = (rl_action_ref)i;
    check_emulated(b, *out, arg->span);
    return arg;
  }
  rl_str hint = rl_suggest_of(b, word, action_names);
  rl_report(b, arg->value->span, "`%s` must be Cascade, Restrict, NoAction, SetNull or SetDefault.%.*s", name,
            RL_STR_ARG(hint));
  return NULL;
}

static void read_name(rl_build *b, rl_field_info *f, rl_attr *attr) {
  rl_ast_arg *first = rl_attr_take(attr, "name", true);
  if (!first) return;
  first->taken = false;
  if (!rl_attr_text(b, attr, "name", true, &f->relation_name)) f->bad_relation = true;
}

static void read_map(rl_build *b, rl_field_info *f, rl_attr *attr) {
  rl_ast_arg *map = rl_attr_take(attr, "map", false);
  rl_str text = RL_STR("");
  if (!map) return;
  map->taken = false;
  if (!rl_attr_text(b, attr, "map", false, &text)) return;
  f->map_arg = map;
  if (!rl_rules(b)->foreign_key_names)
    rl_report(b, map->span, "%s has no names for foreign keys: leave out `map`.", rl_title(b));
  rl_check_name_length(b, map->span, text, "A constraint's name");
}

void rl_resolve_relation_attribute(rl_build *b, rl_model_info *m, rl_field_info *f, rl_attr *attr) {
  static const char *const known[] = {"name", "fields", "references", "onDelete", "onUpdate", "map", NULL};
  f->relation = attr;
  read_name(b, f, attr);
  f->fields_arg = rl_attr_take(attr, "fields", false);
  f->references_arg = rl_attr_take(attr, "references", false);
  if (f->fields_arg) f->fields = read_fields(b, m, f->fields_arg, "fields", &f->field_count);
  if (f->references_arg && f->field->target)
    f->references =
        read_fields(b, &b->models[f->field->target->index], f->references_arg, "references", &f->reference_count);
  if ((f->fields_arg && !f->fields) || (f->references_arg && !f->references)) f->bad_relation = true;
  f->on_delete_arg = read_action(b, attr, "onDelete", &f->on_delete);
  f->on_update_arg = read_action(b, attr, "onUpdate", &f->on_update);
  read_map(b, f, attr);
  rl_attr_finish(b, attr, known);
}
