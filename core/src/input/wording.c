/* Messages for the person at a form, without a path. */
#include "input/convert.h"
#include "input/form_cast.h"

static void write_enum(const rl_enum *e, rl_buf *out) {
  rl_buf_text(out, e->count == 1 ? "must be " : "must be one of ");
  for (size_t i = 0; i < e->count; i++) {
    if (i) rl_buf_text(out, ", ");
    rl_buf_str(out, e->values[i].name);
  }
}

/* What a value of the type is, in the words that a form gets: "must be one of admin, reader". element: of a list. Data
 * of the application has no files, so bytes have their own words. */
static void write_type(const rl_field *field, bool element, rl_buf *out) {
  const rl_type *t = &field->type;
  if (t->list && !element)
    rl_form_words("not_list", field, RL_STR(""), out);
  else if (t->scalar == RL_ENUM)
    write_enum(t->enumeration, out);
  else if (t->scalar == RL_BYTES)
    rl_buf_text(out, "must be bytes");
  else
    rl_form_words(rl_cast_type_code(field), field, RL_STR(""), out);
}

/* The same with the limits of the type, if it has some. */
static void write_limits(const rl_field *field, bool element, rl_buf *out) {
  const rl_type *t = &field->type;
  int64_t low, high;
  write_type(field, element, out);
  if (t->list && !element) return;
  if (t->scalar == RL_INT || t->scalar == RL_BIGINT) {
    rl_int_range(t, &low, &high);
    rl_buf_printf(out, " from %lld to %lld", (long long)low, (long long)high);
  } else if (t->scalar == RL_DATETIME) {
    rl_buf_text(out, " between the years 1 and 9999");
  }
}

/* ------------------------------------------------------------------ errors of values */

static const rl_field *field_of(const rl_schema *s, const rl_error *e) {
  const rl_model *m = rl_map_get(&s->models_by_name, rl_error_get(e, "model"));
  return m ? rl_model_field(m, rl_error_get(e, "field")) : NULL;
}

/* The message without the path at its beginning. */
static rl_str message_alone(const rl_error *e) {
  rl_str message = rl_str_of(rl_error_message(e)), path = rl_error_get(e, "path");
  bool begins = path.len && rl_str_starts(message, path) && message.len > path.len + 2;
  return begins ? rl_str_make(message.p + path.len + 2, message.len - path.len - 2) : message;
}

void rl_message_for_people(const rl_schema *s, const rl_error *e, rl_buf *out) {
  const rl_field *f = field_of(s, e);
  rl_str path = rl_error_get(e, "path");
  bool element = path.len && path.p[path.len - 1] == ']';
  if (e->code == RL_P2012 || e->absent)
    rl_buf_text(out, "is required");
  else if (!e->wrong_type || !f || f->is_relation)
    rl_buf_str(out, message_alone(e));
  else if (e->code == RL_VALIDATION)
    write_type(f, element, out);
  else
    write_limits(f, element, out);
}
