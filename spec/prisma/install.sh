#!/usr/bin/env bash
# Installs the npm packages of this folder, which the specs beside it ask for what real Prisma does, under build/, once.
#
#   install.sh      prints the folder; or says on one line why there is none, and ends with status 1
#
# RILLE_PRISMA names a folder where they are installed already.
set -u
here=$(cd "$(dirname "$0")" && pwd)
folder=${RILLE_PRISMA:-${BUILD:-$here/../../build}/prisma}

if [ -n "${RILLE_PRISMA:-}" ]; then
  [ -d "$folder/node_modules" ] || { echo "RILLE_PRISMA=$folder has no node_modules"; exit 1; }
  echo "$folder"
  exit 0
fi
command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || { echo "node and npm are not installed"; exit 1; }
mkdir -p "$folder" || exit 1
folder=$(cd "$folder" && pwd)
exec 9>"$folder/lock"
flock 9
if ! cmp -s "$here/package-lock.json" "$folder/installed"; then
  cp "$here/package.json" "$here/package-lock.json" "$folder/"
  if ! (cd "$folder" && timeout 240 npm ci --no-audit --no-fund --fetch-retries=1 --fetch-timeout=20000 >npm.log 2>&1); then
    echo "the npm packages could not be installed: $(grep -m1 'npm error' "$folder/npm.log" | cut -c1-120)"
    exit 1
  fi
  cp "$here/package-lock.json" "$folder/installed"
fi
echo "$folder"
