#!/usr/bin/env bash
# `make conformance [CASES=file]`: the cases of the conformance suite, which is not part of this repository, on both databases.
set -u
cd "$(dirname "$0")/../.."
suite=../shared/conformance
if [ ! -f "$suite/run.lua" ]; then
  echo "make conformance needs the conformance suite next to this repository, at $(cd .. && pwd)/shared/conformance;  it was not found. make test runs all tests of this repository." >&2
  exit 1
fi
cases=${1:-$suite/spine.jsonl}
if [ ! -f "$cases" ]; then
  echo "make conformance: CASES=$cases: file not found" >&2
  exit 1
fi
if [ -z "${RILLE_TEST_POSTGRES:-}" ]; then exec spec/support/pg.sh run "$0" "$cases"; fi
eval "$("${MAKE:-make}" -s --no-print-directory env)"
status=0
for engine in sqlite postgresql; do
  options=(--cases "$cases" --jobs "$(nproc)" --list-failures "${LIST_FAILURES:-20}")
  [ "$engine" = sqlite ] || options+=(--url "$RILLE_TEST_POSTGRES")
  echo "== $engine"
  lua5.4 "$suite/run.lua" "${options[@]}" || status=1
done
exit $status
