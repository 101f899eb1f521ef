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

# LuaJIT's ABI loads silently into 5.3: only the check in luaopen stands between that and a crash.
status=0
said=$(LUA_PATH="lua/?.lua;lua/?/init.lua" LUA_CPATH="$build/lua/jit/?.so" lua5.3 spec/install/smoke.lua 2>&1) || status=$?
[ "$status" = 1 ] || { echo "status $status, said: $said"; exit 1; }
case $said in *5.1*5.3* | *5.3*5.1*) ;; *) echo "says neither version: $said"; exit 1 ;; esac
