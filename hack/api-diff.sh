#!/usr/bin/env bash
# api-diff.sh BASE: prints, as Markdown, what the working tree changes of what users build on, compared with a commit:
# the exported names of each library package, and the definitions of both kinds of objects.
# Exits with 1 if a change is incompatible, and with 2 if it cannot compare.
set -euo pipefail
cd "$(dirname "$0")/.."
base=$(git rev-parse --verify --quiet "${1:?usage: api-diff.sh BASE}^{commit}") || { echo "api-diff: no commit $1" >&2; exit 2; }

module=$(go list -m)
# What is not promised to anybody: see Versions in README.md.
private="^$module/(hack|examples)(/|\$)"
work=$(mktemp -d)
trap 'git worktree remove --force "$work/base" 2>/dev/null || true; rm -rf "$work"' EXIT
git worktree add --quiet --detach "$work/base" "$base"
mkdir "$work/bin" "$work/old" "$work/new"
for tool in apidiff crdify; do
  go build -modfile="hack/$tool.mod" -o "$work/bin/" "$(sed -nE 's/^tool //p' "hack/$tool.mod")" || exit 2
done

# packages lists the library packages of a tree: no programs, nothing private.
packages() { (cd "$1" && go list -f '{{if ne .Name "main"}}{{.ImportPath}}{{end}}' ./... | { grep -vE "$private" || true; }); }

# export_names TREE DIR: writes what each package of a tree exports.
export_names() {
  local package
  for package in $(packages "$1"); do
    (cd "$1" && "$work/bin/apidiff" -w "$2/${package//\//_}" "$package") || return
  done
}
export_names "$work/base" "$work/old" || exit 2
export_names . "$work/new" || exit 2

# note NAME WORD writes a line of the list: what is new, and what is gone.
note() { printf -- '- \x60%s\x60 is %s\n' "$1" "$2"; }

incompatible=0
printf '## Go packages\n\n'
for package in $( (packages "$work/base"; packages .) | sort -u); do
  file=${package//\//_}
  if [[ ! -e $work/new/$file ]]; then
    note "${package#"$module"/}" gone
    incompatible=1
  elif [[ ! -e $work/old/$file ]]; then
    note "${package#"$module"/}" new
  else
    changes=$("$work/bin/apidiff" "$work/old/$file" "$work/new/$file") || exit 2
    [[ -n $changes ]] || continue
    printf '### %s\n\n%s\n\n' "${package#"$module"/}" "$changes"
    [[ $changes != *"Incompatible changes:"* ]] || incompatible=1
  fi
done

printf '\n## Definitions\n\n'
for file in crd/kernel.gossip.io_*.yaml; do
  if [[ ! -e $work/base/$file ]]; then
    note "$file" new
  elif ! changes=$("$work/bin/crdify" "file://$work/base/$file" "file://$PWD/$file" --output=markdown); then
    printf '### %s\n\n%s\n\n' "$file" "$changes"
    incompatible=1
  fi
done
for file in "$work"/base/crd/kernel.gossip.io_*.yaml; do
  [[ -e crd/${file##*/} ]] || { note "crd/${file##*/}" gone; incompatible=1; }
done

((incompatible)) || printf 'Nothing that users build on has changed incompatibly.\n'
exit "$incompatible"
