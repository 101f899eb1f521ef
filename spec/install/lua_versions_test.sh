#!/usr/bin/env bash
# One source of the binding for Lua 5.3 and LuaJIT; and a binding loaded by the wrong Lua says so instead of crashing.
set -eu
unset LUA_PATH LUA_CPATH
build=${BUILD:-build}
make=${MAKE:-make}
run() { # LUA INTERPRETER
  "$make" -s BUILD="$build" LUA="$1" lua
  LUA_PATH="lua/?.lua;lua/?/init.lua" LUA_CPATH="$build/lua/$1/?.so" "$2" spec/install/smoke.lua
}
run 5.3 lua5.3
run jit luajit

# The command, too.
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
tree=$PWD
command() { # LUA INTERPRETER
  mkdir "$out/$1"
  (
    cd "$out/$1"
    unset DATABASE_URL
    export LUA_PATH="$tree/lua/?.lua;$tree/lua/?/init.lua;;" LUA_CPATH="$tree/$build/lua/$1/?.so;;"
    rille() { "$interpreter" "$tree/lua/bin/rille" "$@"; }
    interpreter=$2
    rille init --with-model >/dev/null
    rille migrate dev --name init --json | grep -q '"created":"[0-9]*_init"'
    rille db seed | grep -qx '2 users, 2 posts'
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
command 5.3 lua5.3
command jit luajit

# LuaJIT's ABI loads silently into 5.3: only the check in luaopen stands between that and a crash.
status=0
said=$(LUA_PATH="lua/?.lua;lua/?/init.lua" LUA_CPATH="$build/lua/jit/?.so" lua5.3 spec/install/smoke.lua 2>&1) || status=$?
[ "$status" = 1 ] || { echo "status $status, said: $said"; exit 1; }
case $said in *5.1*5.3* | *5.3*5.1*) ;; *) echo "says neither version: $said"; exit 1 ;; esac
