/* An application written against the first release. It must compile with every later header and run on every later
 * library, so a change here breaks the interface. It also acts as a newer application, with option structs that are
 * longer than the library knows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rille/rille.h>

static const char schema_text[] = "model Note {\n"
                                  "  id   Int    @id @default(autoincrement())\n"
                                  "  text String @unique\n"
                                  "}\n";

static void fail(const char *what, rille_error *err) {
  fprintf(stderr, "old client: %s: %s %s\n", what, err ? rille_error_code(err) : "",
          err ? rille_error_message(err) : "");
  exit(1);
}

static void expect(int condition, const char *what) {
  if (!condition) fail(what, NULL);
}

static rille_schema *open_schema(const char *url) {
  rille_schema_options options = {0};
  rille_schema *schema = NULL;
  rille_error *err = NULL;
  options.struct_size = sizeof options;
  options.text = schema_text;
  options.text_len = sizeof schema_text - 1;
  options.url = url;
  if (rille_schema_open(&options, &schema, NULL, &err) != RILLE_OK) fail("schema", err);
  return schema;
}

/* A newer caller with fields that the library does not know. Zero means default and is accepted. Other values are
 * refused. */
static rille_client *open_client(rille_schema *schema, const char *url) {
  struct {
    rille_client_options known;
    uint64_t unknown[2];
  } options;
  rille_client *client = NULL;
  rille_error *err = NULL;
  memset(&options, 0, sizeof options);
  options.known.struct_size = sizeof options;
  options.known.url = url;
  options.known.schema = schema;
  options.unknown[0] = 1;
  expect(rille_client_open(&options.known, &client, &err) == RILLE_ERROR && client == NULL,
         "an unknown option was ignored");
  expect(rille_error_kind(err) == RILLE_KIND_VALIDATION, "kind of the error about an unknown option");
  rille_error_free(err);
  err = NULL;
  options.unknown[0] = 0;
  if (rille_client_open(&options.known, &client, &err) != RILLE_OK) fail("client", err);
  return client;
}

static void write_text_field(rille_tape *tape, const char *outer, const char *field, const char *text) {
  rille_tape_reset(tape);
  rille_tape_open_object(tape);
  rille_tape_key(tape, outer, strlen(outer));
  rille_tape_open_object(tape);
  rille_tape_key(tape, field, strlen(field));
  rille_tape_text(tape, text, strlen(text));
  rille_tape_close_object(tape);
  rille_tape_close_object(tape);
}

/* Runs a call whose result is one row, and returns the cell of a column as a number, -1 if there is no row. */
static int64_t one_integer(rille_op *op, int32_t model, rille_action action, rille_tape *tape, const char *column) {
  rille_error *err = NULL;
  rille_row row;
  rille_status status;
  const rille_node *nodes;
  uint32_t count, c;
  int64_t answer = -1;
  if (rille_op_model(op, NULL, model, action, tape, &err) != RILLE_OK) fail("start", err);
  while ((status = rille_op_next(op, &row, &err)) == RILLE_ROW) {
    rille_op_shape(op, &nodes, &count);
    expect(row.node == 0 && row.count == nodes[0].column_count, "shape");
    for (c = 0; c < row.count; c++) {
      if (strlen(column) == nodes[0].columns[c].name_len &&
          memcmp(nodes[0].columns[c].name, column, strlen(column)) == 0)
        answer = row.cells[c].as.i;
    }
  }
  if (status != RILLE_DONE) fail("next", err);
  return answer;
}

static void refuses_duplicate(rille_op *op, int32_t model, rille_tape *tape) {
  rille_error *err = NULL;
  rille_row row;
  rille_status status;
  write_text_field(tape, "data", "text", "kept");
  if (rille_op_model(op, NULL, model, RILLE_CREATE, tape, &err) != RILLE_OK) fail("start", err);
  do status = rille_op_next(op, &row, &err);
  while (status == RILLE_ROW);
  expect(status == RILLE_ERROR && strcmp(rille_error_code(err), "P2002") == 0,
         "a duplicate was not refused with P2002");
  rille_error_free(err);
}

int main(void) {
  static const char url[] = "sqlite::memory:";
  rille_schema *schema = open_schema(url);
  rille_client *client = open_client(schema, url);
  rille_op *op = rille_op_new(client);
  rille_tape *tape = rille_tape_new();
  rille_error *err = NULL;
  char *sql = NULL;
  size_t sql_len = 0;
  rille_row row;
  int32_t model = rille_schema_model(schema, "note", 4);

  expect(rille_version_check(RILLE_VERSION_MAJOR, RILLE_VERSION_MINOR) == 1, "version check");
  expect(op != NULL && tape != NULL, "memory");
  expect(model >= 0, "model");
  if (rille_schema_sql(schema, "sqlite", &sql, &sql_len, &err) != RILLE_OK) fail("sql", err);
  if (rille_op_script(op, NULL, sql, sql_len, &err) != RILLE_OK) fail("script", err);
  if (rille_op_next(op, &row, &err) != RILLE_DONE) fail("script", err);
  rille_free(sql);

  write_text_field(tape, "data", "text", "kept");
  expect(one_integer(op, model, RILLE_CREATE, tape, "id") == 1, "create");
  write_text_field(tape, "where", "text", "kept");
  expect(one_integer(op, model, RILLE_FIND_UNIQUE, tape, "id") == 1, "find_unique");
  refuses_duplicate(op, model, tape);

  rille_tape_free(tape);
  rille_op_free(op);
  rille_client_release(client);
  rille_schema_release(schema);
  return 0;
}
