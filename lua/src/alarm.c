/* Waiting with a time limit. For a scheduler without one: a descriptor that is ready when another one is ready or the
 * time is up. For code that cannot use a scheduler: poll(2). */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/epoll.h>
#include <sys/timerfd.h>
#endif

#include "binding.h"

#define NAME "rille.Alarm"

typedef struct alarm_fds {
  int timer, epoll; /* -1: none; epoll: waits for of the timer and the descriptor */
} alarm_fds;

static void alarm_close_fds(alarm_fds *a) {
  if (a->epoll >= 0) close(a->epoll);
  if (a->timer >= 0) close(a->timer);
  a->timer = a->epoll = -1;
}

static int alarm_gc(lua_State *L) {
  alarm_close_fds((alarm_fds *)luaL_checkudata(L, 1, NAME));
  return 0;
}

static short poll_events_of(const char *mode) {
  return (short)((strchr(mode, 'r') ? POLLIN : 0) | (strchr(mode, 'w') ? POLLOUT : 0));
}

#ifdef __linux__

static int alarm_start_timer(lua_Number seconds) {
  struct itimerspec at = {{0, 0}, {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)}};
  if (at.it_value.tv_sec == 0 && at.it_value.tv_nsec == 0) at.it_value.tv_nsec = 1; /* 0 would turn the timer off */
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (fd >= 0) timerfd_settime(fd, 0, &at, NULL);
  return fd;
}

static int alarm_watch_fd(int epoll, int fd, uint32_t events) {
  struct epoll_event e = {.events = events, .data = {.fd = fd}};
  return fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

static int alarm_set(alarm_fds *a, int fd, const char *mode, lua_Number seconds) {
  uint32_t events = (strchr(mode, 'r') ? (uint32_t)EPOLLIN : 0) | (strchr(mode, 'w') ? (uint32_t)EPOLLOUT : 0);
  if (seconds >= 0 && (a->timer = alarm_start_timer(seconds)) < 0) return 0;
  a->epoll = epoll_create1(EPOLL_CLOEXEC);
  return a->epoll >= 0 && alarm_watch_fd(a->epoll, fd, events) && alarm_watch_fd(a->epoll, a->timer, EPOLLIN);
}

#else

static int alarm_set(alarm_fds *a, int fd, const char *mode, lua_Number seconds) {
  (void)a, (void)fd, (void)mode, (void)seconds;
  errno = ENOSYS;
  return 0;
}

#endif

/* core.alarm(fd or nil, mode or nil, seconds or nil): returns the alarm, and its descriptor, to wait for with "r". */
static int alarm_new(lua_State *L) {
  int fd = (int)luaL_optinteger(L, 1, -1);
  const char *mode = luaL_optstring(L, 2, "r");
  lua_Number seconds = luaL_optnumber(L, 3, -1);
  alarm_fds *a = (alarm_fds *)rl_new_userdata(L, sizeof *a);
  a->timer = a->epoll = -1;
  luaL_getmetatable(L, NAME);
  lua_setmetatable(L, -2);
  if (!alarm_set(a, fd, mode, seconds)) {
    int error = errno;
    alarm_close_fds(a);
    return luaL_error(L, "rille: cannot set an alarm: %s", strerror(error));
  }
  lua_pushinteger(L, a->epoll);
  return 2;
}

/* core.poll(fd or nil, mode or nil, seconds or nil): blocks the thread. */
static int poll_fd(lua_State *L) {
  int fd = (int)luaL_optinteger(L, 1, -1);
  struct pollfd q = {fd, poll_events_of(luaL_optstring(L, 2, "")), 0};
  lua_Number seconds = luaL_optnumber(L, 3, -1);
  int timeout = seconds < 0 ? -1 : seconds * 1000 > INT_MAX ? INT_MAX : (int)ceil(seconds * 1000);
  poll(&q, fd >= 0 ? 1 : 0, timeout);
  return 0;
}

int64_t rl_now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t rl_span_ms(lua_Number ms) {
  const lua_Number years = 1e12;
  return ms < 0 ? 0 : ms < years ? (int64_t)ceil((double)ms) : (int64_t)years;
}

/* core.monotonic(): returns seconds of a clock that never goes back. */
static int push_monotonic(lua_State *L) {
  lua_pushnumber(L, (lua_Number)rl_now_us() / 1e6);
  return 1;
}

void rl_alarm_setup(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"alarm", alarm_new}, {"alarm_close", alarm_gc}, {"poll", poll_fd}, {"monotonic", push_monotonic}, {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", alarm_gc}, {NULL, NULL}};
  rl_set_functions(L, functions);
  luaL_newmetatable(L, NAME);
  rl_set_functions(L, meta);
  lua_pop(L, 1);
}
