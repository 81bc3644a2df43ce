#!/usr/bin/env bash
# fetch-release.sh DIR [VERSION]: puts install.yaml of a release into DIR, with the digest of its image, after checking who signed both.
# Without VERSION it is the release that kubectl's current context has installed, and nothing when it has none. Needs gh.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$1 version=${2:-}
repository=kernel-gossip/kernel-gossip
image=ghcr.io/$repository-operator
cosign() { go tool -modfile=hack/cosign.mod cosign "$@"; }

if [[ -z $version ]]; then
  version=$(kubectl get --namespace kernel-gossip deployment/kernel-gossip-operator --ignore-not-found --output 'jsonpath={..image}' |
    sed -nE "s|^$image:(v[^@]+).*|\1|p")
  [[ -n $version ]] || { echo "fetch-release: no release is installed"; exit; }
fi
[[ $version =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || { echo "fetch-release: not a version: $version" >&2; exit 2; }
signer=(
  --certificate-identity "https://github.com/$repository/.github/workflows/release.yaml@refs/tags/$version"
  --certificate-oidc-issuer https://token.actions.githubusercontent.com
)
mkdir -p "$dir"
gh release download "$version" --repo "$repository" --dir "$dir" --clobber --pattern install.yaml --pattern 'checksums.txt*'
cosign verify-blob "${signer[@]}" --bundle "$dir/checksums.txt.bundle" "$dir/checksums.txt"
(cd "$dir" && grep ' install\.yaml$' checksums.txt | sha256sum --check)
digest=$(cosign verify "${signer[@]}" --output json "$image:$version" | grep -oE 'sha256:[0-9a-f]{64}' | head -n 1)
[[ -n $digest ]]
sed -i "s|image: $image:$version\$|&@$digest|" "$dir/install.yaml"
grep -F "$image:$version@$digest" "$dir/install.yaml"
