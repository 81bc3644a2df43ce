#!/usr/bin/env bash
# record.sh [SCENARIO...] records the demo's own workloads (examples/demo/scenarios/manifests) for --from-recording, all four without an
# argument. It runs as root, on a machine with a kind cluster in which operator and observer run and whose nodes have the images. KUBECONFIG
# points to it, and LOAD says in a sentence what else the machine did. Other numbers will come out, of the same kind.
set -euo pipefail
cd "$(dirname "$0")/../../.."
namespace=kernel-gossip-demo
manifests=examples/demo/scenarios/manifests
out=examples/demo/recording/captures

make() { kubectl apply -n "$namespace" -f "$manifests/$1.yaml"; }

clear() { kubectl delete namespace "$namespace" "$namespace-loss" --ignore-not-found; }

# record MODE DURATION NOTE
record() {
  go run ./hack/record "$1" --for "$2" --every 5s --namespace "$namespace" --out "$out/$1.ndjson" --note "$manifests/$1.yaml$3 ${LOAD:-}"
}

# second COMMAND begins the second act, and notes it for the provenance. A record that ends after it belongs to it.
second() {
  mkdir -p bin
  printf "secondAct: '%s'\nsecondActDid: '%s'\n" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "${1//\'/\'\'}" >bin/second
  bash -c "$1"
}

one() {
  clear
  rm -f bin/second
  kubectl apply -f "$manifests/namespace.yaml"
  kubectl wait --for=create -n "$namespace" serviceaccount/default --timeout=60s
  [[ $1 == birth ]] || make "$1"
  [[ $1 == birth || $1 == memory ]] || kubectl wait -n "$namespace" pod --all --for=condition=Ready --timeout=1m
  case $1 in
    birth)
      (sleep 14 && make birth) & # the probes need a few seconds
      record birth 35s ": a web server starts."
      ;;
    throttle)
      (sleep 85 && second "$(kubectl get kw -n "$namespace" pod.worker.app.cputhrottling \
        -o jsonpath='{.status.recommendations[?(@.resize)].resize[0]}')") &
      record throttle 155s "; in the second act its CPU limit was raised in place, as the operator advised then."
      ;;
    memory)
      record memory 80s ": a parent that lives on, whose worker needs 1 MiB more each second, on a limit of 48 MiB."
      ;;
    network)
      read -r node id < <(kubectl get pod -n "$namespace" server -o jsonpath='{.spec.nodeName} {.status.containerStatuses[0].containerID}{"\n"}')
      lose="sed 's/NODE/$node/; s/CONTAINER/${id#*://}/' $manifests/loss.yaml | kubectl apply -f -"
      (sleep 55 && kubectl patch service db -n "$namespace" --patch '{"spec":{"selector":{"app.kubernetes.io/name":"server"}}}' && second "$lose") &
      record network 105s ": a client that opens connections to a Service without pods, and sends to a server; in the second act the Service has a pod, and iptables drops 5 % of the packets that arrive at the server (loss.yaml)."
      ;;
  esac
  wait
  [[ ! -f bin/second ]] || cat bin/second >>"$out/$1.provenance.yaml"
  clear
}

[[ $# -gt 0 ]] || set -- birth throttle memory network
for scenario; do one "$scenario"; done
