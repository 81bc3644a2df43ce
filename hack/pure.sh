#!/usr/bin/env bash
# pure.sh [floor]: tests the packages that need no cluster; they run on any system. With floor, each must also reach that
# coverage, by its own tests or by those of the others.
set -euo pipefail
cd "$(dirname "$0")/.."
floor=90 # percent of statements in every package; generated code and helpers of tests are left out
packages=(./gossip/... ./pixie/... ./recommend/... ./crd ./pxl/... ./replay)

if [[ ${1:-} != floor ]]; then
  exec go test -count=1 "${packages[@]}" ./replay/...
fi
profile=$(mktemp)
trap 'rm -f "$profile"' EXIT
covered=$(go list "${packages[@]}" | grep -vE '/(vizierpb|viziertest|data|internal/quote)$' | paste -sd ,)
go test -short -count=1 -coverpkg "$covered" -coverprofile "$profile" "${packages[@]}" | sed 's/\tcoverage: .*//'

# A line of the profile is FILE:RANGE STATEMENTS COUNT, and each range is there once for each package that was tested.
awk -v floor="$floor" '
  NR > 1 { statements[$1] = $2; if ($3 > 0) ran[$1] = 1 }
  END {
    for (range in statements) {
      package = range
      sub("/[^/]*$", "", package)
      all[package] += statements[range]
      if (range in ran) reached[package] += statements[range]
    }
    for (package in all) {
      n++
      share = 100 * reached[package] / all[package]
      printf "%5.1f%%  %s\n", share, package | "sort -k 2"
      if (share < floor) low = low "\n  " package
    }
    close("sort -k 2")
    if (n < 12) { print "coverage of " n " packages: there should be more"; exit 1 }
    if (low) { print "below " floor "%:" low; exit 1 }
  }' "$profile"
