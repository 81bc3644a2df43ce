#!/usr/bin/env bash
# record.sh [SCENARIO...]: records the demo's own workloads (examples/demo/manifests) for --from-recording, all four without an argument. As root,
# on a machine with a kind cluster in which operator and observer run and whose nodes have the images; KUBECONFIG points to it, and LOAD says in a
# sentence what else the machine did. Other numbers will come out, of the same kind.
set -euo pipefail
cd "$(dirname "$0")/../../.."
namespace=kernel-gossip-demo
out=examples/demo/recording/captures
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
load=${LOAD:-}

make() { sed "${2:-}" "examples/demo/manifests/$1.yaml" | kubectl apply -f - ${3:+-n "$3"}; }

begin() {
  kubectl delete namespace "$namespace" "$namespace-loss" --ignore-not-found
  make namespace
  kubectl wait --for=create -n "$namespace" serviceaccount/default --timeout=60s
}

# record MODE NAME DURATION NOTE
record() { go run ./hack/record "$1" --for "$3" --every 5s --namespace "$namespace" --out "$out/$2.ndjson" --note "$4 $load"; }

# second COMMAND: the second act, which the provenance tells of. A record that ends after it belongs to it.
second() {
  printf "secondAct: '%s'\nsecondActDid: '%s'\n" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "${1//\'/\'\'}" >"$work/second"
  bash -c "$1"
}

one() {
  begin
  rm -f "$work/second"
  case $1 in
    birth)
      (sleep 14 && make birth "" "$namespace") & # the probes need a few seconds
      record birth birth 35s "examples/demo/manifests/birth.yaml: a web server starts."
      ;;
    throttle)
      make throttle "" "$namespace"
      kubectl wait -n "$namespace" pod/worker --for=condition=Ready --timeout=1m
      (
        sleep 85
        second "$(kubectl get kw -n "$namespace" worker.app.cputhrottling -o jsonpath='{.status.recommendations[?(@.resize)].resize}')"
      ) &
      record throttle throttle 155s "examples/demo/manifests/throttle.yaml; in the second act its CPU limit was raised in place, as the operator advised then."
      ;;
    memory)
      make memory "" "$namespace"
      record memory memory 80s "examples/demo/manifests/memory.yaml: a parent that lives on, whose worker needs 1 MiB more each second, on a limit of 48 MiB."
      ;;
    network)
      make network "" "$namespace"
      kubectl wait -n "$namespace" pod/server pod/client --for=condition=Ready --timeout=1m
      id=$(kubectl get pod -n "$namespace" server -o jsonpath='{.status.containerStatuses[0].containerID}')
      node=$(kubectl get pod -n "$namespace" server -o jsonpath='{.spec.nodeName}')
      (
        sleep 55
        kubectl patch service db -n "$namespace" --patch '{"spec":{"selector":{"app.kubernetes.io/name":"server"}}}'
        second "sed 's/NODE/$node/; s/CONTAINER/${id#*://}/' examples/demo/manifests/loss.yaml | kubectl apply -f -"
      ) &
      record network network 105s "examples/demo/manifests/network.yaml: a client that opens connections to a Service without pods, and sends to a server; in the second act the Service has a pod, and iptables drops 5 % of the packets that arrive at the server (loss.yaml)."
      ;;
    *)
      echo "record.sh: no scenario $1" >&2
      exit 2
      ;;
  esac
  wait
  [ ! -f "$work/second" ] || cat "$work/second" >>"$out/$1.provenance.yaml"
  kubectl get pods -n "$namespace"
  kubectl delete namespace "$namespace" "$namespace-loss" --ignore-not-found
}

[ $# -gt 0 ] || set -- birth throttle memory network
for scenario; do one "$scenario"; done
