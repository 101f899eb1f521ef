#!/usr/bin/env bash
# The program that reads types for editors as an editor does, emmylua_check, a package of cargo.
#
#   checker.sh --install     builds it under build/tools, where cargo is; says why when it could not
#   checker.sh               prints its path, or says on one line why there is none, and ends with status 1
#
# RILLE_TYPES_CHECKER names one that is installed elsewhere; "off" does without. Nothing is installed outside of build/.
set -u
no() { printf '%s\n' "$1"; exit 1; }

checker=${RILLE_TYPES_CHECKER:-}
[ "$checker" != off ] || no "RILLE_TYPES_CHECKER=off"
if [ -n "$checker" ]; then
  command -v "$checker" || no "RILLE_TYPES_CHECKER=$checker cannot be run"
  exit 0
fi
mkdir -p "${BUILD:-build}/tools" || no "${BUILD:-build}/tools cannot be made"
folder=$(cd "${BUILD:-build}/tools" && pwd)
program=$folder/bin/emmylua_check
if [ "${1:-}" = --install ] && [ ! -x "$program" ]; then
  command -v cargo >/dev/null 2>&1 || no "cargo is not installed, with which emmylua_check is built"
  # A network that does not answer ends the try, not only one that is missing.
  CARGO_NET_RETRY=1 CARGO_HTTP_TIMEOUT=30 timeout -k 10 "${RILLE_CHECKER_LIMIT:-1800}" \
    cargo install --quiet --debug --locked --root "$folder" --target-dir "$folder/target" emmylua_check >"$folder/cargo.log" 2>&1 </dev/null ||
    no "emmylua_check could not be built, see $folder/cargo.log: $(grep -m1 error "$folder/cargo.log" | cut -c1-120)"
  rm -rf "$folder/target"
fi
[ -x "$program" ] || no "emmylua_check is not installed (make types)"
echo "$program"
