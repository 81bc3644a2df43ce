#!/usr/bin/env bash
# What a review should not have to look at, in three phases: what writes, what only checks, and whether anything has changed.
# Works on uncommitted work too: it compares with the state at its start. Runs everything, then names all that failed.
set -euo pipefail
cd "$(dirname "$0")/.."

module=$(go list -m)
clients='^(k8s\.io/client-go|sigs\.k8s\.io/controller-runtime)(/|$)'
allowed='^(crd|examples|gossip|hack|operator|pixie|pxl|recommend|replay|\.ci|\.github'
allowed+='|\.dockerignore|\.editorconfig|\.gitattributes|\.gitignore|\.golangci\.yaml|\.goreleaser\.yaml|Dockerfile|go\.mod|go\.sum|LICENSE|Makefile|README\.md)$'
failed=()

# check MESSAGE COMMAND…: the command's output is shown only when it fails.
check() {
  local message=$1 start=$SECONDS out
  shift
  if out=$("$@" 2>&1 </dev/null); then
    printf 'ok    %s (%ds)\n' "$message" $((SECONDS - start))
  else
    printf '%s\n' "$out" | sed 's/^/      /'
    printf 'FAIL  %s (%ds)\n' "$message" $((SECONDS - start))
    failed+=("$message")
  fi
}

# files lists what is or would be committed; files -z for xargs -0, then pathspecs.
files() { git ls-files --cached --others --exclude-standard --deduplicate "$@"; }

# present lists the same, NUL between, less what was deleted and not yet committed.
present() { files -z -- "$@" | while IFS= read -r -d '' f; do [[ ! -f $f ]] || printf '%s\0' "$f"; done; }

snapshot() { present | xargs -0r sha256sum; }

# none PATTERN: fails, and shows what was found, when a line of its input matches.
none() { ! grep -E -- "$1"; }

golangci_lint() { go tool -modfile=hack/golangci-lint.mod golangci-lint "$@"; }
kube_api_linter() { go tool -modfile=hack/kube-api-linter.mod golangci-lint-kube-api-linter "$@"; }

# The demo and what is in hack start and repair clusters: see .golangci.yaml.
no_cluster_clients() {
  local packages
  packages=$(go list ./... | grep -vE "^$module/(operator|hack|examples/demo)(/|$)") || return
  packages+=$'\n'$(go list ./operator/observer/... ./operator/kernel-gossip-observer) || return
  xargs go list -deps <<<"$packages" | sort -u | none "$clients"
}

replay_without_clients() { go list -deps ./replay/... | none "$clients"; }

without_grpc() { go list -deps ./pixie ./pixie/otlp ./replay/... | none '^google\.golang\.org/(grpc|genproto)(/|$)'; }

door_alone() { go list -deps ./operator/ingest | none '^(k8s\.io|sigs\.k8s\.io|google\.golang\.org/grpc)(/|$)'; }

# standard_library PACKAGE: it needs nothing else, at any depth, but packages below its own.
standard_library() {
  go list -deps -f '{{if not .Standard}}{{.ImportPath}}{{end}}' "./$1" | sed '/^$/d' | { grep -vE "^$module/$1(/|\$)" || true; } | none .
}

light_api() {
  go list -deps ./crd/v1alpha1 | { grep -vx "$module/crd/v1alpha1" || true; } |
    none "^($module|k8s\.io/(api|apiextensions-apiserver|client-go)|sigs\.k8s\.io/controller-runtime)(/|\$)"
}

shell_scripts() {
  if ! command -v shellcheck >/dev/null; then
    echo "shellcheck is not installed (apt-get install shellcheck)"
    [[ ${CI:-} != true ]]
    return
  fi
  present '*.sh' .ci/run | xargs -0r shellcheck
}

# workflows: what actionlint finds (with shellcheck for the scripts in them, where it is installed), and our own rules.
workflows() {
  go tool -modfile=hack/actionlint.mod actionlint && present '.github/workflows/*' | xargs -0r awk -f hack/workflows.awk
}

top_level() { files | cut -d / -f 1 | sort -u | { grep -vE "$allowed" || true; } | none .; }

big_files() { present | xargs -0r stat --format '%s %n' | awk '$1 > 2 * 1024 * 1024 { print; n++ } END { exit (n > 0) }'; }

machine_paths() {
  local paths=("$PWD" "$(go env GOMODCACHE)") parent
  parent=$(dirname "$PWD")
  [[ $parent == / || $parent == /tmp ]] || paths+=("$parent/")
  [[ ${HOME:-/} == / ]] || paths+=("$HOME/")
  present | { xargs -0r grep -InHF "${paths[@]/#/--regexp=}" -- || true; } | cut -c 1-200 | none .
}

captures() {
  local capture stem bad=0
  for capture in examples/captures/*.ndjson*; do
    stem=${capture%%.ndjson*}
    for part in "$stem.pods.yaml" "$stem.provenance.yaml"; do
      [[ -s $part ]] || { echo "$part is missing"; bad=1; }
    done
  done
  return $bad
}

unchanged() {
  local after
  after=$(snapshot)
  diff <(echo "$before") <(echo "$after") | sed -nE 's/^[<>] [0-9a-f]+  //p' | sort -u | none .
}

before=$(snapshot)

echo "== what writes"
check "go generate ./... runs" go generate ./...
check "golangci-lint fmt runs" golangci_lint fmt

echo "== what only checks"
check "go.mod and go.sum are tidy (go mod tidy)" go mod tidy -diff
check "everything builds" go build ./...
check "go vet finds nothing" go vet ./...
check ".golangci.yaml is valid" golangci_lint config verify
check "golangci-lint finds nothing (make lint)" golangci_lint run
check "names, words and comments keep our rules (hack/style)" go run ./hack/style
check "kube-api-linter finds nothing in crd/v1alpha1" kube_api_linter run --config hack/kube-api-linter.golangci.yaml ./crd/v1alpha1/...
check "replay links no cluster client" replay_without_clients
check "nothing but operator, hack and the demo needs a cluster client" no_cluster_clients
check "of pixie only pixie/vizier needs gRPC, and replay does not" without_grpc
check "operator/ingest needs neither Kubernetes nor gRPC" door_alone
check "gossip needs the standard library only" standard_library gossip
check "pxl needs the standard library only" standard_library pxl
check "pxl/check needs the standard library only" standard_library pxl/check
check "crd/v1alpha1 needs nothing of ours, no k8s.io/api and no client" light_api
check "shellcheck finds nothing" shell_scripts
check "workflows are sound, and keep our rules (hack/workflows.awk)" workflows
check "top-level names are the agreed ones" top_level
check "no file is above 2 MiB" big_files
check "no file holds a path of this machine" machine_paths
check "each capture has its pods and its provenance" captures

echo "== whether the tree has changed"
check "generated and formatted files are up to date (look at the changes, commit them)" unchanged

if ((${#failed[@]})); then
  printf '\n%d failed:\n' "${#failed[@]}"
  printf '  %s\n' "${failed[@]}"
  exit 1
fi
