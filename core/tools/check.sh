#!/usr/bin/env bash
# `make check [T="word ..."]`: quick checks while a change is written. Needs no server. Ends with N passed, N failed.
set -u
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
make=${MAKE:-make}
passed=0 failed=0

check() { # NAME COMMAND...
  local name=$1 said
  shift
  if said=$("$@" 2>&1); then passed=$((passed + 1)); else
    printf 'NOT OK  %s\n%s\n' "$name" "$said"
    failed=$((failed + 1))
  fi
}

# The files that differ from the last commit. The lint checks all files.
changed() { { git diff --name-only --diff-filter=d HEAD && git ls-files --others --exclude-standard; } 2>/dev/null | grep -E "$1" || true; }

formatting() {
  command -v clang-format >/dev/null 2>&1 || return 0
  changed '\.[ch]$' | xargs -r clang-format --dry-run -Werror
}

lua_check() {
  command -v luacheck >/dev/null 2>&1 || return 0
  changed '\.lua$' | xargs -r luacheck --no-color -q
}

check "formatting of changed files (make format)" formatting
check "luacheck of changed files" lua_check
check "include order" lua5.4 core/tools/includes.lua
check "names of the core and the binding" lua5.4 core/tools/names.lua
check "databases: names and capabilities" lua5.4 core/tools/providers.lua
check "tables of error codes" lua5.4 core/tools/errors.lua --check
check "fixed dates next to the clock" lua5.4 core/tools/dates.lua
check "types for editors match the sources" lua5.4 core/tools/meta.lua --check

# Left out: tests of servers, processes, packages and time, and tests that take long.
left_out=(spec/servers/ spec/fault/ spec/install/ spec/prisma/ spec/differential/ spec/sessions/ spec/command/ spec/migrations/dev spec/migrations/processes
  spec/migrations/script spec/migrations/deploy spec/migrations/data spec/coop/load spec/coop/calls spec/coop/queue spec/observing/coop spec/fuzz/ spec/docs/ spec/lua/roundtrip
  spec/lua/holding spec/lua/structure_join spec/lua/each_ spec/lua/beyond spec/lua/lost spec/lua/migrate_ spec/tools/backup spec/tools/dates spec/tools/checker
  spec/tools/types_ spec/lua/lifetime spec/lua/shared_keys spec/lua/pull_random spec/running/expiry spec/running/odd_server spec/running/fork spec/sql/postgres_test
  spec/driver/postgres spec/values/long_conditions spec/lua/debug)
said=$(mktemp)
trap 'rm -f "$said"' EXIT
env -u RILLE_TEST_POSTGRES MAKE="$make" BUILD="$build" VARIANT= spec/run --sqlite-only-lua "${left_out[@]/#/-}" "$@" >"$said"
grep -vE '^ +spec/.* ok(, [0-9]+ left out)?$|^[0-9]+ passed' "$said"
read -r tests broken < <(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed.*/\1 \2/p' "$said" | tail -n 1)
passed=$((passed + ${tests:-0})) failed=$((failed + ${broken:-1}))
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
