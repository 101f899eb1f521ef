/* Notices: what one process tells the others through the database. Anybody who may connect can send one, so reading
 * trusts nothing: text that is no notice makes everything stale, which costs time and is never wrong. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/id.h"
#include "run/foreign.h"

#define EVERYTHING "everything"

/* ------------------------------------------------------------------ who has sent it */

static _Atomic uint64_t instance; /* 0: not chosen yet */
static pthread_once_t instance_once = PTHREAD_ONCE_INIT;

static void instance_forget(void) {
  atomic_store(&instance, 0);
}

static void instance_init(void) {
  (void)pthread_atfork(NULL, NULL, instance_forget); /* a child is another process to its parent */
}

static uint64_t process_number(void) {
  pthread_once(&instance_once, instance_init);
  uint64_t known = atomic_load(&instance), chosen = 0;
  if (known) return known;
  if (!rl_random(&chosen, sizeof chosen)) {
    int64_t seed[2] = {rl_clock_wall_us(), (int64_t)getpid()};
    chosen = rl_hash(seed, sizeof seed, 1);
  }
  if (chosen == 0) chosen = 1;
  return atomic_compare_exchange_strong(&instance, &known, chosen) ? chosen : known;
}

uint64_t rl_notice_instance(const rl_cache *of) {
  uint64_t parts[2] = {process_number(), of ? rl_cache_serial(of) : 0};
  uint64_t number = rl_hash(parts, sizeof parts, parts[0]);
  return number ? number : 1;
}

void rl_notice_outcome_unknown(void) {
  instance_forget();
}

/* ------------------------------------------------------------------ writing */

static void write_digits(rl_buf *out, uint64_t number) {
  char text[RL_HEX_NUMBER];
  rl_hex_number(number, text);
  rl_buf_put(out, text, sizeof text);
}

typedef enum notice_detail { NOTICE_ROWS, NOTICE_TABLES, NOTICE_EVERYTHING } notice_detail;

/* Counts the names of a notice. With NOTICE_TABLES single rows are left out, and tables have all of their rows instead.
 */
static size_t count_names(const rl_names *names, notice_detail detail) {
  size_t count = 0;
  for (size_t i = 0; i < names->count; i++) {
    if (detail == NOTICE_ROWS || !rl_name_is_row(names->items[i])) count++;
    if (detail == NOTICE_TABLES && rl_name_rows_of(names->items[i])) count++;
  }
  return count;
}

static notice_detail choose_detail(const rl_names *names) {
  const size_t head = sizeof RL_NOTICE_WORD - 1 + RL_HEX_NUMBER, line = RL_HEX_NUMBER + 2; /* with its line end */
  const size_t most = (RL_NOTICE_LONGEST - head) / line - 1;                               /* one for the server */
  if (names->everything) return NOTICE_EVERYTHING;
  if (count_names(names, NOTICE_ROWS) <= most) return NOTICE_ROWS;
  return count_names(names, NOTICE_TABLES) <= most ? NOTICE_TABLES : NOTICE_EVERYTHING;
}

static void write_name(rl_buf *out, rl_name name) {
  rl_buf_text(out, "\nn");
  write_digits(out, name);
}

void rl_notice_write(rl_buf *out, const rl_names *names, const rl_cache *from) {
  notice_detail detail = choose_detail(names);
  rl_buf_text(out, RL_NOTICE_WORD);
  write_digits(out, rl_notice_instance(from));
  if (detail == NOTICE_EVERYTHING) rl_buf_text(out, "\n" EVERYTHING);
  for (size_t i = 0; detail != NOTICE_EVERYTHING && i < names->count; i++) {
    rl_name name = names->items[i], rows = rl_name_rows_of(name);
    if (detail == NOTICE_ROWS || !rl_name_is_row(name)) write_name(out, name);
    if (detail == NOTICE_TABLES && rows) write_name(out, rows);
  }
}

void rl_notice_write_server(rl_buf *out, uint64_t server) {
  if (!server) return;
  rl_buf_text(out, "\ns");
  write_digits(out, server);
}

/* ------------------------------------------------------------------ reading */

/* Removes the first line from *rest and returns it without its line end. */
static rl_str take_line(rl_str *rest) {
  const char *end = memchr(rest->p, '\n', rest->len);
  rl_str line = rl_str_make(rest->p, end ? (size_t)(end - rest->p) : rest->len);
  size_t taken = line.len + (end != NULL);
  *rest = rl_str_make(rest->p + taken, rest->len - taken);
  return line;
}

static rl_str after(rl_str s, size_t count) {
  return rl_str_make(s.p + count, s.len - count);
}

/* Adds every name of a table: who has sent it knows no rows. */
static void add_table(rl_names *out, rl_str table) {
  rl_names_add(out, RL_NAME_ANY_WRITE);
  rl_names_add(out, rl_name_of_table(table, RL_TABLE_ANY));
  rl_names_add(out, rl_name_of_table(table, RL_TABLE_ROWS));
  rl_names_add(out, rl_name_of_table(table, RL_TABLE_NONE));
}

static bool read_line(rl_str line, rl_names *out) {
  uint64_t name;
  if (rl_str_is(line, EVERYTHING)) {
    out->everything = true;
    return true;
  }
  if (line.len > 2 && rl_str_starts(line, RL_STR("T:"))) {
    add_table(out, after(line, 2));
    return true;
  }
  if (rl_str_starts(line, RL_STR("s"))) return rl_hex_read_number(after(line, 1), &name); /* rl_notice_read_server */
  if (!rl_str_starts(line, RL_STR("n")) || !rl_hex_read_number(after(line, 1), &name)) return false;
  rl_names_add(out, name);
  return true;
}

void rl_notice_read(rl_str payload, rl_names *out, const rl_cache *to, bool *own) {
  uint64_t sender = 0;
  bool good = payload.len > 0;
  if (rl_str_starts(payload, RL_STR(RL_NOTICE_WORD))) {
    rl_str first = take_line(&payload);
    good = rl_hex_read_number(after(first, sizeof RL_NOTICE_WORD - 1), &sender);
  }
  while (good && payload.len && !out->everything) good = read_line(take_line(&payload), out);
  *own = good && sender == rl_notice_instance(to);
  if (!good) out->everything = true;
}

uint64_t rl_notice_read_server(rl_str payload) {
  uint64_t server = 0;
  while (payload.len) {
    rl_str line = take_line(&payload);
    if (rl_str_starts(line, RL_STR("s")) && !rl_hex_read_number(after(line, 1), &server)) return 0;
  }
  return server;
}
