#!/usr/bin/env bash
# promtool.sh DIR: puts promtool, out of Debian's or Ubuntu's package prometheus, into DIR. The package is not installed: it would start a
# server.
set -euo pipefail
dir=$(realpath "$1")
[[ -x $dir/promtool ]] && exit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
root=()
[[ $(id -u) != 0 ]] || root=(-o APT::Sandbox::User=root) # the directory is ours alone
apt-get download -qq "${root[@]}" prometheus 2>/dev/null || { apt-get update -qq && apt-get download -qq "${root[@]}" prometheus; }
dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool
install -D usr/bin/promtool "$dir/promtool"
