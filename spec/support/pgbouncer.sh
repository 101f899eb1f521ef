#!/usr/bin/env bash
# A temporary pgbouncer in transaction mode in front of a PostgreSQL server, for all its databases: on a free port of 127.0.0.1, without passwords.
#
#   pgbouncer.sh start DIR URL   starts one in DIR (which must not exist) for the server of URL and prints its own URL
#   pgbouncer.sh stop DIR        stops and removes it
#
# POOLER_SETTINGS="default_pool_size=2 server_reset_query_always=1" adds settings. For root, it runs as the user postgres.
set -eu

. "$(dirname "$0")/servers.sh"

start_pooler() { # DIR URL
  local dir=$1 url=$2 host port own setting tries wait
  host=$(sed -E 's#^[^@]*@([^:/?]+).*#\1#' <<<"$url")
  port=$(sed -E 's#^[^@]*@[^:/?]+:([0-9]+).*#\1#' <<<"$url")
  mkdir -p "$dir"
  if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; fi
  printf '"postgres" ""\n' | as_server tee "$dir/users" >/dev/null
  for tries in 1 2 3 4 5; do
    own=$(free_port 12000 8000)
    {
      printf '%s\n' "[databases]" "* = host=$host port=$port" "[pgbouncer]" "listen_addr = 127.0.0.1" "listen_port = $own" "unix_socket_dir =" \
        "auth_type = trust" "auth_file = $dir/users" "pool_mode = transaction" "max_client_conn = 500" "default_pool_size = 20" \
        "logfile = $dir/log" "pidfile = $dir/pid" "admin_users = postgres" "server_idle_timeout = 5" "server_connect_timeout = 5" "server_login_retry = 1"
      for setting in ${POOLER_SETTINGS:-}; do echo "${setting%%=*} = ${setting#*=}"; done
    } | as_server tee "$dir/ini" >/dev/null
    if as_server pgbouncer -q -d "$dir/ini" >"$dir/start.log" 2>&1 </dev/null; then
      for wait in $(seq 50); do
        if listens "$own"; then
          echo "postgresql://postgres@127.0.0.1:$own/postgres"
          return
        fi
        sleep 0.05
      done
    fi
  done
  cat "$dir/start.log" "$dir/log" >&2
  exit 1
}

stop_pooler() { # DIR
  local dir=$1 pid wait
  if [ -f "$dir/pid" ]; then
    pid=$(cat "$dir/pid")
    kill -QUIT "$pid" 2>/dev/null || true
    for wait in $(seq 100); do
      if ! kill -0 "$pid" 2>/dev/null; then break; fi
      sleep 0.02
    done
  fi
  rm -rf "$dir"
}

case ${1:-} in
  start)
    [ ! -e "${2:?DIR}" ] || { echo "pgbouncer.sh: $2 exists" >&2; exit 1; }
    start_pooler "$(realpath -m "$2")" "${3:?URL}"
    ;;
  stop) stop_pooler "$(realpath -m "${2:?DIR}")" ;;
  *)
    sed -n '2,7p' "$0" >&2
    exit 2
    ;;
esac
