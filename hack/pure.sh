#!/usr/bin/env bash
# pure.sh [floor]: tests the packages that need no cluster; they run on any system. With floor, each must also reach that coverage.
set -euo pipefail
cd "$(dirname "$0")/.."
floor=90 # percent of statements, in every package that has tests; generated code is left out
packages=(./gossip/... ./pixie/... ./recommend/... ./crd ./pxl/... ./replay/...)

if [[ ${1:-} != floor ]]; then
  exec go test -count=1 "${packages[@]}"
fi
go test -count=1 -cover "${packages[@]}" | awk -v floor="$floor" '
  { print }
  $1 == "ok" && match($0, /coverage: [0-9.]+%/) {
    n++
    if (substr($0, RSTART + 10, RLENGTH - 11) + 0 < floor) low = low "\n  " $2
  }
  END {
    if (n < 6) { print "coverage of " n " packages: there should be more"; exit 1 }
    if (low) { print "below " floor "%:" low; exit 1 }
  }'
