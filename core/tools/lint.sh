#!/usr/bin/env bash
# `make lint`: runs every check and lists those that failed at the end.
set -u
cd "$(dirname "$0")/../.."
make=${MAKE:-make}
failed=()
processors=$(nproc 2>/dev/null || echo 1)
said=$(mktemp)
trap 'rm -f "$said"' EXIT

check() { # NAME COMMAND...
  local name=$1
  shift
  if "$@"; then echo "ok      $name"; else
    echo "NOT OK  $name"
    failed+=("$name")
  fi
}

c_files() { find core lua spec examples -name '*.[ch]' -print0; }

# Many files per process: clang-format takes longer to start than to check one file.
formatting() {
  c_files | xargs -0 -n 24 -P "$processors" clang-format --dry-run -Werror 2>"$said" && return
  sed -nE 's/^([^: ]+):[0-9]+:[0-9]+: (error|warning):.*/\1: not formatted; run make format/p' "$said" | sort -u | grep . || cat "$said"
  return 1
}

lua_check() {
  local scripts=()
  while IFS= read -r file; do scripts+=("$file"); done < <(find lua spec examples rockspec core/tools \( -name '*.lua' -o -name '*.rockspec' \) | LC_ALL=C sort)
  [ ! -f lua/bin/rille ] || scripts+=(lua/bin/rille)
  luacheck --no-color -q "${scripts[@]}"
}

symbols() { "$make" -s BUILD=build lib && lua5.4 core/tools/symbols.lua build/librille.so.0.1; }

# Some of gcc's warnings come from its optimizer; clang's do not.
warnings() { # COMPILER OPTIMIZE
  "$make" -s -k BUILD="build/lint/$1" CC="$1" OPTIMIZE="$2" WERROR=1 objects
}

other_luas() {
  local version status=0
  for version in 5.3 jit; do
    # This Lua could not be installed without removing a package, which has been reported.
    if [ ! -f "$("$make" -s --no-print-directory LUA="$version" headers)/lua.h" ]; then continue; fi
    "$make" -s -k BUILD=build/lint/gcc CC=gcc WERROR=1 LUA="$version" binding-objects || status=1
  done
  return $status
}

sizes() { # a file has one subject
  find core/src core/include lua -name '*.[ch]' -o -path 'lua/*' -name '*.lua' | xargs -r wc -l |
    awk '$2 != "total" && $1 > 600 { print $2 ": " $1 " lines, more than 600"; bad = 1 } END { exit bad }'
}

# The most files of a circle in each room. Arrays in arrays, conditions in conditions and nested writes in nested writes
# need theirs.
circles() {
  local limit status=0
  for limit in base=3 tape=2 cache=3 schema=3 input=2 query=2 plan=6 sql=3 driver=2 run=3 migrate=1 api=1; do
    lua5.4 core/tools/circles.lua --objects=build/lint/gcc/obj/core/src --most="${limit#*=}" "${limit%=*}" >"$said" || { cat "$said"; status=1; }
  done
  return $status
}

marks() { # nothing unfinished
  ! grep -rnE "\b(TO""DO|FIX""ME|XX""X)\b" Makefile core lua spec examples docs rockspec --include='*' --exclude-dir=build
}

check "formatting (clang-format)" formatting
check "luacheck" lua_check
check "include order" lua5.4 core/tools/includes.lua
check "databases: names and capabilities" lua5.4 core/tools/providers.lua
check "tables of actions and operators" lua5.4 core/tools/actions.lua --check
check "tables of error codes" lua5.4 core/tools/errors.lua --check
check "fixed dates next to the clock" lua5.4 core/tools/dates.lua
check "types for editors match the sources" lua5.4 core/tools/meta.lua --check
check "file sizes" sizes
check "lengths of functions" lua5.4 core/tools/functions.lua --check
check "names of the core and the binding" lua5.4 core/tools/names.lua
check "unfinished marks" marks
check "symbols" symbols
check "warnings, gcc" warnings gcc -O2
check "functions that one file uses are static" lua5.4 core/tools/statics.lua build/lint/gcc/obj
check "circles of files" circles
check "warnings, clang" warnings clang -O0
check "warnings, binding for Lua 5.3 and LuaJIT" other_luas

if [ ${#failed[@]} -gt 0 ]; then
  printf 'lint: %s\n' "${failed[@]/#/not ok: }"
  exit 1
fi
echo "lint: all ok"
