#!/usr/bin/env bash
# Runs the end-to-end tests, which doc.go describes, on the cluster in KUBECONFIG. Without that, on two kind clusters at
# the same time, each deleted afterwards: the test that breaks the installation has one of its own, because it mostly
# waits for what it broke to come back.
set -euo pipefail
cd "$(dirname "$0")/../.."
breaking='^TestRecoverRepairsWhatIsBroken$'
KUBEBUILDER_ASSETS=$(go run ./hack/assets)
export KUBEBUILDER_ASSETS
program=$PWD/bin/e2e.test
go test -tags e2e -c -o "$program" ./hack/e2e
cd hack/e2e

# run_tests FLAG… runs the tests that the flags choose.
run_tests() {
  "$program" -test.timeout 45m -test.parallel 4 -test.v "$@"
}

if [[ -n ${KUBECONFIG:-} ]]; then
  run_tests
  exit
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
E2E_CLUSTER=kernel-gossip-e2e-broken run_tests -test.run "$breaking" >"$log" 2>&1 &
other=$!
failed=0
run_tests -test.skip "$breaking" || failed=1
printf '\n=== %s, on a cluster of its own at the same time:\n' "$breaking"
wait "$other" || failed=1
cat "$log"
exit "$failed"
