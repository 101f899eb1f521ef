/* Arguments in Lua's notation, written to a tape. */
#ifndef RL_SPEC_QUERY_NOTATION_H
#define RL_SPEC_QUERY_NOTATION_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tape/tape.h"

typedef struct reader {
  const char *at;
  rl_tape *tape;
} reader;

static void read_value(reader *r);

static void skip_space(reader *r) {
  while (isspace((unsigned char)*r->at)) r->at++;
}

static bool accept(reader *r, const char *text) {
  skip_space(r);
  size_t len = strlen(text);
  if (strncmp(r->at, text, len) != 0) return false;
  r->at += len;
  return true;
}

static rl_str read_quoted(reader *r) { /* after the opening quote; \0 is a zero byte, \N a byte that is not UTF-8 */
  rl_buf text;
  rl_buf_init(&text);
  for (; *r->at != '"'; r->at++) {
    assert_int_not_equal(*r->at, 0);
    if (*r->at != '\\') {
      rl_buf_byte(&text, *r->at);
      continue;
    }
    r->at++;
    rl_buf_byte(&text, *r->at == '0' ? 0 : *r->at == 'N' ? (char)0xff : *r->at);
  }
  r->at++;
  rl_str kept = rl_arena_str(&r->tape->text, rl_buf_view(&text));
  rl_buf_dispose(&text);
  return kept;
}

static rl_str read_word(reader *r) {
  const char *from = r->at;
  while (isalnum((unsigned char)*r->at) || *r->at == '_') r->at++;
  return rl_str_make(from, (size_t)(r->at - from));
}

static bool at_key(const reader *r) {
  reader look = *r;
  skip_space(&look);
  if (*look.at == '[') return true;
  if (read_word(&look).len == 0) return false;
  skip_space(&look);
  return *look.at == '=';
}

static void read_key(reader *r) {
  skip_space(r);
  if (accept(r, "[\"")) {
    rl_tape_key(r->tape, read_quoted(r));
    assert_true(accept(r, "]"));
  } else {
    rl_tape_key(r->tape, read_word(r));
  }
  assert_true(accept(r, "="));
}

/* @json{ ... } and @form{ ... }: an object that was decoded, or an empty list of the same kind. */
static void read_decoded(reader *r, rl_decoded from) {
  assert_true(accept(r, "{"));
  if (accept(r, "[]}")) {
    rl_tape_empty_decoded_list(r->tape, from);
    return;
  }
  rl_tape_open_decoded(r->tape, from);
  while (!accept(r, "}")) {
    read_key(r);
    read_value(r);
    (void)accept(r, ",");
  }
  rl_tape_close_object(r->tape);
}

static void read_table(reader *r) { /* like the binding: an empty table is an empty object */
  reader look = *r;
  bool object = at_key(r) || accept(&look, "}");
  if (object)
    rl_tape_open_object(r->tape);
  else
    rl_tape_open_list(r->tape);
  while (!accept(r, "}")) {
    if (object) read_key(r);
    read_value(r);
    (void)accept(r, ",");
  }
  if (object)
    rl_tape_close_object(r->tape);
  else
    rl_tape_close_list(r->tape);
}

static void read_number(reader *r) {
  char *end;
  double f = strtod(r->at, &end);
  bool whole = true;
  for (const char *p = r->at; p < end; p++) whole = whole && (isdigit((unsigned char)*p) || *p == '-');
  if (whole)
    rl_tape_int(r->tape, (int64_t)strtoll(r->at, NULL, 10));
  else
    rl_tape_float(r->tape, f);
  assert_true(end > r->at);
  r->at = end;
}

static void read_mark(reader *r) {
  static const struct {
    const char *name;
    rl_mark mark;
  } marks[] = {{"json_null", RL_MARK_JSON_NULL}, {"db_null", RL_MARK_DB_NULL},
               {"any_null", RL_MARK_ANY_NULL},   {"all", RL_MARK_ALL},
               {"array", RL_MARK_EMPTY_ARRAY},   {"object", RL_MARK_EMPTY_OBJECT}};
  rl_str name = read_word(r);
  if (rl_str_is(name, "field")) {
    assert_true(accept(r, "\""));
    rl_tape_mark(r->tape, RL_MARK_FIELD, read_quoted(r));
    return;
  }
  if (rl_str_is(name, "json") || rl_str_is(name, "form")) {
    read_decoded(r, rl_str_is(name, "json") ? RL_DECODED_JSON : RL_DECODED_FORM);
    return;
  }
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
    if (rl_str_is(name, marks[i].name)) {
      rl_tape_mark(r->tape, marks[i].mark, RL_STR(""));
      return;
    }
  fail_msg("no mark %.*s", RL_STR_ARG(name));
}

static void read_value(reader *r) {
  if (accept(r, "{"))
    read_table(r);
  else if (accept(r, "\""))
    rl_tape_text(r->tape, read_quoted(r));
  else if (accept(r, "d\""))
    rl_tape_decimal(r->tape, read_quoted(r));
  else if (accept(r, "j\""))
    rl_tape_json(r->tape, read_quoted(r));
  else if (accept(r, "true"))
    rl_tape_bool(r->tape, true);
  else if (accept(r, "false"))
    rl_tape_bool(r->tape, false);
  else if (accept(r, "null"))
    rl_tape_null(r->tape);
  else if (accept(r, "nan"))
    rl_tape_float(r->tape, (double)NAN);
  else if (accept(r, "@"))
    read_mark(r);
  else
    read_number(r);
}

static void write_tape(rl_tape *t, const char *text) {
  reader r = {text, t};
  read_value(&r);
  skip_space(&r);
  assert_int_equal(*r.at, 0);
  rl_error err = {0};
  if (rl_tape_end(t, &err) != RILLE_OK) fail_msg("%s", rl_error_message(&err));
}

#endif
