#!/usr/bin/env bash
# `luarocks make` builds without a network, and the rock works alone: no librille beside it, none of this folder on any path.
set -eu
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
unset LUA_PATH LUA_CPATH
# Unoptimized, which takes a third of the time: what is looked at is what lies where. Nothing is fetched, since nothing is needed but Lua.
luarocks --lua-version=5.4 --only-server="file://$out/none" --tree "$out/tree" make CFLAGS="-O0 -fPIC"
if find "$out/tree" -name 'librille*' | grep -q .; then echo "the rock brought a librille"; exit 1; fi
if ldd "$out"/tree/lib/lua/5.4/rille/core.so | grep librille; then echo "the module needs librille"; exit 1; fi
exported=$(nm -D --defined-only "$out/tree/lib/lua/5.4/rille/core.so" | awk '{ print $3 }')
[ "$exported" = luaopen_rille_core ] || { echo "exports: $exported"; exit 1; }
cp spec/install/smoke.lua "$out"
cd "$out"
LUA_PATH="$out/tree/share/lua/5.4/?.lua;$out/tree/share/lua/5.4/?/init.lua" LUA_CPATH="$out/tree/lib/lua/5.4/?.so" lua5.4 smoke.lua
# Without argparse the library works, and the command says what it lacks.
status=0
said=$(LUA_PATH="$out/tree/share/lua/5.4/?.lua;$out/tree/share/lua/5.4/?/init.lua" LUA_CPATH="$out/tree/lib/lua/5.4/?.so" lua5.4 "$(find "$out/tree/lib" -name rille -path '*/bin/*')" --version 2>&1) || status=$?
[ "$status" != 0 ] || { echo "works without argparse: $said"; exit 1; }
case $said in *"argparse, which Lua 5.4 does not find"*"luarocks --lua-version=5.4 install argparse"*) ;; *) echo "without argparse it says: $said"; exit 1 ;; esac
"$out/tree/bin/rille" --version | grep -q '^rille [0-9]'
"$out/tree/bin/rille" init --with-model >/dev/null
env -u DATABASE_URL "$out/tree/bin/rille" db push >/dev/null
