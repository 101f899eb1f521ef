/* The public functions that read forms. */
#include "api/handle.h"
#include "base/alloc.h"
#include "input/input.h"

enum { MAX_DEPTH = 8, MAX_ITEMS = 1000, MAX_FIELDS = 1000 };

struct rille_input {
  rl_form form;
  rl_arena options; /* of the allowed fields */
  rille_schema *schema;
  size_t at; /* of the next token */
};

/* "+02:00", "-0330", "+02", "Z" */
static bool read_zone(const char *zone, int32_t *minutes) {
  int digits[4] = {0, 0, 0, 0};
  int count = 0;
  *minutes = 0;
  if (!zone || strcmp(zone, "Z") == 0) return true;
  if (*zone != '+' && *zone != '-') return false;
  for (const char *p = zone + 1; *p; p++) {
    if (*p == ':' && count == 2 && p[1]) continue;
    if (*p < '0' || *p > '9' || count == 4) return false;
    digits[count++] = *p - '0';
  }
  int hours = digits[0] * 10 + digits[1], rest = digits[2] * 10 + digits[3];
  *minutes = (hours * 60 + rest) * (*zone == '-' ? -1 : 1);
  return (count == 2 || count == 4) && hours <= 23 && rest <= 59;
}

static rille_status read_tree(rille_tape *tape, rl_arena *arena, rl_arg_tree **out, rl_error *err) {
  *out = NULL;
  if (!tape) return RILLE_OK;
  rille_status st = rl_tape_finish(tape, err);
  return st == RILLE_OK ? rl_arg_tree_read(&tape->tape, arena, out, err) : st;
}

static rille_status read_allow(const rl_model *model, const rille_input_options *o, rl_arena *arena, rl_allow **out,
                               rl_error *err) {
  rl_arg_tree *allow, *required;
  if (!o->allow) return rl_fail(err, RL_VALIDATION, "input: allow: missing; it lists the fields that a form may give");
  rille_status st = read_tree(o->allow, arena, &allow, err);
  if (st == RILLE_OK) st = read_tree(o->required, arena, &required, err);
  return st == RILLE_OK ? rl_allow_read(model, o->mode == RILLE_INPUT_CREATE, allow, required, out, err) : st;
}

static rille_status check_offsets(const rille_input_options *o, rl_error *err) {
  for (uint32_t i = 0; i < o->offset_count; i++)
    if (o->offsets[i] < -1439 || o->offsets[i] > 1439)
      return rl_fail(err, RL_VALIDATION, "input: offsets[%u]: expected minutes from -1439 to 1439", (unsigned)i);
  return RILLE_OK;
}

static rille_status read_input(const rl_model *model, rille_tape *form, const rille_input_options *o, rille_input *i,
                               rl_error *err) {
  rl_allow *allow = NULL;
  rl_form_options options = {.report_unknown = o->report_unknown != 0,
                             .max_depth = o->max_depth ? o->max_depth : MAX_DEPTH,
                             .max_items = o->max_items ? o->max_items : MAX_ITEMS,
                             .max_fields = o->max_fields ? o->max_fields : MAX_FIELDS,
                             .offsets = o->offsets,
                             .offset_count = o->offset_count};
  if (o->mode != RILLE_INPUT_CREATE && o->mode != RILLE_INPUT_UPDATE)
    return rl_fail(err, RL_VALIDATION, "input: unknown mode %d", (int)o->mode);
  if (!read_zone(o->zone, &options.zone))
    return rl_fail(err, RL_VALIDATION, "input: zone: expected an offset like +02:00, got `%s`", o->zone);
  rille_status st = check_offsets(o, err);
  if (st == RILLE_OK) st = read_allow(model, o, &i->options, &allow, err);
  if (st == RILLE_OK) st = rl_tape_finish(form, err);
  options.allow = allow;
  return st == RILLE_OK ? rl_form_read(&options, &form->tape, &i->form, err) : st;
}

rille_status rille_input_read(const struct rille_schema *s, int32_t model, rille_tape *form,
                              const rille_input_options *options, rille_input **out, rille_error **err) {
  rl_error error = {0};
  rille_input_options o;
  *out = NULL;
  rille_status st = rl_read_options(&o, sizeof o, options, sizeof o, "rille_input_options", &error);
  bool known = model >= 0 && (size_t)model < s->schema->model_count && !s->schema->models[model]->ignored;
  if (st == RILLE_OK && !known) st = rl_fail(&error, RL_VALIDATION, "input: unknown model number %d", (int)model);
  rille_input *i = st == RILLE_OK ? rl_calloc(1, sizeof *i) : NULL;
  if (st == RILLE_OK && !i) st = rl_fail_nomem(&error);
  if (i) {
    rl_form_init(&i->form);
    rl_arena_init(&i->options, 0);
    i->schema = rille_schema_retain((rille_schema *)(uintptr_t)s);
    st = read_input(s->schema->models[model], form, &o, i, &error);
  }
  if (st == RILLE_OK)
    *out = i;
  else
    rille_input_free(i);
  return rl_box(st, &error, err);
}

void rille_input_free(rille_input *i) {
  if (!i) return;
  rl_form_dispose(&i->form);
  rl_arena_dispose(&i->options);
  rille_schema_release(i->schema);
  rl_free(i);
}

size_t rille_input_fault_count(const rille_input *i) {
  return i->form.fault_count;
}

static rille_text text_of(rl_str s) {
  return (rille_text){.p = s.p ? s.p : "", .len = s.len};
}

int rille_input_fault_get(const rille_input *i, size_t index, rille_input_fault *out) {
  if (index >= i->form.fault_count) return 0;
  const rl_form_fault *f = &i->form.faults[index];
  rille_input_fault full = {.own_message = f->own_message,
                            .path = text_of(f->path),
                            .code = text_of(rl_str_of(f->code)),
                            .message = text_of(f->message),
                            .limit = text_of(f->limit),
                            .value = f->value};
  rl_write_struct(out, &full, sizeof full);
  return 1;
}

void rille_input_write(const rille_input *i, rille_tape *t) {
  if (i->form.fault_count) rl_tape_null(&t->tape);
  for (size_t k = 0; !i->form.fault_count && k < i->form.token_count; k++) {
    const rl_form_token *token = &i->form.tokens[k];
    switch (token->kind) {
    case RL_FORM_KEY: rl_tape_key(&t->tape, rl_str_make(token->value.as.p, token->value.len)); break;
    case RL_FORM_VALUE: rl_tape_value(&t->tape, &token->value); break;
    case RL_FORM_OPEN_OBJECT: rl_tape_open_object(&t->tape); break;
    case RL_FORM_CLOSE_OBJECT: rl_tape_close_object(&t->tape); break;
    case RL_FORM_OPEN_LIST: rl_tape_open_list(&t->tape); break;
    case RL_FORM_CLOSE_LIST: rl_tape_close_list(&t->tape); break;
    }
  }
}

rille_status rille_input_next(rille_input *i, int32_t *token, rille_value *value) {
  static const int32_t tokens[] = {RILLE_INPUT_KEY,          RILLE_INPUT_VALUE,     RILLE_INPUT_OPEN_OBJECT,
                                   RILLE_INPUT_CLOSE_OBJECT, RILLE_INPUT_OPEN_LIST, RILLE_INPUT_CLOSE_LIST};
  if (i->form.fault_count || i->at == i->form.token_count) return RILLE_DONE;
  const rl_form_token *next = &i->form.tokens[i->at++];
  *token = tokens[next->kind];
  *value = next->value;
  return RILLE_ROW;
}

size_t rille_input_local_count(const rille_input *i) {
  return i->form.local_count;
}
int64_t rille_input_local(const rille_input *i, size_t index) {
  return index < i->form.local_count ? i->form.locals[index] : 0;
}
