/* The texts of the scripts. They trust nothing that they read: a value of another type is deleted, and counts as
 * missing. Numbers are milliseconds. Each name is a hash: `s` is its stamp, every other field the token of a write
 * under way with the time until which it counts. */
#include "cache/redis/scripts.h"

#include <openssl/evp.h>
#include <pthread.h>

#include "base/digits.h"
#include "base/hex.h"
#include "cache/redis/link.h"

/* name: gives the stamp, false if there is none and `fresh` is not given; and whether it is being written. The mark of
 * a writer that has died ends with a stamp that is lost, because what it wrote may have been committed. */
#define PRELUDE                                                                                                        \
  "local space, DAY = ARGV[1], 86400000\n"                                                                             \
  "local t = redis.call('TIME')\n"                                                                                     \
  "local now = t[1] * 1000 + math.floor(t[2] / 1000)\n"                                                                \
  "local function failed(r) return type(r) == 'table' and r.err end\n"                                                 \
  "local function set(k, field, value)\n"                                                                              \
  "  if failed(redis.pcall('HSET', k, field, value)) then redis.call('DEL', k) return false end\n"                     \
  "  redis.call('PEXPIRE', k, DAY)\n"                                                                                  \
  "  return true\n"                                                                                                    \
  "end\n"                                                                                                              \
  "local function name(hex, fresh)\n"                                                                                  \
  "  local k = space .. 'n:' .. hex\n"                                                                                 \
  "  local all = redis.pcall('HGETALL', k)\n"                                                                          \
  "  if failed(all) or #all > 20000 then redis.call('DEL', k) all = {} end\n"                                          \
  "  local stamp, busy, dead = false, false, false\n"                                                                  \
  "  for i = 1, #all, 2 do\n"                                                                                          \
  "    local till = tonumber(all[i + 1])\n"                                                                            \
  "    if all[i] == 's' then stamp = all[i + 1]\n"                                                                     \
  "    elseif till and till > now and till <= now + 60000 then busy = true\n"                                          \
  "    else redis.call('HDEL', k, all[i]) dead = true end\n"                                                           \
  "  end\n"                                                                                                            \
  "  if stamp and (dead or #stamp ~= 32) then redis.call('HDEL', k, 's') stamp = false end\n"                          \
  "  if not stamp and fresh and set(k, 's', fresh) then stamp = fresh end\n"                                           \
  "  return stamp, busy\n"                                                                                             \
  "end\n"                                                                                                              \
  "local function holds(notes)\n"                                                                                      \
  "  if #notes == 0 or #notes % 48 ~= 0 or #notes > 100000 then return false, true end\n"                              \
  "  for i = 1, #notes, 48 do\n"                                                                                       \
  "    local stamp, busy = name(notes:sub(i, i + 15))\n"                                                               \
  "    if stamp ~= notes:sub(i + 16, i + 47) then return false, true end\n"                                            \
  "    if busy then return false end\n"                                                                                \
  "  end\n"                                                                                                            \
  "  return true\n"                                                                                                    \
  "end\n"

static const char ask[] =
    PRELUDE "local e, f, fresh, token = space .. 'e:' .. ARGV[2], space .. 'f:' .. ARGV[2], ARGV[3], ARGV[4]\n"
            "local ttl, life, most, peek = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9] == '1'\n"
            "local function kept()\n"
            "  local got = redis.pcall('HMGET', e, 'd', 'b')\n"
            "  if failed(got) then redis.call('DEL', e) return end\n"
            "  if not got[1] then return end\n"
            "  local born = tonumber(got[2])\n"
            "  local good, bad = holds(got[1])\n"
            "  if bad or not born or redis.call('HSTRLEN', e, 'v') > most then redis.call('DEL', e) return end\n"
            "  local age = now - born\n"
            "  if good and age >= 0 and age < life then return math.floor(age), got[1], math.floor(born) end\n"
            "end\n"
            "local age, notes, born = kept()\n"
            "if age and age < ttl then return {1, age, notes, redis.call('HGET', e, 'v') or '', born} end\n"
            "local old = age and {2, age, notes, '', born}\n"
            "if peek then\n"
            "  if old then old[4] = redis.call('HGET', e, 'v') or '' end\n"
            "  return old or {0}\n"
            "end\n"
            "local reply = {4, 0, now}\n"
            "for i = 10, #ARGV do\n"
            "  local stamp, busy = name(ARGV[i], fresh)\n"
            "  if busy or not stamp then reply[2] = 1 end\n"
            "  reply[i - 6] = stamp or ''\n"
            "end\n"
            "if reply[2] == 1 then return reply end\n"
            "local left = redis.call('PTTL', f)\n"
            "if left == -1 or left > 60000 then redis.call('DEL', f) end\n"
            "local got = redis.pcall('SET', f, token, 'NX', 'PX', ARGV[5])\n"
            "if failed(got) then reply[2] = 1 return reply end\n"
            "if got or redis.pcall('GET', f) == token then return reply end\n"
            "if old then old[4] = redis.call('HGET', e, 'v') or '' end\n"
            "return old or {3, redis.call('PTTL', f)}\n";

static const char stamps[] = PRELUDE "local reply = {4, 0, now}\n"
                                     "for i = 6, #ARGV do\n"
                                     "  local stamp, busy = name(ARGV[i], ARGV[3])\n"
                                     "  if busy or not stamp then reply[2] = 1 end\n"
                                     "  reply[i - 2] = stamp or ''\n"
                                     "end\n"
                                     "local f = space .. 'f:' .. ARGV[2]\n"
                                     "if redis.pcall('GET', f) == ARGV[4] then redis.call('PEXPIRE', f, ARGV[5]) end\n"
                                     "return reply\n";

static const char keep[] = PRELUDE
    "local e, f, notes, final, value = space .. 'e:' .. ARGV[2], space .. 'f:' .. ARGV[2], ARGV[5], ARGV[6], ARGV[7]\n"
    "if redis.pcall('GET', f) == ARGV[4] then redis.call('DEL', f) end\n"
    "if value == '' or not holds(notes) then return 0 end\n"
    "if final ~= '' then\n"
    "  local parts = {}\n"
    "  for i = 1, #final, 16 do\n"
    "    local hex = final:sub(i, i + 15)\n"
    "    local stamp, busy = name(hex, ARGV[3])\n"
    "    if busy or not stamp then return 0 end\n"
    "    parts[#parts + 1] = hex .. stamp\n"
    "  end\n"
    "  notes = table.concat(parts)\n"
    "end\n"
    "local born = tonumber(ARGV[9])\n"
    "local life = tonumber(ARGV[8]) - (now - born)\n"
    "if life <= 0 then return 0 end\n"
    "redis.call('DEL', e)\n"
    "if failed(redis.pcall('HSET', e, 'd', notes, 'b', born, 'v', value)) then return 0 end\n"
    "redis.call('PEXPIRE', e, life)\n"
    "for i = 1, #notes, 48 do\n"
    "  redis.call('PEXPIRE', space .. 'n:' .. notes:sub(i, i + 15), math.max(life, DAY))\n"
    "end\n"
    "return 1\n";

static const char mark[] =
    PRELUDE "local good = 1\n"
            "for i = 4, #ARGV do\n"
            "  local k = space .. 'n:' .. ARGV[i]\n"
            "  if not set(k, ARGV[2], now + ARGV[3]) and not set(k, ARGV[2], now + ARGV[3]) then\n"
            "    good = 0\n"
            "  end\n"
            "end\n"
            "return good\n";

static const char settle[] = PRELUDE "local stale, count = tonumber(ARGV[5]), tonumber(ARGV[6])\n"
                                     "local tokens = {}\n"
                                     "for i = 1, count do tokens[i] = ARGV[6 + i] end\n"
                                     "for i = 7 + count, #ARGV do\n"
                                     "  local k = space .. 'n:' .. ARGV[i]\n"
                                     "  if i - 6 - count <= stale then set(k, 's', ARGV[2]) end\n"
                                     "  if ARGV[3] == 'unknown' then set(k, tokens[1], now + ARGV[4])\n"
                                     "  elseif count > 0 then redis.pcall('HDEL', k, unpack(tokens)) end\n"
                                     "end\n"
                                     "return 1\n";

static const rl_str texts[RL_SCRIPT_COUNT] = {[RL_SCRIPT_ASK] = {ask, sizeof ask - 1},
                                              [RL_SCRIPT_STAMPS] = {stamps, sizeof stamps - 1},
                                              [RL_SCRIPT_KEEP] = {keep, sizeof keep - 1},
                                              [RL_SCRIPT_MARK] = {mark, sizeof mark - 1},
                                              [RL_SCRIPT_SETTLE] = {settle, sizeof settle - 1}};
enum { SHA1_BYTES = 20 };
static char digests[RL_SCRIPT_COUNT][2 * SHA1_BYTES + 1]; /* empty: there is none, and the text is sent */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_digests(void) {
  for (int i = 0; i < RL_SCRIPT_COUNT; i++) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (EVP_Digest(texts[i].p, texts[i].len, digest, &len, EVP_sha1(), NULL) != 1 || len != SHA1_BYTES) continue;
    rl_hex_bytes(digest, len, digests[i]);
  }
}

rl_str rl_script_text(rl_script script) {
  return texts[script];
}

void rl_script_begin(rl_buf *out, rl_script script, bool whole, rl_str space, size_t count) {
  pthread_once(&once, make_digests);
  whole = whole || !digests[script][0];
  rl_command_begin(out, 4 + count);
  rl_command_add(out, whole ? RL_STR("EVAL") : RL_STR("EVALSHA"));
  rl_command_add(out, whole ? texts[script] : rl_str_of(digests[script]));
  rl_command_add(out, RL_STR("0"));
  rl_command_add(out, space);
}

void rl_script_add_number(rl_buf *out, int64_t n) {
  char digits[RL_INT_TEXT_MAX];
  rl_command_add(out, rl_str_make(digits, (size_t)(rl_put_int(digits, n) - digits)));
}

void rl_script_add_name(rl_buf *out, rl_name name) {
  char digits[RL_HEX_NUMBER];
  rl_hex_number(name, digits);
  rl_command_add(out, rl_str_make(digits, sizeof digits));
}

size_t rl_script_add_names(rl_buf *out, const rl_names *names) {
  if (names->everything) rl_script_add_name(out, RL_NAME_EVERYTHING);
  for (size_t i = 0; i < names->count; i++) rl_script_add_name(out, names->items[i]);
  return names->count + names->everything;
}
