#!/usr/bin/env bash
# manifests.sh TAG DIR: what a release has beside programs and image: install.yaml with the image of this tag, and the two definitions.
set -euo pipefail
cd "$(dirname "$0")/.."
tag=$1 dir=$2
image=ghcr.io/kernel-gossip/kernel-gossip-operator
mkdir -p "$dir"
sed -E "s|^( +image: $image):[^ ]+$|\1:$tag|" operator/deploy/install.yaml >"$dir/install.yaml"
[[ $(grep -c "image: $image:$tag\$" "$dir/install.yaml") == 1 ]] || { echo "install.yaml does not name the image once" >&2; exit 1; }
sed -i "1s|.*|# kernel gossip $tag: kubectl apply --server-side -f install.yaml|" "$dir/install.yaml"
go tool -modfile=hack/kustomize.mod kustomize build crd >"$dir/crds.yaml"
