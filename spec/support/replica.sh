#!/usr/bin/env bash
# A streaming replica of a temporary cluster of pg.sh.
#
#   replica.sh start DIR URL   copies the cluster at URL to DIR (which must not exist), starts it as a replica and prints its URL
#   replica.sh promote DIR     promotes it to a primary and waits until it is one
#   replica.sh stop DIR        stops and removes it
#
# The primary keeps no log for a replica that is not running. It needs the settings of pg.sh only.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

. "$here/servers.sh"
bin=$(postgres_programs)

start_replica() { # DIR URL
  local dir=$1 url=$2 port tries
  mkdir -p "$dir"
  if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; fi
  chmod 700 "$dir"
  as_server "$bin/pg_basebackup" -d "$url" -D "$dir/data" -R -X stream -c fast >"$dir/backup.log" 2>&1 </dev/null || { cat "$dir/backup.log" >&2; exit 1; }
  {
    echo "unix_socket_directories = '$dir'"
    printf '%s\n' "hot_standby = on" "wal_receiver_status_interval = 1" "max_standby_streaming_delay = 2s"
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

case ${1:-} in
  start)
    [ ! -e "${2:?DIR}" ] || { echo "replica.sh: $2 exists" >&2; exit 1; }
    start_replica "$(realpath -m "$2")" "${3:?URL}"
    ;;
  promote) as_server "$bin/pg_ctl" -D "$(realpath -m "${2:?DIR}")/data" -w -t 30 promote >/dev/null ;;
  stop) exec "$here/pg.sh" stop "$2" ;;
  *)
    sed -n '2,8p' "$0" >&2
    exit 2
    ;;
esac
