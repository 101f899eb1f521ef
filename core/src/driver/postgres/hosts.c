/* Resolving the hosts of a URL on a thread. */
#include "driver/postgres/hosts.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/bell.h"
#include "base/clock.h"
#include "base/thread.h"

typedef struct host {
  const char *name, *address, *port;
  size_t lookup; /* index in the job + 1; 0: it needs no look-up */
} host;

/* The work of the thread. The thread allocates nothing: the waiting caller may be gone when it ends. */
typedef struct job {
  _Atomic int references;
  _Atomic bool done;
  rl_bell *bell;
  size_t count;
  struct {
    char *name;
    struct addrinfo *found;
    int status;
  } lookups[];
} job;

struct rl_pg_hosts {
  rl_arena arena;
  host *named; /* as the URL names them */
  size_t named_count;
  host *hosts; /* with the addresses found, maybe several per name */
  size_t count;
  job *job;
  bool resolved; /* libpq gets addresses, not names */
};

static void job_release(job *j) {
  if (!j || atomic_fetch_sub(&j->references, 1) != 1) return;
  for (size_t i = 0; i < j->count; i++) {
    if (j->lookups[i].found) freeaddrinfo(j->lookups[i].found);
    rl_free(j->lookups[i].name);
  }
  if (j->bell) rl_bell_free(j->bell);
  rl_free(j);
}

static void job_resolve(job *j) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  for (size_t i = 0; i < j->count; i++)
    j->lookups[i].status = getaddrinfo(j->lookups[i].name, NULL, &hints, &j->lookups[i].found);
  atomic_store(&j->done, true);
}

static void *job_run(void *context) {
  job *j = context;
  job_resolve(j);
  rl_bell_ring(j->bell);
  job_release(j);
  return NULL;
}

static bool job_start_thread(job *j) {
  j->references++;
  bool started = rl_thread_start(0, job_run, j, NULL);
  if (!started) j->references--;
  return started;
}

/* Returns the nth of "a,b,c", empty if there is none. A list of one is for all. */
static rl_str nth_of(const char *list, size_t n) {
  if (!list) return (rl_str){"", 0};
  if (!strchr(list, ',')) n = 0;
  for (; n > 0 && list; n--) {
    list = strchr(list, ',');
    if (list) list++;
  }
  if (!list) return (rl_str){"", 0};
  return (rl_str){list, strcspn(list, ",")};
}

static size_t length_of(const char *list) {
  size_t n = 1;
  for (const char *p = list; p && *p; p++) n += *p == ',';
  return list && *list ? n : 0;
}

static bool is_name(rl_str s) {
  struct in_addr four;
  char text[64];
  if (s.len == 0 || *s.p == '/' || *s.p == '@' || memchr(s.p, ':', s.len)) return false; /* socket, IPv6 */
  if (s.len >= sizeof text) return true;
  memcpy(text, s.p, s.len);
  text[s.len] = 0;
  return inet_pton(AF_INET, text, &four) != 1;
}

static rille_status read_hosts(rl_pg_hosts *h, const char *names, const char *addresses, const char *ports,
                               size_t *to_ask, rl_error *err) {
  h->named_count = length_of(names) > length_of(addresses) ? length_of(names) : length_of(addresses);
  h->named = RL_NEW_ARRAY(&h->arena, host, h->named_count);
  if (!h->named) return rl_fail_nomem(err);
  for (size_t i = 0; i < h->named_count; i++) {
    rl_str name = length_of(names) > i ? nth_of(names, i) : (rl_str){"", 0};
    rl_str address = length_of(addresses) > i ? nth_of(addresses, i) : (rl_str){"", 0};
    host *out = &h->named[i];
    out->name = rl_arena_strdup(&h->arena, name);
    out->address = rl_arena_strdup(&h->arena, address);
    out->port = rl_arena_strdup(&h->arena, nth_of(ports, i));
    if (!out->name || !out->address || !out->port) return rl_fail_nomem(err);
    if (address.len == 0 && is_name(name)) out->lookup = ++*to_ask;
  }
  h->hosts = h->named;
  h->count = h->named_count;
  return RILLE_OK;
}

static rille_status job_create(rl_pg_hosts *h, size_t count, rl_error *err) {
  job *j = rl_calloc(1, sizeof *j + count * sizeof j->lookups[0]);
  if (!j) return rl_fail_nomem(err);
  j->references = 1;
  j->count = count;
  h->job = j;
  j->bell = rl_bell_new();
  if (!j->bell) return rl_fail_nomem(err);
  for (size_t i = 0; i < h->named_count; i++) {
    const host *named = &h->named[i];
    if (!named->lookup) continue;
    j->lookups[named->lookup - 1].name = rl_strndup(named->name, strlen(named->name));
    if (!j->lookups[named->lookup - 1].name) return rl_fail_nomem(err);
  }
  if (!job_start_thread(j)) job_resolve(j); /* no thread available: waits */
  return RILLE_OK;
}

static const char *conninfo_option(const PQconninfoOption *list, const char *key) {
  for (const PQconninfoOption *o = list; o->keyword; o++)
    if (strcmp(o->keyword, key) == 0) return o->val && *o->val ? o->val : NULL;
  return NULL;
}

rille_status rl_pg_hosts_of(const PQconninfoOption *list, rl_pg_hosts **out, rl_error *err) {
  const char *names = conninfo_option(list, "host"), *addresses = conninfo_option(list, "hostaddr");
  *out = NULL;
  if (!names && !addresses) return RILLE_OK;
  rl_pg_hosts *h = rl_calloc(1, sizeof *h);
  if (!h) return rl_fail_nomem(err);
  rl_arena_init(&h->arena, 512);
  size_t to_ask = 0;
  rille_status st = read_hosts(h, names, addresses, conninfo_option(list, "port"), &to_ask, err);
  if (st == RILLE_OK && to_ask) st = job_create(h, to_ask, err);
  if (st == RILLE_OK)
    *out = h;
  else
    rl_pg_hosts_free(h);
  return st;
}

void rl_pg_hosts_free(rl_pg_hosts *h) {
  if (!h) return;
  job_release(h->job);
  rl_arena_dispose(&h->arena);
  rl_free(h);
}

/* ------------------------------------------------------------------ the addresses found */

static size_t found_count(const rl_pg_hosts *h) {
  size_t n = 0;
  for (size_t i = 0; i < h->named_count; i++) {
    if (!h->named[i].lookup) {
      n++;
      continue;
    }
    for (const struct addrinfo *a = h->job->lookups[h->named[i].lookup - 1].found; a; a = a->ai_next) n++;
  }
  return n;
}

static const char *address_text(rl_pg_hosts *h, const struct addrinfo *a) {
  char text[NI_MAXHOST];
  if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0) return NULL;
  return rl_arena_strdup(&h->arena, rl_str_of(text));
}

static rille_status hosts_fail_unresolved(const rl_pg_hosts *h, rl_error *err) {
  bool passing = false;
  const char *name = "", *why = "";
  for (size_t i = 0; i < h->named_count; i++) {
    if (!h->named[i].lookup) continue;
    int status = h->job->lookups[h->named[i].lookup - 1].status;
    passing = passing || status == EAI_AGAIN;
    name = h->named[i].name;
    why = gai_strerror(status);
  }
  rl_fail(err, RL_P1001, "the database server cannot be reached: the host `%s` has no address: %s", name, why);
  if (err) {
    err->connection_lost = err->not_sent = true;
    err->passing = passing;
  }
  return RILLE_ERROR;
}

static rille_status hosts_take_found(rl_pg_hosts *h, rl_error *err) {
  size_t most = found_count(h), n = 0;
  if (most == 0) return hosts_fail_unresolved(h, err);
  host *hosts = RL_NEW_ARRAY(&h->arena, host, most);
  if (!hosts) return rl_fail_nomem(err);
  for (size_t i = 0; i < h->named_count; i++) {
    const host *named = &h->named[i];
    if (!named->lookup) {
      hosts[n++] = *named;
      continue;
    }
    for (const struct addrinfo *a = h->job->lookups[named->lookup - 1].found; a; a = a->ai_next) {
      hosts[n] = *named;
      hosts[n].address = address_text(h, a);
      if (!hosts[n].address) return rl_fail_nomem(err);
      n++;
    }
  }
  h->hosts = hosts;
  h->count = n;
  h->resolved = true;
  return RILLE_OK;
}

rille_status rl_pg_hosts_poll(rl_pg_hosts *h, rl_wait *wait, rl_error *err) {
  if (!h->job) return RILLE_OK;
  if (!atomic_load(&h->job->done)) {
    *wait = (rl_wait){.fd = h->job->bell->listen, .read = true, .until_ms = RL_NO_DEADLINE};
    return RILLE_AGAIN;
  }
  rille_status st = hosts_take_found(h, err);
  job_release(h->job);
  h->job = NULL;
  return st;
}

size_t rl_pg_hosts_count(const rl_pg_hosts *h) {
  return h ? h->count : 0;
}

rille_status rl_pg_hosts_list(rl_pg_hosts *h, size_t first, rl_pg_host_lists *out, rl_error *err) {
  *out = (rl_pg_host_lists){0};
  if (!h || (!h->resolved && first == 0)) return RILLE_OK;
  rl_buf text[3];
  for (size_t k = 0; k < 3; k++) rl_buf_init(&text[k]);
  for (size_t i = 0; i < h->count; i++) {
    const host *at = &h->hosts[(first + i) % h->count];
    const char *parts[3] = {at->name, at->address, at->port};
    for (size_t k = 0; k < 3; k++) {
      if (i) rl_buf_byte(&text[k], ',');
      rl_buf_text(&text[k], parts[k]);
    }
  }
  const char **lists[3] = {&out->host, &out->hostaddr, &out->port};
  bool good = true;
  for (size_t k = 0; k < 3; k++) {
    *lists[k] = text[k].failed ? NULL : rl_arena_strdup(&h->arena, rl_buf_view(&text[k]));
    good = good && *lists[k];
    rl_buf_dispose(&text[k]);
  }
  return good ? RILLE_OK : rl_fail_nomem(err);
}

static bool same_if_given(const char *ours, const char *theirs) {
  return !*ours || (theirs && strcmp(ours, theirs) == 0);
}

size_t rl_pg_hosts_at(const rl_pg_hosts *h, const PGconn *pg) {
  for (size_t i = 0; i < h->count; i++) {
    const host *at = &h->hosts[i];
    bool here = same_if_given(at->port, PQport(pg)) &&
                (*at->address ? same_if_given(at->address, PQhostaddr(pg)) : same_if_given(at->name, PQhost(pg)));
    if (here) return i;
  }
  return 0;
}
