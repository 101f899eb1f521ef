#!/usr/bin/env bash
# Installs the npm packages of this folder, with which the specs beside it ask what real Prisma does, under build/, once.
#
#   install.sh [--again|--installed]      prints the folder; or says on one line why there is none, and ends with status 1
#
# A try that failed is not made again within a day, but with --again; --installed makes none at all.
# RILLE_PRISMA names a folder where they are installed already; "off" does without. What npm says is kept in npm.log.
set -u
here=$(cd "$(dirname "$0")" && pwd)
mode=${1:-}
limit=${RILLE_PRISMA_LIMIT:-600}

no() { printf '%s\n' "$1"; exit 1; }

[ "${RILLE_PRISMA:-}" != off ] || no "RILLE_PRISMA=off"
if ! command -v node >/dev/null 2>&1; then no "node is not installed"; fi
node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' || no "node $(node --version) is older than 20.19"
if [ -n "${RILLE_PRISMA:-}" ]; then
  [ -d "$RILLE_PRISMA/node_modules/@prisma/client" ] || no "RILLE_PRISMA=$RILLE_PRISMA has no node_modules/@prisma/client"
  cd "$RILLE_PRISMA" && pwd
  exit 0
fi
folder=${BUILD:-$here/../../build}/prisma
mkdir -p "$folder" || no "$folder cannot be made"
folder=$(cd "$folder" && pwd)
exec 9>"$folder/lock"
flock 9
if cmp -s "$here/package-lock.json" "$folder/installed"; then
  echo "$folder"
  exit 0
fi
[ "$mode" != --installed ] || no "$(cat "$folder/failed" 2>/dev/null || echo "its packages are not installed (make prisma)")"
if [ "$mode" != --again ] && [ -n "$(find "$folder" -maxdepth 1 -name failed -mmin -1440)" ]; then no "$(cat "$folder/failed")"; fi
command -v npm >/dev/null 2>&1 || no "npm is not installed"

rm -f "$folder/failed" "$folder/installed"
cp "$here/package.json" "$here/package-lock.json" "$folder/"
# The compiled part is loaded, since npm takes a script that it did not run for done.
status=0
(cd "$folder" && exec timeout -k 10 "$limit" npm ci --no-audit --no-fund --fetch-retries=1 --fetch-timeout=30000) >"$folder/npm.log" 2>&1 </dev/null || status=$?
if [ $status = 124 ] || [ $status = 137 ]; then
  echo "its packages were not installed within $limit s, see $folder/npm.log" >"$folder/failed"
elif [ $status != 0 ]; then
  echo "its packages could not be installed, see $folder/npm.log: $(grep -m1 'npm error' "$folder/npm.log" | cut -c1-120)" >"$folder/failed"
elif ! (cd "$folder" && node -e 'new (require("better-sqlite3"))(":memory:")' >>npm.log 2>&1); then
  echo "better-sqlite3 was not compiled, see $folder/npm.log" >"$folder/failed"
fi
[ ! -e "$folder/failed" ] || no "$(cat "$folder/failed")"
cp "$here/package-lock.json" "$folder/installed"
echo "$folder"
