/* Arrays of structs with their size, as newer and older applications pass them. Each element has the length of its own
 * struct_size. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rille/rille.h>

static const char from_text[] = "datasource db {\n  provider = \"sqlite\"\n}\n"
                                "model A {\n  id Int @id\n  x String\n  y Int\n}\n";
static const char to_text[] = "datasource db {\n  provider = \"sqlite\"\n}\n"
                              "model A {\n  id Int @id\n  u String\n  v Int\n}\n";

/* The element of a newer application. */
typedef struct long_rename {
  rille_rename known;
  const char *reason;
  uint64_t weight;
} long_rename;

static void expect(int condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "arrays: %s\n", what);
  exit(1);
}

static rille_schema *open_schema(const char *text) {
  rille_schema_options options = {0};
  rille_schema *schema = NULL;
  options.struct_size = sizeof options;
  options.text = text;
  options.text_len = strlen(text);
  expect(rille_schema_open(&options, &schema, NULL, NULL) == RILLE_OK, "schema");
  return schema;
}

static rille_rename rename_of(uint32_t size, const char *from, const char *to) {
  rille_rename r;
  memset(&r, 0, sizeof r);
  r.struct_size = size;
  r.what = "column";
  r.table = "A";
  r.from = from;
  r.to = to;
  return r;
}

/* Returns the error's code, "" if there is none. The caller frees the diff. */
static const char *compare(rille_diff_options *options, rille_diff **diff) {
  static char code[16];
  rille_error *err = NULL;
  code[0] = 0;
  *diff = NULL;
  if (rille_diff_open(options, diff, &err) == RILLE_OK) return code;
  snprintf(code, sizeof code, "%s", rille_error_code(err));
  rille_error_free(err);
  return code;
}

int main(void) {
  rille_diff_options options;
  rille_diff_step step;
  rille_diff *diff;
  rille_rename own[2];
  long_rename longer[2];

  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.from_schema = open_schema(from_text);
  options.to_schema = open_schema(to_text);
  options.rename_count = 2;

  own[0] = rename_of(sizeof own[0], "x", "u");
  own[1] = rename_of(sizeof own[1], "y", "v");
  options.renames = own;
  expect(strcmp(compare(&options, &diff), "") == 0, "two elements of this version");
  expect(rille_diff_step_count(diff) == 2 && rille_diff_warning_count(diff) == 0, "both are renames");
  rille_diff_free(diff);

  memset(longer, 0, sizeof longer);
  longer[0].known = rename_of(sizeof longer[0], "x", "u");
  longer[1].known = rename_of(sizeof longer[1], "y", "v");
  options.renames = &longer[0].known;
  expect(strcmp(compare(&options, &diff), "") == 0, "two longer elements");
  memset(&step, 0, sizeof step);
  step.struct_size = sizeof step;
  rille_diff_step_at(diff, 1, &step);
  expect(rille_diff_step_count(diff) == 2 && step.kind == RILLE_STEP_RENAME, "the second longer element was read");
  expect(strcmp(step.sql, "ALTER TABLE \"A\" RENAME COLUMN \"y\" TO \"v\"") == 0, "what the second one says");
  rille_diff_free(diff);

  longer[1].reason = "set";
  expect(strcmp(compare(&options, &diff), "P2026") == 0 && !diff, "an unknown field of the second element is set");
  longer[1].reason = NULL;

  own[1].struct_size = sizeof own[1] - sizeof own[1].to; /* an element without `to` */
  options.renames = own;
  expect(strcmp(compare(&options, &diff), "VALIDATION") == 0 && !diff, "an element that is too short");
  own[1].struct_size = 0;
  expect(strcmp(compare(&options, &diff), "VALIDATION") == 0 && !diff, "an element without a size");
  own[1].struct_size = sizeof own[1];
  own[0].struct_size = sizeof own[0] + 1;
  expect(strcmp(compare(&options, &diff), "VALIDATION") == 0 && !diff, "an element after which none can lie");
  own[0].struct_size = 0x40000000;
  expect(strcmp(compare(&options, &diff), "VALIDATION") == 0 && !diff, "an element without bounds");

  rille_schema_release((rille_schema *)options.from_schema);
  rille_schema_release((rille_schema *)options.to_schema);
  return 0;
}
