#!/usr/bin/env bash
# release-check.sh: a release of this commit, made twice and not published. The same bytes, checksums, SBOMs, a signature, and images
# where there is docker buildx. The last one stays in dist/, its install.yaml in bin/release/. The tools are built on first use.
set -euo pipefail
cd "$(dirname "$0")/.."

goreleaser() { go tool -modfile=hack/goreleaser.mod goreleaser "$@"; }
cosign() { go tool -modfile=hack/cosign.mod cosign "$@"; }
say() { printf '== %s\n' "$*"; }
die() { printf 'release-check: %s\n' "$*" >&2; exit 1; }

# sums prints the checksums of what must be the same each time: programs, archives, manifests. An SBOM has the time of its making in it.
sums() { find dist bin/release -type f \( -name 'gossip-replay*' -o -name 'kernel-gossip-operator*' -o -name '*.tar.gz' -o -name '*.zip' -o -name '*.yaml' \) \
  ! -name '*.spdx.json' ! -path dist/config.yaml -print0 | sort -z | xargs -0 sha256sum; }

say "configuration"
goreleaser check --quiet
go tool -modfile=hack/syft.mod syft version >/dev/null # built now, with the caches at hand

say "a key for snapshots"
mkdir -p bin
rm -f bin/cosign.key bin/cosign.pub
COSIGN_PASSWORD='' cosign generate-key-pair --output-key-prefix bin/cosign >/dev/null
export COSIGN_PASSWORD=''

skip=()
if ! docker buildx version >/dev/null 2>&1 || ! docker info >/dev/null 2>&1; then
  skip=(--skip=docker)
  say "no docker buildx that answers: a snapshot without images"
fi
for run in first second; do
  say "$run snapshot"
  goreleaser release --snapshot --clean "${skip[@]}"
  sums >"bin/sums.$run"
done
(($(wc -l <bin/sums.first) >= 8 + 7 + 2)) || die "programs, archives or manifests are missing: $(<bin/sums.first)"
diff bin/sums.first bin/sums.second || die "two snapshots of one commit differ"
say "the same bytes twice: $(wc -l <bin/sums.first) files"

say "checksums"
(cd dist && grep -v '\.yaml$' checksums.txt | sha256sum --check --quiet)
(cd bin/release && grep '\.yaml$' ../../dist/checksums.txt | sha256sum --check --quiet)

say "SBOMs"
for what in dist/gossip-replay_*.tar.gz dist/gossip-replay_*.zip dist/kernel-gossip-operator_*_amd64 dist/kernel-gossip-operator_*_arm64; do
  sbom=$what.spdx.json
  [[ $what == *kernel-gossip-operator* ]] && sbom=$(compgen -G "$sbom")
  packages=$(grep -o '"versionInfo"' "$sbom" | wc -l)
  grep -q '"github.com/kernel-gossip/kernel-gossip"' "$sbom" || die "$sbom does not know our module"
  printf '%5d packages in %s\n' "$packages" "$sbom"
done

say "signature"
cosign verify-blob --key bin/cosign.pub --insecure-ignore-tlog=true --bundle dist/checksums.txt.bundle dist/checksums.txt
if cosign verify-blob --key bin/cosign.pub --insecure-ignore-tlog=true --bundle dist/checksums.txt.bundle bin/release/install.yaml 2>/dev/null; then
  die "the signature fits another file too"
fi

if ! ((${#skip[@]})); then
  say "images"
  tag=$(sed -nE 's|^ +image: (ghcr.io/kernel-gossip/kernel-gossip-operator:.*)$|\1|p' bin/release/install.yaml)
  for platform in amd64 arm64; do
    docker image inspect "$tag-$platform" --format '{{.Architecture}} {{index .Config.Labels "org.opencontainers.image.version"}} {{.Config.User}} {{.Size}} bytes'
  done
fi
say "a release can be made of this commit"
