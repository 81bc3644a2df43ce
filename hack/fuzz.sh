#!/usr/bin/env bash
# fuzz.sh TIME: runs every fuzzer for that long, one after the other.
set -euo pipefail
cd "$(dirname "$0")/.."
targets=$(git grep --untracked -hoE '^func Fuzz[A-Za-z0-9]+' -- '*_test.go' | wc -l)
git grep --untracked -oE '^func Fuzz[A-Za-z0-9]+' -- '*_test.go' | while IFS=: read -r file target; do
  go test -run '^$' -fuzz "^${target#func }\$" -fuzztime "$1" -fuzzminimizetime 20x "./$(dirname "$file")" </dev/null
done
((targets)) && echo "$targets fuzzers, $1 each"
