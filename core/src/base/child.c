/* Running another program to its end, without a shell. */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"

enum { MOST_SAID = 8192 };

extern char **environ;

static bool same_name(const char *a, const char *b) {
  while (*a && *a == *b && *a != '=') a++, b++;
  return *a == '=' && *b == '=';
}

static bool is_replaced(const char *variable, const char *const *env) {
  for (size_t i = 0; env && env[i]; i++)
    if (same_name(env[i], variable)) return true;
  return false;
}

/* Returns the environment with `env` in front; the strings are borrowed. */
static char **join_environment(const char *const *env) {
  size_t count = 1, n = 0;
  for (size_t i = 0; env && env[i]; i++) count++;
  for (size_t i = 0; environ && environ[i]; i++) count++;
  char **all = rl_calloc(count, sizeof *all);
  if (!all) return NULL;
  for (size_t i = 0; env && env[i]; i++) all[n++] = (char *)(uintptr_t)env[i];
  for (size_t i = 0; environ && environ[i]; i++)
    if (!is_replaced(environ[i], env)) all[n++] = environ[i];
  return all;
}

/* The child starts with the default signals, whatever the host has set. */
static int start(char *const argv[], char **environment, int error_output, pid_t *pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, usual;
  int rc = posix_spawn_file_actions_init(&actions);
  if (rc) return rc;
  rc = posix_spawnattr_init(&attributes);
  if (rc) {
    posix_spawn_file_actions_destroy(&actions);
    return rc;
  }
  sigemptyset(&none);
  sigemptyset(&usual);
  sigaddset(&usual, SIGPIPE);
  sigaddset(&usual, SIGTERM);
  sigaddset(&usual, SIGCHLD);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (!rc) rc = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  if (!rc) rc = posix_spawn_file_actions_adddup2(&actions, error_output, STDERR_FILENO);
  if (!rc) rc = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return rc;
}

static void listen_to(int fd, rl_buf *said) {
  char bytes[1024];
  size_t kept = 0;
  for (;;) {
    ssize_t n = read(fd, bytes, sizeof bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    if (kept < MOST_SAID) rl_buf_put(said, bytes, (size_t)n);
    kept += (size_t)n;
  }
}

static int ending_of(pid_t pid) {
  int status;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return RL_CHILD_UNKNOWN;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

rille_status rl_child_run(char *const argv[], const char *const *env, rl_buf *said, int *status, rl_error *err) {
  int ends[2];
  pid_t pid = 0;
  char **environment = join_environment(env);
  if (!environment) return rl_fail_nomem(err);
  if (pipe2(ends, O_CLOEXEC) != 0) {
    int code = errno;
    rl_free(environment);
    return rl_fail(err, RL_INTERNAL, "%s could not be started: %s", argv[0], strerror(code));
  }
  int rc = start(argv, environment, ends[1], &pid);
  rl_free(environment);
  close(ends[1]);
  if (rc == 0) {
    listen_to(ends[0], said);
    *status = ending_of(pid);
  }
  close(ends[0]);
  if (rc == ENOENT)
    *status = RL_CHILD_MISSING;
  else if (rc)
    return rl_fail(err, RL_INTERNAL, "%s could not be started: %s", argv[0], strerror(rc));
  return said->failed ? rl_fail_nomem(err) : RILLE_OK;
}
