/* A program around Lua: several threads, with a Lua state each, run the same Lua program. The binding is linked in, so
 * the sanitizers see everything except Lua, and a chosen allocation can fail.
 *
 *   host THREADS SECONDS PROGRAM [ARGUMENT...]
 *
 * The program finds its arguments in `arg`, and these in `host`: thread (from 1), threads, now(), sleep(seconds), and
 * meet(), which returns when every thread has called it. Functions for its own state: fail_allocation(n): the n-th
 * growth from now on fails, and so does the attempt after Lua's emergency collection. fail_allocations(n): all fail
 * from the n-th on. enough_memory(): ends either, and returns how many growths there were. What a program returns is
 * printed. The status is 1 when one has failed, 3 when one still runs after SECONDS. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

int luaopen_rille_core(lua_State *L);

/* A state's allocator: it counts while armed. */
typedef struct memory {
  long armed; /* the growth that fails; 0: none */
  long seen, failed, most;
} memory;

typedef struct worker {
  pthread_t thread;
  int number, count, failed;
  char **argv; /* the program and its arguments */
  int argc;
  memory memory;
} worker;

static int refuses(memory *m) {
  m->seen++;
  if (m->armed == 0 || m->seen < m->armed || m->failed >= m->most) return 0;
  m->failed++;
  return 1;
}

static void *allocate(void *context, void *p, size_t old, size_t size) {
  if (size == 0) {
    free(p);
    return NULL;
  }
  if ((!p || size > old) && refuses((memory *)context)) return NULL;
  return realloc(p, size);
}

static worker *worker_of(lua_State *L) {
  return (worker *)lua_touserdata(L, lua_upvalueindex(1));
}

static int arm(lua_State *L, long most) {
  worker_of(L)->memory = (memory){.armed = (long)luaL_checkinteger(L, 1), .most = most};
  return 0;
}
static int fail_allocation(lua_State *L) {
  return arm(L, 2);
}
static int fail_allocations(lua_State *L) {
  return arm(L, 1000000000);
}
static int enough_memory(lua_State *L) {
  memory *m = &worker_of(L)->memory;
  m->armed = 0;
  lua_pushinteger(L, m->seen);
  return 1;
}

static int now(lua_State *L) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  lua_pushnumber(L, (lua_Number)t.tv_sec + (lua_Number)t.tv_nsec / 1e9);
  return 1;
}

static pthread_barrier_t everybody;

static int meet(lua_State *L) {
  (void)L;
  pthread_barrier_wait(&everybody);
  return 0;
}

static int sleep_for(lua_State *L) {
  lua_Number seconds = luaL_checknumber(L, 1);
  struct timespec t = {(time_t)seconds, (long)((seconds - (lua_Number)(time_t)seconds) * 1e9)};
  nanosleep(&t, NULL);
  return 0;
}

static void set_host(lua_State *L, worker *w) {
  static const luaL_Reg functions[] = {{"now", now},
                                       {"sleep", sleep_for},
                                       {"meet", meet},
                                       {"fail_allocation", fail_allocation},
                                       {"fail_allocations", fail_allocations},
                                       {"enough_memory", enough_memory},
                                       {NULL, NULL}};
  lua_newtable(L);
  lua_pushlightuserdata(L, w);
  luaL_setfuncs(L, functions, 1);
  lua_pushinteger(L, w->number);
  lua_setfield(L, -2, "thread");
  lua_pushinteger(L, w->count);
  lua_setfield(L, -2, "threads");
  lua_setglobal(L, "host");
}

static int traceback(lua_State *L) {
  luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
  return 1;
}

static int run_program(lua_State *L) {
  worker *w = (worker *)lua_touserdata(L, 1);
  luaL_openlibs(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_rille_core);
  lua_setfield(L, -2, "rille.core");
  set_host(L, w);
  lua_createtable(L, w->argc, 0);
  for (int i = 0; i < w->argc; i++) {
    lua_pushstring(L, w->argv[i]);
    lua_rawseti(L, -2, i);
  }
  lua_setglobal(L, "arg");
  if (luaL_loadfile(L, w->argv[0]) != LUA_OK) return lua_error(L);
  lua_call(L, 0, 1);
  return 1;
}

static void *work(void *context) {
  worker *w = (worker *)context;
  lua_State *L = lua_newstate(allocate, &w->memory);
  if (!L) abort();
  lua_pushcfunction(L, traceback);
  lua_pushcfunction(L, run_program);
  lua_pushlightuserdata(L, w);
  w->failed = lua_pcall(L, 1, 1, 1) != LUA_OK;
  const char *text = lua_tostring(L, -1);
  if (text) printf("thread %d%s: %s\n", w->number, w->failed ? " FAILED" : "", text);
  fflush(stdout);
  lua_close(L);
  return NULL;
}

/* The run is meant to find threads that do not end. */
static int wait_for(worker *workers, int count, const struct timespec *limit) {
  int status = 0;
  for (int i = 0; i < count; i++) {
    if (pthread_timedjoin_np(workers[i].thread, NULL, limit) != 0) {
      printf("thread %d HANGS\n", workers[i].number);
      fflush(stdout);
      _exit(3);
    }
    status |= workers[i].failed;
  }
  return status;
}

int main(int argc, char **argv) {
  int count = argc > 3 ? atoi(argv[1]) : 0;
  if (count < 1) {
    fprintf(stderr, "host THREADS SECONDS PROGRAM [ARGUMENT...]\n");
    return 2;
  }
  worker *workers = calloc((size_t)count, sizeof *workers);
  struct timespec limit;
  clock_gettime(CLOCK_REALTIME, &limit);
  limit.tv_sec += atoi(argv[2]);
  if (!workers || pthread_barrier_init(&everybody, NULL, (unsigned)count) != 0) return 2;
  for (int i = 0; i < count; i++) {
    workers[i] = (worker){.number = i + 1, .count = count, .argv = argv + 3, .argc = argc - 3};
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) return 2;
  }
  int status = wait_for(workers, count, &limit);
  free(workers);
  return status;
}
