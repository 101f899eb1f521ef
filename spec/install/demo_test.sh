#!/usr/bin/env bash
# The blog job runs on SQLite, and the same job on PostgreSQL.
set -eu
make=${MAKE:-make}
unset DATABASE_URL LUA_PATH LUA_CPATH
lite=$("$make" -s BUILD="${BUILD:-build}" demo)
[ -n "$lite" ]
[ -z "${RILLE_TEST_POSTGRES:-}" ] || {
  url="${RILLE_TEST_POSTGRES%/postgres}/demo_test"
  psql -q "$RILLE_TEST_POSTGRES" -c 'CREATE DATABASE demo_test' >/dev/null
  trap 'psql -q "$RILLE_TEST_POSTGRES" -c "DROP DATABASE demo_test WITH (FORCE)" >/dev/null' EXIT
  postgres=$(DATABASE_URL=$url "$make" -s BUILD="${BUILD:-build}" demo)
  [ -n "$postgres" ]
}
