#!/usr/bin/env bash
# `make install` gives a tree in which Lua, a C compiler and pkg-config find rille.
set -eu
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
unset LUA_PATH LUA_CPATH
said=$("${MAKE:-make}" -s BUILD="${BUILD:-build}" PREFIX="$out/usr" install)
# It says what a Lua needs that does not look there, and nothing of the kind where it does.
eval "$(grep '^  export LUA_C\{0,1\}PATH=' <<<"$said")"
(cd / && lua5.4 "$OLDPWD/spec/install/smoke.lua")
unset LUA_PATH LUA_CPATH
said=$("${MAKE:-make}" -s BUILD="${BUILD:-build}" DESTDIR="$out/packaged" PREFIX=/usr/local install)
if grep LUA_PATH <<<"$said"; then exit 1; fi
LUA_PATH="$out/usr/share/lua/5.4/?.lua;$out/usr/share/lua/5.4/?/init.lua" LUA_CPATH="$out/usr/lib/lua/5.4/?.so" lua5.4 spec/install/smoke.lua
mkdir "$out/project"
(
  cd "$out/project"
  unset DATABASE_URL
  rille=$out/usr/bin/rille
  "$rille" --version | grep -q '^rille [0-9]'
  "$rille" init --with-model >/dev/null
  "$rille" migrate dev --name init >/dev/null
  "$rille" db seed | grep -q '2 users, 2 posts'
  "$rille" console -e 'db.user:count()' | grep -qx 2
  ln -s "$rille" ./linked
  ./linked migrate status >/dev/null
)
export PKG_CONFIG_PATH="$out/usr/lib/pkgconfig"
cp spec/abi/old_client.c "$out/client.c"
cd "$out"
# shellcheck disable=SC2046
gcc -std=c99 client.c $(pkg-config --cflags --libs rille) -Wl,-rpath,"$out/usr/lib" -o client
./client
[ "$(pkg-config --modversion rille)" != "" ]
"${MAKE:-make}" -s -C "$OLDPWD" PREFIX="$out/usr" uninstall
if find "$out/usr" -type f | grep -q .; then
  echo "left behind:"
  find "$out/usr" -type f
  exit 1
fi
