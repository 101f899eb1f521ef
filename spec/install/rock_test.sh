#!/usr/bin/env bash
# `luarocks make` builds without a network, and the rock works alone: no librille beside it, none of this folder on any path.
set -eu
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
unset LUA_PATH LUA_CPATH
luarocks --lua-version=5.4 --tree "$out/tree" make --deps-mode=none
if find "$out/tree" -name 'librille*' | grep -q .; then echo "the rock brought a librille"; exit 1; fi
if ldd "$out"/tree/lib/lua/5.4/rille/core.so | grep librille; then echo "the module needs librille"; exit 1; fi
exported=$(nm -D --defined-only "$out/tree/lib/lua/5.4/rille/core.so" | awk '{ print $3 }')
[ "$exported" = luaopen_rille_core ] || { echo "exports: $exported"; exit 1; }
cp spec/install/smoke.lua "$out"
cd "$out"
LUA_PATH="$out/tree/share/lua/5.4/?.lua;$out/tree/share/lua/5.4/?/init.lua" LUA_CPATH="$out/tree/lib/lua/5.4/?.so" lua5.4 smoke.lua
"$out/tree/bin/rille" --version | grep -q '^rille [0-9]'
"$out/tree/bin/rille" init --with-model >/dev/null
env -u DATABASE_URL "$out/tree/bin/rille" db push >/dev/null
