#!/usr/bin/env bash
# record.sh [SCENARIO…]: makes the backup recordings in casts/: of each scenario a cast, a page that plays it (it needs no network), and where
# they come from. What is recorded is a real run, so it needs what the demo needs: see ../README.md. DEMO is the program, IDLE the longest pause.
set -euo pipefail
cd "$(dirname "$0")/../.."
read -ra demo <<<"${DEMO:-go run ./examples/demo/kernel-gossip-demo}"
new=bin/casts casts=examples/demo/casts
scenarios=("$@")
[[ $# -gt 0 ]] || scenarios=(birth throttle memory network)
mkdir -p "$new" "$casts"
go build -o bin/ ./examples/demo/cast/demo-cast
"${demo[@]}" --help >/dev/null 2>&1 || true # so that nobody watches it being built
for s in "${scenarios[@]}"; do
  bin/demo-cast record --size 100x30 --idle "${IDLE:-3s}" --title "kernel gossip: $s" --out "$new/$s.cast" -- "${demo[@]}" "$s"
  bin/demo-cast page "$new/$s.cast" >"$new/$s.html"
  mv "$new/$s".{cast,html,provenance.yaml} "$casts" # a run that failed replaces nothing
done
