#!/usr/bin/env bash
# record.sh [SCENARIO…] records real runs of the scenarios for the backup of a talk: casts/NAME.cast, by Debian's
# asciinema, a page that plays it without a network, and its provenance. It needs what the demo needs (../README.md).
# DEMO is the program (bin/kernel-gossip-demo), IDLE the longest pause in seconds.
set -euo pipefail
cd "$(dirname "$0")/../.."
casts=examples/demo/casts

# page NAME plays casts/NAME.cast by the player that is beside it. The cast is in the page, since a page that was opened
# from a disk may read no other file.
page() {
  cat <<HTML
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>kernel gossip: $1</title>
<link rel="stylesheet" href="asciinema-player.css">
<body style="margin: 0; height: 100vh; background: #121314">
<script src="asciinema-player.min.js"></script>
<script type="application/x-asciicast" id="cast">
$(sed 's/</\\u003c/g' "$casts/$1.cast")
</script>
<script>
  const data = document.getElementById("cast").textContent.trim();
  AsciinemaPlayer.create({data}, document.body, {fit: "both", controls: true}).el.focus();
</script>
HTML
}

# provenance NAME BEGINNING LASTED LOAD names versions and the command, and nothing of the machine: no path, no host name.
provenance() {
  cat <<YAML
cast: "$1.cast"
recorded: "$2"
lasted: "$3s"
command: "kernel-gossip-demo $1"
tool: "$(asciinema --version)"
commit: "$(git describe --always --dirty --abbrev=12 --exclude='*')"
kernel: "$(uname -r)"
nodeCPUs: $(nproc)
loadAverageBefore: "$4"
loadAverageAfter: "$(cut -d ' ' -f -3 /proc/loadavg)"
YAML
}

record() {
  local new=bin/casts/$1.cast begin load start=$SECONDS
  begin=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  load=$(cut -d ' ' -f -3 /proc/loadavg)
  asciinema rec --quiet --overwrite --cols 100 --rows 30 --idle-time-limit "${IDLE:-3}" --env TERM \
    --title "kernel gossip: $1" --command "$demo $1; echo \$? >$new.exit" "$new"
  [[ $(<"$new.exit") == 0 ]] || return # a run that failed replaces nothing
  mv "$new" "$casts"
  provenance "$1" "$begin" $((SECONDS - start)) "$load" >"$casts/$1.provenance.yaml"
}

[[ $# -gt 0 ]] || set -- birth throttle memory network
mkdir -p bin/casts
demo=${DEMO:-bin/kernel-gossip-demo}
for scenario; do
  record "$scenario"
  page "$scenario" >"$casts/$scenario.html"
done
