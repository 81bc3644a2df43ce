#!/usr/bin/env bash
# deploy.sh INSTALL [BEFORE]: installs the operator with kubectl's current context, waits until it runs, and tries it. When that fails, what
# was there before comes back: the install.yaml BEFORE where there is such a file, or else the Deployment as it was. The exit status is
# about INSTALL.
set -euo pipefail
here=$(dirname "$0")
install=$1 before=${2:-}
deployment=(--namespace kernel-gossip deployment/kernel-gossip-operator)

runs() { kubectl rollout status "${deployment[@]}" --timeout=5m; }
apply() { kubectl apply --server-side --filename "$1" && runs; }

was=$(kubectl get "${deployment[@]}" --ignore-not-found --output 'jsonpath={.metadata.annotations.deployment\.kubernetes\.io/revision}' 2>/dev/null || true)
if apply "$install" && "$here/smoke.sh"; then
  echo "deploy: $install runs"
  exit
fi
kubectl logs "${deployment[@]}" --tail=50 || true
if [[ -f $before ]]; then
  echo "deploy: $install does not run; going back to $before" >&2
  apply "$before" && "$here/smoke.sh"
elif [[ -n $was ]]; then
  echo "deploy: $install does not run; going back to the Deployment as it was" >&2
  kubectl rollout undo "${deployment[@]}" --to-revision="$was" && runs
else
  echo "deploy: $install does not run, and nothing was there before" >&2
fi
exit 1
