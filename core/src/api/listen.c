/* The public functions of listeners. */
#include "run/listen.h"

#include "api/handle.h"
#include "base/alloc.h"

struct rille_listener {
  rl_listener listener;
};

rille_status rille_listener_open(rille_client *c, rille_listener **out, rille_error **err) {
  rl_error error = {0};
  rille_listener *l = rl_calloc(1, sizeof *l);
  rille_status st = l ? rl_listener_open(&l->listener, c->client, &error) : rl_fail_nomem(&error);
  if (st != RILLE_OK) {
    rl_free(l);
    return rl_box(st, &error, err);
  }
  *out = l;
  return RILLE_OK;
}

void rille_listener_close(rille_listener *l) {
  if (!l) return;
  rl_listener_close(&l->listener);
  rl_free(l);
}

rille_status rille_listener_add(rille_listener *l, const char *channel, size_t len, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_listener_add(&l->listener, rl_str_make(channel, len), &error), &error, err);
}

rille_status rille_listener_remove(rille_listener *l, const char *channel, size_t len, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_listener_remove(&l->listener, rl_str_make(channel, len), &error), &error, err);
}

rille_status rille_listener_next(rille_listener *l, rille_event *out, rille_error **err) {
  static const int32_t kinds[] = {RILLE_EVENT_HEARD, RILLE_EVENT_LISTENING, RILLE_EVENT_LOST};
  rl_error error = {0};
  rl_event e = {0};
  rille_status st = rl_listener_next(&l->listener, &e, &error);
  if (st == RILLE_ROW) {
    rille_event full = {.kind = kinds[e.kind],
                        .again = e.reconnected,
                        .pid = e.heard.pid,
                        .channel = e.heard.channel,
                        .payload = e.heard.payload};
    rl_write_struct(out, &full, sizeof full);
  }
  return rl_box(st, &error, err);
}

void rille_listener_wait(const rille_listener *l, rille_wait *out) {
  rl_write_wait(&l->listener.wait, out);
}
