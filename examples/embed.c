/* rille from C, with <rille/rille.h> only: a schema, a database, rows written and read, and an event loop that waits
 * for them.
 *
 *   embed [URL]         file:embed.db by default; postgresql://user:password@host/database
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <rille/rille.h>

static const char schema_text[] = "model Book {\n"
                                  "  id     Int     @id @default(autoincrement())\n"
                                  "  title  String  @unique\n"
                                  "  price  Decimal\n"
                                  "  signed Boolean @default(false)\n"
                                  "}\n";

/* What this program owns. main releases it in every case. */
typedef struct program {
  rille_schema *schema;
  rille_client *client;
  rille_op *op;
  rille_tape *tape;
  rille_error *err;
} program;

static rille_status open_all(program *p, const char *url) {
  rille_schema_options schema = {.struct_size = sizeof schema, .text = schema_text, .text_len = sizeof schema_text - 1};
  schema.url = url;
  rille_status status = rille_schema_open(&schema, &p->schema, NULL, &p->err);
  if (status < 0) return status;
  rille_push_options push = {.struct_size = sizeof push, .reset = 1, .url = url, .schema = p->schema};
  status = rille_push(&push, &p->err);
  if (status < 0) return status;
  rille_client_options client = {.struct_size = sizeof client, .url = url, .schema = p->schema};
  status = rille_client_open(&client, &p->client, &p->err);
  if (status < 0) return status;
  p->op = rille_op_new(p->client);
  p->tape = rille_tape_new();
  if (!p->op || !p->tape) return RILLE_NOMEM;
  rille_op_set_blocking(p->op, 0); /* rille_op_next returns RILLE_AGAIN instead of waiting */
  return RILLE_OK;
}

/* Waits with poll. A program with an event loop would give the descriptor to the loop. */
static void wait_for(const rille_op *op) {
  rille_wait wait = {.struct_size = sizeof wait};
  rille_op_wait(op, &wait);
  struct pollfd fd = {.fd = wait.fd, .events = (short)((wait.read ? POLLIN : 0) | (wait.write ? POLLOUT : 0))};
  poll(&fd, wait.fd >= 0 ? 1 : 0, wait.timeout_ms < 0 ? -1 : (int)wait.timeout_ms);
}

static void print_value(const rille_value *v) {
  char text[RILLE_DATETIME_MAX];
  switch (v->kind) {
  case RILLE_NULL: printf("-"); break;
  case RILLE_BOOL: printf("%s", v->as.i ? "yes" : "no"); break;
  case RILLE_INT: printf("%lld", (long long)v->as.i); break;
  case RILLE_FLOAT: printf("%g", v->as.f); break;
  case RILLE_DATETIME: printf("%.*s", (int)rille_datetime_format(v->as.i, text), text); break;
  case RILLE_LIST: printf("%u values", (unsigned)v->len); break;
  default: printf("%.*s", (int)v->len, v->as.p); break;
  }
}

static void print_row(const rille_op *op, const rille_row *row) {
  const rille_node *nodes;
  uint32_t count;
  rille_op_shape(op, &nodes, &count);
  for (uint32_t i = 0; i < row->count; i++) {
    const rille_column *column = &nodes[row->node].columns[i];
    printf("  %.*s=", (int)column->name_len, column->name);
    print_value(&row->cells[i]);
  }
  printf("\n");
}

/* Runs the call on the tape and prints the rows. */
static rille_status call(program *p, const char *model, rille_action action) {
  int32_t number = rille_schema_model(p->schema, model, strlen(model));
  rille_status status = rille_op_model(p->op, NULL, number, action, p->tape, &p->err);
  if (status < 0) return status;
  rille_row row;
  for (;;) {
    status = rille_op_next(p->op, &row, &p->err);
    if (status == RILLE_AGAIN)
      wait_for(p->op);
    else if (status == RILLE_ROW)
      print_row(p->op, &row);
    else
      return status;
  }
}

static void key(rille_tape *t, const char *name) {
  rille_tape_key(t, name, strlen(name));
}

static void text(rille_tape *t, const char *name, const char *value) {
  key(t, name);
  rille_tape_text(t, value, strlen(value));
}

/* create{ data = { title = ..., price = ..., signed = ... } } */
static rille_status create(program *p, const char *title, const char *price, int is_signed) {
  rille_tape *t = p->tape;
  rille_tape_reset(t);
  rille_tape_open_object(t);
  key(t, "data");
  rille_tape_open_object(t);
  text(t, "title", title);
  key(t, "price");
  rille_tape_decimal(t, price, strlen(price));
  key(t, "signed");
  rille_tape_bool(t, is_signed);
  rille_tape_close_object(t);
  rille_tape_close_object(t);
  return call(p, "book", RILLE_CREATE);
}

/* find_many{ where = { price = { lt = "30" } }, order_by = { price = "desc" } } */
static rille_status find_cheap(program *p) {
  rille_tape *t = p->tape;
  rille_tape_reset(t);
  rille_tape_open_object(t);
  key(t, "where");
  rille_tape_open_object(t);
  key(t, "price");
  rille_tape_open_object(t);
  key(t, "lt");
  rille_tape_decimal(t, "30", 2);
  rille_tape_close_object(t);
  rille_tape_close_object(t);
  key(t, "order_by");
  rille_tape_open_object(t);
  text(t, "price", "desc");
  rille_tape_close_object(t);
  rille_tape_close_object(t);
  return call(p, "book", RILLE_FIND_MANY);
}

static rille_status run(program *p, const char *url) {
  rille_status status = open_all(p, url);
  if (status < 0) return status;
  printf("rille %s on %s\nCreated:\n", rille_version(), rille_client_provider(p->client));
  if ((status = create(p, "The Long Table", "24.90", 1)) < 0) return status;
  if ((status = create(p, "A Short History of Rivers", "18", 0)) < 0) return status;
  if ((status = create(p, "Maps, Large", "61.50", 0)) < 0) return status;
  printf("Cheaper than 30:\n");
  if ((status = find_cheap(p)) < 0) return status;

  printf("The same title again:\n");
  status = create(p, "Maps, Large", "1", 0);
  if (status >= 0 || !p->err || strcmp(rille_error_code(p->err), "P2002") != 0) return status;
  printf("  %s: %s\n", rille_error_code(p->err), rille_error_message(p->err));
  rille_error_free(p->err);
  p->err = NULL;
  return RILLE_OK;
}

int main(int argc, char **argv) {
  program p = {0};
  rille_status status = run(&p, argc > 1 ? argv[1] : "file:embed.db");
  if (status < 0)
    fprintf(stderr, "embed: %s: %s\n", p.err ? rille_error_code(p.err) : "?",
            p.err ? rille_error_message(p.err) : "out of memory");
  rille_error_free(p.err);
  rille_op_free(p.op);
  rille_tape_free(p.tape);
  if (p.client) rille_client_release(p.client);
  if (p.schema) rille_schema_release(p.schema);
  return status < 0;
}
