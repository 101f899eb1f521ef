/* The value of a field in a form, in this order: text, transforms, empty, cast, native type, rules. */
#include "input/form_read.h"
#include "input/rules.h"
#include "tape/datetime.h"

/* ------------------------------------------------------------------ what a form has */

static bool is_mark(const rl_arg *arg, rl_mark mark) {
  return arg->kind == RL_ARG_MARK && arg->mark == mark;
}

bool rl_form_is_empty_table(const rl_arg *arg) {
  if (is_mark(arg, RL_MARK_EMPTY_ARRAY) || is_mark(arg, RL_MARK_EMPTY_OBJECT)) return true;
  return (arg->kind == RL_ARG_OBJECT || arg->kind == RL_ARG_LIST) && arg->count == 0;
}

static bool is_null(const rl_arg *arg) {
  return arg->kind == RL_ARG_NULL || is_mark(arg, RL_MARK_JSON_NULL) || is_mark(arg, RL_MARK_DB_NULL);
}

/* Some decoders give `true` for a name without a value. In JSON, true is true. */
static bool is_bare_name(const rl_arg *arg) {
  if (arg->kind != RL_ARG_BOOL || !arg->value->as.i) return false;
  for (const rl_arg *up = arg->parent; up; up = up->parent)
    if (up->decoded) return up->decoded != RL_DECODED_JSON;
  return true;
}

bool rl_form_is_empty(const rl_arg *arg) {
  return is_null(arg) || is_bare_name(arg) || rl_form_is_empty_table(arg) ||
         (arg->kind == RL_ARG_TEXT && arg->value->len == 0);
}

const char *rl_form_unreadable(const rl_arg *arg) {
  if (!is_mark(arg, RL_MARK_UNREADABLE)) return NULL;
  return rl_str_is(arg->text, "too_deep") ? "too_deep" : rl_str_is(arg->text, "too_many") ? "too_many" : "bad_format";
}

static uint32_t depth_of(const rl_arg *arg) {
  uint32_t depth = 0;
  for (; arg; arg = arg->parent) depth++;
  return depth;
}

/* ------------------------------------------------------------------ one value */

typedef struct reading {
  rl_form_reading *r;
  const rl_field *field;
  rl_arg *arg;
  const rl_arg *at; /* of faults */
  rl_cast cast;
} reading;

static rille_status add_fault(reading *v, const char *code, rl_str limit, rl_given *given) {
  *given = RL_GIVEN_FAULT;
  return rl_form_add_fault(v->r, v->at, RL_STR(""), v->field, code, limit);
}

static rille_status add_type_fault(reading *v, rl_given *given) {
  rille_status status = RILLE_OK;
  if (v->field->type.scalar == RL_ENUM)
    status = rl_cast_refuse_enum(&v->cast);
  else
    status = rl_cast_refuse(&v->cast, rl_cast_type_code(v->field));
  return status < 0 ? status : add_fault(v, v->cast.code, v->cast.limit, given);
}

/* Ends a cast: the zone, the native type, a fault. */
static rille_status finish_cast(reading *v, rl_given *given) {
  rl_cast *c = &v->cast;
  int32_t minutes;
  rille_status status = RILLE_OK;
  if (!c->code && c->is_local) {
    status = rl_form_add_local(v->r, c->value.as.i, &minutes);
    if (status < 0) return status;
    c->value.as.i -= (int64_t)minutes * 60000000;
    if (!rl_datetime_in_range(c->value.as.i)) (void)rl_cast_refuse(c, "out_of_range");
  }
  if (!c->code) status = rl_cast_check_native(c);
  if (status < 0) return status;
  *given = RL_GIVEN_VALUE;
  return c->code ? add_fault(v, c->code, c->limit, given) : RILLE_OK;
}

static rille_status read_json_text(reading *v, rl_str json, rl_given *given) {
  const rl_form_options *o = v->r->options;
  uint32_t depth = depth_of(v->arg) - 1; /* the tables around it */
  rl_json_limits limits = {o->max_depth > depth ? o->max_depth - depth : 0, o->max_items, o->max_fields};
  bool null;
  rille_status status = rl_cast_json(&v->cast, json, &limits, &null);
  if (status < 0) return status;
  *given = null ? RL_GIVEN_EMPTY : RL_GIVEN_VALUE;
  return v->cast.code ? add_fault(v, v->cast.code, v->cast.limit, given) : RILLE_OK;
}

/* Finds out why a table is no JSON: "too_deep", or that something in it is no value. */
static rille_status find_reason(rl_form_reading *r, rl_arg *arg, const char **code) {
  const char *unreadable = rl_form_unreadable(arg);
  rille_status status = arg->kind == RL_ARG_LIST ? rl_arg_expand(r->tree, arg, r->err) : RILLE_OK;
  if (unreadable) *code = unreadable;
  for (size_t i = 0; status == RILLE_OK && !unreadable && i < arg->count && strcmp(*code, "not_json") == 0; i++)
    status = find_reason(r, &arg->children[i], code);
  return status;
}

/* A table, a number or a boolean as JSON. */
static rille_status read_json_value(reading *v, rl_given *given) {
  rl_buf text;
  rl_error own = {0};
  rl_buf_init(&text);
  rille_status status = rl_tape_to_json(v->r->tree->tape, v->arg->shape_at, v->arg->slot, &text, &own);
  rl_error_clear(&own);
  if (status == RILLE_NOMEM) {
    rl_buf_dispose(&text);
    return rl_fail_nomem(v->r->err);
  }
  rl_str kept = status < 0 ? (rl_str){NULL, 0} : rl_arena_str(v->r->arena, rl_buf_view(&text));
  rl_buf_dispose(&text);
  if (status < 0) {
    const char *code = "not_json";
    status = find_reason(v->r, v->arg, &code);
    return status < 0 ? status : add_fault(v, code, (rl_str){NULL, 0}, given);
  }
  return kept.p ? read_json_text(v, kept, given) : rl_fail_nomem(v->r->err);
}

static rille_status transform_text(reading *v, rl_value *text) {
  const rl_field_rules *rules = v->field->rules;
  if (!rules || v->field->type.scalar != RL_STRING) return RILLE_OK;
  return rl_rules_transform(rules, v->r->arena, text, v->r->err);
}

static rille_status read_text(reading *v, rl_given *given) {
  rl_value value = *v->arg->value;
  rl_str text = {value.as.p, value.len};
  if (!rl_utf8_valid(text, NULL) || (text.len && memchr(text.p, 0, text.len)))
    return add_fault(v, "bad_text", (rl_str){NULL, 0}, given);
  rille_status status = transform_text(v, &value);
  if (status < 0) return status;
  text = rl_str_make(value.as.p, value.len);
  *given = RL_GIVEN_EMPTY;
  if (!text.len) return RILLE_OK;
  if (v->field->type.scalar == RL_JSON) return read_json_text(v, text, given);
  status = rl_cast_text(&v->cast, text);
  return status < 0 ? status : finish_cast(v, given);
}

static rille_status read_number(reading *v, rl_given *given) {
  rille_status status = rl_cast_number(&v->cast, v->arg->value);
  if (status < 0) return status;
  if (v->cast.code && v->field->type.scalar == RL_ENUM) return add_type_fault(v, given);
  return finish_cast(v, given);
}

/* { name, type, content } */
static const rl_arg *file_content(const rl_arg *arg) {
  static const char *const names[] = {"name", "type", "content"};
  const rl_arg *part = NULL;
  if (arg->kind != RL_ARG_OBJECT || arg->count != 3) return NULL;
  for (size_t i = 0; i < 3; i++) {
    part = rl_arg_get(arg, names[i]);
    if (!part || (part->kind != RL_ARG_TEXT && part->kind != RL_ARG_BYTES)) return NULL;
  }
  return part;
}

/* A name that was sent more than once. Of a hidden field and a checkbox, the last one counts. */
static rille_status read_repeated(reading *v, rl_given *given);

static rille_status read_table(reading *v, rl_given *given) {
  const rl_arg *content = v->field->type.scalar == RL_BYTES ? file_content(v->arg) : NULL;
  if (content) {
    v->cast.value = *content->value;
    v->cast.value.kind = RILLE_BYTES;
    *given = RL_GIVEN_VALUE;
    return RILLE_OK;
  }
  if (v->arg->kind == RL_ARG_LIST && v->arg->count) return read_repeated(v, given);
  return add_type_fault(v, given);
}

static rille_status read_one(reading *v, rl_given *given) {
  const rl_arg *arg = v->arg;
  rl_scalar scalar = v->field->type.scalar;
  const char *unreadable = rl_form_unreadable(arg);
  bool table = arg->kind == RL_ARG_OBJECT || arg->kind == RL_ARG_LIST || rl_form_is_empty_table(arg);
  *given = RL_GIVEN_EMPTY;
  if (unreadable) return add_fault(v, unreadable, (rl_str){NULL, 0}, given);
  if (is_null(arg)) return RILLE_OK;
  if (arg->kind == RL_ARG_TEXT) return read_text(v, given);
  if (arg->kind == RL_ARG_JSON && scalar == RL_JSON)
    return read_json_text(v, rl_str_make(arg->value->as.p, arg->value->len), given);
  if (scalar == RL_JSON && (table || (arg->value && arg->kind != RL_ARG_BYTES))) return read_json_value(v, given);
  if (table) return read_table(v, given);
  if (arg->kind == RL_ARG_BOOL && scalar != RL_BOOLEAN) return is_bare_name(arg) ? RILLE_OK : add_type_fault(v, given);
  bool same = (arg->kind == RL_ARG_BOOL && scalar == RL_BOOLEAN) || (arg->kind == RL_ARG_BYTES && scalar == RL_BYTES);
  if (!same) return arg->value ? read_number(v, given) : add_type_fault(v, given);
  v->cast.value = *arg->value;
  *given = RL_GIVEN_VALUE;
  return RILLE_OK;
}

static rille_status read_repeated(reading *v, rl_given *given) {
  rl_arg *list = v->arg;
  rille_status status = rl_arg_expand(v->r->tree, list, v->r->err);
  if (status < 0) return status;
  if (v->field->type.scalar != RL_BOOLEAN) return add_fault(v, "repeated", (rl_str){NULL, 0}, given);
  v->arg = &list->children[list->count - 1];
  if (v->arg->kind == RL_ARG_LIST || v->arg->kind == RL_ARG_OBJECT) return add_type_fault(v, given);
  return read_one(v, given);
}

static rille_status start_reading(rl_form_reading *r, const rl_field *field, rl_arg *arg, rl_given *given,
                                  rl_value *out) {
  reading v = {
      .r = r, .field = field, .arg = arg, .at = arg, .cast = {.field = field, .arena = r->arena, .err = r->err}};
  rille_status status = read_one(&v, given);
  *out = v.cast.value;
  return status;
}

/* ------------------------------------------------------------------ lists */

/* Elements that are empty are left out, as a hidden field that sends nothing. A null is not. */
static rille_status read_element(rl_form_reading *r, const rl_field *field, rl_arg *arg, rl_value *items, uint32_t *n,
                                 bool *good) {
  rl_given given;
  rille_status status = start_reading(r, field, arg, &given, &items[*n]);
  if (status < 0) return status;
  if (given == RL_GIVEN_EMPTY && arg->kind != RL_ARG_TEXT && !is_bare_name(arg)) {
    given = RL_GIVEN_FAULT;
    status = rl_form_add_fault(r, arg, RL_STR(""), field, "required", (rl_str){NULL, 0});
  }
  if (given == RL_GIVEN_FAULT) *good = false;
  if (given == RL_GIVEN_VALUE) (*n)++;
  return status;
}

static rille_status read_list(rl_form_reading *r, const rl_field *field, rl_arg *arg, rl_given *given, rl_value *out) {
  bool many = arg->kind == RL_ARG_LIST, good = true;
  const char *code = rl_form_unreadable(arg);
  rille_status status = many ? rl_arg_expand(r->tree, arg, r->err) : RILLE_OK;
  uint32_t n = 0;
  size_t count = many ? arg->count : 1;
  if (status < 0) return status;
  if (many && count > r->options->max_items) code = "too_many";
  if (arg->kind == RL_ARG_OBJECT && arg->count && field->type.scalar != RL_JSON && !file_content(arg))
    code = "not_list";
  *given = RL_GIVEN_FAULT;
  if (code) return rl_form_add_fault(r, arg, RL_STR(""), field, code, (rl_str){NULL, 0});
  *given = RL_GIVEN_EMPTY;
  *out = (rl_value){.kind = RILLE_LIST};
  r->sources = NULL;
  if (is_null(arg) || rl_form_is_empty_table(arg)) return RILLE_OK;
  rl_value *items = RL_NEW_ARRAY(r->arena, rl_value, count);
  const rl_arg **sources = RL_NEW_ARRAY(r->arena, const rl_arg *, count);
  if (!items || !sources) return rl_fail_nomem(r->err);
  r->sources = sources;
  for (size_t i = 0; status == RILLE_OK && i < count; i++) {
    sources[n] = many ? &arg->children[i] : arg;
    status = read_element(r, field, many ? &arg->children[i] : arg, items, &n, &good);
  }
  out->as.list = items;
  out->len = n;
  *given = !good ? RL_GIVEN_FAULT : n ? RL_GIVEN_VALUE : RL_GIVEN_EMPTY;
  return status;
}

/* ------------------------------------------------------------------ rules */

static rille_status add_rule_fault(rl_form_reading *r, const rl_field *field, rl_arg *arg, const rl_rule_fault *fault) {
  rl_buf text;
  rl_buf_init(&text);
  rl_rule_message(field, fault, &text);
  rl_str kept = text.failed ? (rl_str){NULL, 0} : rl_arena_str(r->arena, rl_buf_view(&text));
  rl_buf_dispose(&text);
  bool own = field->rules->message.len > 0;
  const rl_arg *at = fault->element ? r->sources[fault->element - 1] : arg;
  return rl_form_add_fault_text(r, at, RL_STR(""), fault->code, fault->limit, kept, own);
}

static rille_status check_rules(rl_form_reading *r, const rl_field *field, rl_arg *arg, const rl_value *value,
                                rl_given *given) {
  rl_rule_fault fault;
  rille_status status = RILLE_OK;
  for (uint32_t at = 0; status == RILLE_OK && rl_rules_check(field, value, false, &at, &fault);) {
    *given = RL_GIVEN_FAULT;
    status = add_rule_fault(r, field, arg, &fault);
  }
  return status;
}

rille_status rl_form_read_field(rl_form_reading *r, const rl_field *field, rl_arg *arg, bool rules, rl_given *given,
                                rl_value *out) {
  rille_status status = field->list ? read_list(r, field, arg, given, out) : start_reading(r, field, arg, given, out);
  bool checked = *given == RL_GIVEN_VALUE || (*given == RL_GIVEN_EMPTY && field->list);
  if (status < 0 || !checked || !rules || !field->rules) return status;
  return check_rules(r, field, arg, out, given);
}
