/* Traces to stderr for those who debug rille or a program on it: RILLE_DEBUG=sql,pool in the environment, "all" for
 * all. One line per event, "rille sql: ...". They are part of every build. Unset, each place costs one branch on a
 * global. */
#ifndef RL_BASE_DEBUG_H
#define RL_BASE_DEBUG_H

#include <stdbool.h>

#include "base/buf.h"

/* The words of RILLE_DEBUG and what each traces. */
#define RL_DEBUG_WORDS(X)                                                                                              \
  X(SQL, "sql")       /* the text of statements as they are sent, and the kinds of their parameters, not the values */ \
  X(PLAN, "plan")     /* the plan of each query that is compiled */                                                    \
  X(POOL, "pool")     /* connections: taken, queued for, opened, given back, closed */                                 \
  X(PHASES, "phases") /* what an operation does next, and what it repeats */                                           \
  X(WAIT, "wait")     /* where a coroutine of a cooperative client waits; see lua/rille/wait.lua */

typedef enum rl_debug_number {
#define RL_DEBUG_NUMBER(ID, word) RL_DEBUG_NUMBER_##ID,
  RL_DEBUG_WORDS(RL_DEBUG_NUMBER)
#undef RL_DEBUG_NUMBER
} rl_debug_number;

typedef enum rl_debug {
#define RL_DEBUG_BIT(ID, word) RL_DEBUG_##ID = 1 << RL_DEBUG_NUMBER_##ID,
  RL_DEBUG_WORDS(RL_DEBUG_BIT)
#undef RL_DEBUG_BIT
} rl_debug;

/* Set by rl_debug_start, and only read afterwards. */
extern unsigned rl_debug_wanted;

/* Reads RILLE_DEBUG, the first time; reports unknown words on stderr. Any thread; call it before a connection is made.
 */
void rl_debug_start(void);

#ifdef __GNUC__
#define RL_DEBUGS(what) __builtin_expect(rl_debug_wanted &(unsigned)(what), 0)
#else
#define RL_DEBUGS(what) (rl_debug_wanted & (unsigned)(what))
#endif

/* RL_TRACE(RL_DEBUG_POOL, "take %p", x): arguments are not evaluated when nobody asked. */
#define RL_TRACE(what, ...)                                                                                            \
  do {                                                                                                                 \
    if (RL_DEBUGS(what)) rl_debug_print(what, __VA_ARGS__);                                                            \
  } while (0)

/* One line, whatever is in the text: control characters become spaces. It may be called while a lock is held. */
void rl_debug_print(rl_debug what, const char *format, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/* A text of several lines, each as a line of its own behind the same words. */
void rl_debug_lines(rl_debug what, rl_str text);

#endif
