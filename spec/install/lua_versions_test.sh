#!/usr/bin/env bash
# One source of the binding for Lua 5.3, 5.1 and LuaJIT, with library and command, built and installed; and a binding loaded by the wrong Lua says so instead of crashing.
set -eu
unset LUA_PATH LUA_CPATH
build=${BUILD:-build}
make=${MAKE:-make}
left_out=0
there() { # INTERPRETER HEADERS: where apt would have removed something to have it, it is missing
  if command -v "$1" >/dev/null && [ -f "/usr/include/$2/lua.h" ]; then return 0; fi
  left_out=1
  return 1
}
run() { # LUA INTERPRETER
  "$make" -s BUILD="$build" LUA="$1" lua
  LUA_PATH="lua/?.lua;lua/?/init.lua" LUA_CPATH="$build/lua/$1/?.so" "$2" spec/install/smoke.lua
}
# The command, too.
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
tree=$PWD
use_command() { # LUA INTERPRETER
  mkdir "$out/$1"
  (
    cd "$out/$1"
    unset DATABASE_URL
    eval "$("$make" -s --no-print-directory -C "$tree" BUILD="$build" LUA="$1" env)"
    interpreter=$2
    rille init --with-model >/dev/null
    rille migrate dev --name init --json | grep -q '"created":"[0-9]*_init"'
    rille db seed | grep -qx '2 users, 2 posts'
    rille db export user users.jsonl >/dev/null
    rille db import user users.jsonl --on-conflict update | grep -qx '✓ 2 rows of User were imported'
    rille format --check >/dev/null
    rille db pull >/dev/null
    rille migrate diff --from-database --to-schema schema.prisma --exit-code >/dev/null
    printf 'x = 1\nfor i = 1, 2 do\n  x = x + i\nend\nx\n' | rille console | grep -qx 4
    rille doctor | grep -qx 'All is well.'
    status=0
    rille nonsense 2>/dev/null || status=$?
    [ "$status" = 2 ] || { echo "$interpreter: wrong usage ends with $status"; exit 1; }
  )
}
installed() { # LUA INTERPRETER
  local said
  said=$("$make" -s BUILD="$build" LUA="$1" PREFIX="$out/usr-$1" install)
  "$out/usr-$1/bin/rille" --version | grep -q '^rille [0-9]'
  (
    eval "$(grep '^  export LUA_C\{0,1\}PATH=' <<<"$said")"
    cd "$out" && "$2" "$tree/spec/install/smoke.lua"
  )
}
if there lua5.3 lua5.3; then run 5.3 lua5.3; use_command 5.3 lua5.3; installed 5.3 lua5.3; fi
if there lua5.1 lua5.1; then run 5.1 lua5.1; use_command 5.1 lua5.1; installed 5.1 lua5.1; fi
if there luajit luajit-2.1; then run jit luajit; use_command jit luajit; installed jit luajit; fi

if [ $left_out = 1 ]; then exit 77; fi

# LuaJIT's ABI loads silently into 5.3: only the check in luaopen stands between that and a crash.
status=0
said=$(LUA_PATH="lua/?.lua;lua/?/init.lua" LUA_CPATH="$build/lua/jit/?.so" lua5.3 spec/install/smoke.lua 2>&1) || status=$?
[ "$status" = 1 ] || { echo "status $status, said: $said"; exit 1; }
case $said in *5.1*5.3* | *5.3*5.1*) ;; *) echo "says neither version: $said"; exit 1 ;; esac
