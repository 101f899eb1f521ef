/* Types that are delivered as text but have their own binary form: interval, network addresses, bit strings, money. */
#include "driver/postgres/pg.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>

enum { PG_INET = 2, PG_INET6 = 3, LONGEST = 160 };

/* "1 year 2 mons -3 days 04:05:06.789", as the server writes it in its default style. */
typedef struct interval_writer {
  char text[LONGEST];
  size_t len;
  bool after_negative; /* the server then writes a plus sign */
} interval_writer;

static void put_unit(interval_writer *w, int64_t n, const char *unit) {
  if (n == 0) return;
  const char *space = w->len ? " " : "", *plus = w->after_negative && n > 0 ? "+" : "";
  w->len += (size_t)snprintf(w->text + w->len, LONGEST - w->len, "%s%s%" PRId64 " %s%s", space, plus, n, unit,
                             n == 1 ? "" : "s");
  w->after_negative = n < 0;
}

static void put_time(interval_writer *w, int64_t us) {
  if (us == 0 && w->len > 0) return;
  uint64_t rest = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
  unsigned fraction = (unsigned)(rest % 1000000);
  uint64_t seconds = rest / 1000000;
  const char *sign = us < 0 ? "-" : w->after_negative ? "+" : "";
  w->len += (size_t)snprintf(w->text + w->len, LONGEST - w->len, "%s%s%02" PRIu64 ":%02u:%02u", w->len ? " " : "", sign,
                             seconds / 3600, (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
  if (!fraction) return;
  w->len += (size_t)snprintf(w->text + w->len, LONGEST - w->len, ".%06u", fraction);
  while (w->text[w->len - 1] == '0') w->len--;
}

static bool decode_interval(rl_conn *c, const char *p, size_t len, rl_value *out) {
  if (len != 16) return false;
  interval_writer w = {.len = 0};
  int32_t days = (int32_t)rl_pg_u32(p + 8), months = (int32_t)rl_pg_u32(p + 12);
  put_unit(&w, months / 12, "year");
  put_unit(&w, months % 12, "mon");
  put_unit(&w, days, "day");
  put_time(&w, (int64_t)rl_pg_u64(p));
  return rl_pg_keep(c, RILLE_TEXT, w.text, w.len, out);
}

static bool decode_address(rl_conn *c, const char *p, size_t len, rl_value *out) {
  if (len < 4) return false;
  unsigned family = (unsigned char)p[0], bits = (unsigned char)p[1], size = (unsigned char)p[3];
  bool cidr = p[2] != 0;
  if (len != 4 + (size_t)size || !((family == PG_INET && size == 4) || (family == PG_INET6 && size == 16)))
    return false;
  char text[INET6_ADDRSTRLEN + 8];
  if (!inet_ntop(family == PG_INET ? AF_INET : AF_INET6, p + 4, text, INET6_ADDRSTRLEN)) return false;
  size_t at = strlen(text);
  if (cidr || bits != size * 8) at += (size_t)snprintf(text + at, sizeof text - at, "/%u", bits);
  return rl_pg_keep(c, RILLE_TEXT, text, at, out);
}

static bool decode_mac(rl_conn *c, const char *p, size_t len, rl_value *out) {
  char text[32];
  size_t at = 0;
  if (len != 6 && len != 8) return false;
  for (size_t i = 0; i < len; i++)
    at += (size_t)snprintf(text + at, sizeof text - at, "%s%02x", i ? ":" : "", (unsigned)(unsigned char)p[i]);
  return rl_pg_keep(c, RILLE_TEXT, text, at, out);
}

static bool decode_bits(rl_conn *c, const char *p, size_t len, rl_value *out) {
  if (len < 4) return false;
  uint32_t count = rl_pg_u32(p);
  if (((size_t)count + 7) / 8 != len - 4) return false;
  char *text = rl_pg_scratch(c, (size_t)count + 1);
  if (!text) return false;
  for (uint32_t i = 0; i < count; i++) text[i] = (char)('0' + ((unsigned char)p[4 + i / 8] >> (7 - i % 8) & 1));
  *out = (rl_value){.kind = RILLE_TEXT, .len = count, .as.p = text};
  return true;
}

/* Assumes two decimals, as nearly every currency has. The number depends on the server's lc_monetary and is not sent.
 */
static bool decode_money(rl_conn *c, const char *p, size_t len, rl_value *out) {
  if (len != 8) return false;
  int64_t cents = (int64_t)rl_pg_u64(p);
  uint64_t rest = cents < 0 ? 0 - (uint64_t)cents : (uint64_t)cents;
  char text[32];
  size_t at = (size_t)snprintf(text, sizeof text, "%s%" PRIu64 ".%02u", cents < 0 ? "-" : "", rest / 100,
                               (unsigned)(rest % 100));
  while (text[at - 1] == '0') at--;
  if (text[at - 1] == '.') at--;
  return rl_pg_keep(c, RILLE_DECIMAL, text, at, out);
}

static bool decode_log_position(rl_conn *c, const char *p, size_t len, rl_value *out) {
  if (len != 8) return false;
  char text[24];
  int n = snprintf(text, sizeof text, "%" PRIX32 "/%" PRIX32, rl_pg_u32(p), rl_pg_u32(p + 4));
  return rl_pg_keep(c, RILLE_TEXT, text, (size_t)n, out);
}

/* Decodes an unknown type: text if it can be, otherwise bytes. */
static bool decode_unknown(const char *p, size_t len, rl_value *out) {
  bool text = rl_utf8_valid((rl_str){p, len}, NULL) && !memchr(p, 0, len);
  *out = (rl_value){.kind = text ? RILLE_TEXT : RILLE_BYTES, .len = (uint32_t)len, .as.p = p};
  return true;
}

bool rl_pg_decode_other(rl_conn *c, Oid oid, const char *p, size_t len, rl_value *out) {
  switch (oid) {
  case RL_OID_INTERVAL: return decode_interval(c, p, len, out);
  case RL_OID_INET:
  case RL_OID_CIDR: return decode_address(c, p, len, out);
  case RL_OID_MACADDR:
  case RL_OID_MACADDR8: return decode_mac(c, p, len, out);
  case RL_OID_BIT:
  case RL_OID_VARBIT: return decode_bits(c, p, len, out);
  case RL_OID_MONEY: return decode_money(c, p, len, out);
  case RL_OID_PG_LSN: return decode_log_position(c, p, len, out);
  default: return decode_unknown(p, len, out);
  }
}
