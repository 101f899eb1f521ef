#!/usr/bin/env bash
# `make conformance [CASES=file]`: the cases that lie beside the project, where they do, against both engines.
set -u
cd "$(dirname "$0")/../.."
suite=../shared/conformance
if [ ! -f "$suite/run.lua" ]; then
  echo "there is no $suite: nothing to run"
  exit 0
fi
cases=${1:-$suite/spine.jsonl}
eval "$("${MAKE:-make}" -s --no-print-directory env)"
status=0
for engine in sqlite postgresql; do
  options=(--cases "$cases" --jobs "$(nproc)" --list-failures "${LIST_FAILURES:-20}")
  [ "$engine" = sqlite ] || options+=(--url "$RILLE_TEST_POSTGRES")
  echo "== $engine"
  lua5.4 "$suite/run.lua" "${options[@]}" || status=1
done
exit $status
