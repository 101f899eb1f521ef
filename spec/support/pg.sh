#!/usr/bin/env bash
# A temporary PostgreSQL cluster: on a free port of 127.0.0.1, with its socket in its own folder and without passwords. Its files are removed.
#
#   pg.sh run COMMAND...   starts one, runs COMMAND with RILLE_TEST_POSTGRES set, stops and removes it; ends with the status of COMMAND
#   pg.sh start DIR        starts one in DIR (which must not exist) and prints its URL; it stays until `stop`
#   pg.sh stop DIR         stops and removes it
#   pg.sh halt DIR         stops the server normally
#   pg.sh crash DIR        kills the server and all its processes with SIGKILL
#   pg.sh again DIR        starts it again after either, on the same port
#
# RILLE_PG_OWNER=PID with start: the process it belongs to. When that process has ended, the next run removes the cluster.
# RILLE_PG_TEMPLATE, which `run` sets for COMMAND: the files of an empty cluster, which `start` copies.
# PG_SETTINGS="shared_buffers=512MB jit=off" adds settings. Clusters of runs that were killed are removed by the next run.
# PostgreSQL refuses to run as root. For root, the server runs as the user postgres.
set -eu

base=${RILLE_PG_BASE:-${TMPDIR:-/tmp}}

. "$(dirname "$0")/servers.sh"

# Creates the files of an empty cluster. initdb takes a second, so `run` keeps a copy of them.
make_files() { # DATA LOG
  if [ -d "${RILLE_PG_TEMPLATE:-}" ]; then
    as_server cp -a "$RILLE_PG_TEMPLATE" "$1" >"$2" 2>&1
  else
    as_server "$(postgres_programs)/initdb" -D "$1" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N >"$2" 2>&1
  fi
}

start_cluster() { # DIR: prints the URL
  local dir=$1 bin port setting tries
  bin=$(postgres_programs)
  mkdir -p "$dir"
  if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; fi
  chmod 700 "$dir"
    # If the server's user may not enter a folder above it, initdb fails with an unclear message.
  as_server test -w "$dir" || { echo "pg.sh: $dir cannot be reached by the server's user; set TMPDIR" >&2; exit 1; }
  make_files "$dir/data" "$dir/initdb.log" || { cat "$dir/initdb.log" >&2; exit 1; }
  {
    echo "listen_addresses = '127.0.0.1'"
    echo "unix_socket_directories = '$dir'"
    printf '%s\n' "fsync = off" "synchronous_commit = off" "full_page_writes = off" "max_connections = 300" \
      "max_locks_per_transaction = 256" "timezone = 'UTC'" "lc_messages = 'C'" "log_min_messages = warning"
    for setting in ${PG_SETTINGS:-}; do echo "${setting%%=*} = '${setting#*=}'"; done
  } | as_server tee -a "$dir/data/postgresql.conf" >/dev/null
  for tries in 1 2 3 4 5; do
    port=$(free_port 20000 12000)
    if as_server "$bin/pg_ctl" -D "$dir/data" -o "-p $port" -l "$dir/server.log" -w -t 60 start >"$dir/start.log" 2>&1 </dev/null; then
      echo "postgresql://postgres@127.0.0.1:$port/postgres"
      return
    fi
  done
  cat "$dir/start.log" "$dir/server.log" >&2
  exit 1
}

stop_cluster() { # DIR
  local dir=$1
  if [ -f "$dir/data/postmaster.pid" ]; then
    as_server "$(postgres_programs)/pg_ctl" -D "$dir/data" -m immediate -w -t 30 stop >/dev/null 2>&1 || true
  fi
  rm -rf "$dir"
}

children_of() { # PID
  cat /proc/[0-9]*/stat 2>/dev/null | awk -v parent="$1" '{ pid = $1; sub(/.*\) /, ""); if ($2 == parent) print pid }'
}

crash_cluster() { # DIR
  local pid
  pid=$(head -n 1 "$1/data/postmaster.pid")
    # Stops them first, so no new process starts while the others are killed.
  kill -STOP "$pid"
  # shellcheck disable=SC2046
  kill -KILL $(children_of "$pid") "$pid" 2>/dev/null || true
}

start_again() { # DIR
  local dir=$1 port tries
  port=$(sed -E 's/.*"-p" "([0-9]+)".*/\1/' "$dir/data/postmaster.opts")
  for tries in 1 2 3 4 5 6 7 8 9 10; do # what was killed may still hold the shared memory
    if as_server "$(postgres_programs)/pg_ctl" -D "$dir/data" -o "-p $port" -l "$dir/server.log" -w -t 60 start >"$dir/start.log" 2>&1 </dev/null; then return; fi
    sleep 0.2
  done
  cat "$dir/start.log" >&2
  exit 1
}

started_at() { awk '{ sub(/.*\) /, ""); print $20 }' "/proc/$1/stat" 2>/dev/null || true; }

# A cluster belongs to the process that started it. Pids are reused, so its start time is kept too.
remove_stale() {
  local dir owner born
  for dir in "$base"/rille-pg.*; do
    [ -f "$dir/owner" ] || continue
    read -r owner born <"$dir/owner" || continue
    if [ "$(started_at "$owner")" != "$born" ]; then stop_cluster "$dir"; fi
  done
}

run_with_cluster() {
  local dir url status=0
  remove_stale
  dir=$(mktemp -d "$base/rille-pg.XXXXXX")
  echo "$$ $(started_at $$)" >"$dir/owner"
  trap 'stop_cluster "$dir"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; fi
  make_files "$dir/template" "$dir/template.log" || { cat "$dir/template.log" >&2; exit 1; }
  export RILLE_PG_TEMPLATE=$dir/template
    # Avoids Debian's psql, a wrapper in Perl that takes longer than most statements.
  PATH=$(postgres_programs):$PATH
  url=$(start_cluster "$dir")
  RILLE_TEST_POSTGRES=$url RILLE_TEST_POSTGRES_SOCKET=$dir "$@" || status=$?
  exit $status
}

case ${1:-} in
  run)
    shift
    run_with_cluster "$@"
    ;;
  start)
    [ ! -e "${2:?DIR}" ] || { echo "pg.sh: $2 exists" >&2; exit 1; }
    start_cluster "$(realpath -m "$2")"
    if [ -n "${RILLE_PG_OWNER:-}" ]; then echo "$RILLE_PG_OWNER $(started_at "$RILLE_PG_OWNER")" >"$(realpath -m "$2")/owner"; fi
    ;;
  crash) crash_cluster "$(realpath -m "${2:?DIR}")" ;;
  again) start_again "$(realpath -m "${2:?DIR}")" ;;
  halt) as_server "$(postgres_programs)/pg_ctl" -D "$(realpath -m "${2:?DIR}")/data" -m fast -w -t 30 stop >/dev/null ;;
  stop) stop_cluster "$(realpath -m "${2:?DIR}")" ;;
  *)
    sed -n '2,14p' "$0" >&2
    exit 2
    ;;
esac
