# shellcheck shell=bash
# Functions that the scripts share which start servers. For `source`.

# Runs a command as the server's user, in a folder that the user may enter: PostgreSQL and pgbouncer refuse to run as root. The server does not inherit
# make's pipe of jobs, for which make would wait. It has the machine's time, not that of faketime, and no sanitizer.
as_server() {
  (
    if [[ ${MAKEFLAGS:-} =~ --jobserver-(auth|fds)=([0-9]+),([0-9]+) ]]; then eval "exec ${BASH_REMATCH[2]}<&- ${BASH_REMATCH[3]}>&-"; fi
    unset LD_PRELOAD FAKETIME TZ
    if [ "$(id -u)" = 0 ]; then cd / && exec runuser -u postgres -- "$@"; else exec "$@"; fi
  )
}

# Prints the folder of PostgreSQL's programs.
postgres_programs() {
  local dir
  for dir in /usr/lib/postgresql/15/bin $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -Vr) "$(pg_config --bindir 2>/dev/null || true)"; do
    if [ -x "$dir/initdb" ]; then
      echo "$dir"
      return
    fi
  done
  dir=$(command -v initdb || true)
  [ -n "$dir" ] || { echo "${0##*/}: no initdb found; is postgresql-15 installed?" >&2; exit 1; }
  dirname "$dir"
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; } # PORT

free_port() { # FIRST COUNT: one of those
  local port tries
  for tries in $(seq 200); do
    port=$(($1 + RANDOM % $2))
    if ! listens "$port"; then
      echo "$port"
      return
    fi
  done
  echo "${0##*/}: no free port" >&2
  exit 1
}
