#!/usr/bin/env bash
# smoke.sh [URL]: tries the operator of kubectl's current context. A record about a made-up pod must become an object, and
# a sender without a token must be refused. Needs kubectl 1.31 or newer and curl; removes all that it made. Records go to
# URL; without it a port is forwarded.
set -euo pipefail
name=kernel-gossip-smoke-$RANDOM
url=${1:-}
work=$(mktemp -d)
forward=

leave() {
  [[ -z $forward ]] || kill "$forward" 2>/dev/null || true
  kubectl delete clusterrolebinding "$name" --ignore-not-found >/dev/null || true
  kubectl delete namespace "$name" --ignore-not-found --wait=false >/dev/null || true
  rm -rf "$work"
}
trap leave EXIT

kubectl create namespace "$name"
kubectl create serviceaccount --namespace "$name" sender
kubectl create clusterrolebinding "$name" --clusterrole=kernel-gossip-sender --serviceaccount="$name:sender"
kubectl create --namespace "$name" --filename - <<POD
apiVersion: v1
kind: Pod
metadata: {name: smoke}
spec:
  schedulingGates: [{name: kernel.gossip.io/never}] # no node runs it: no image is needed
  automountServiceAccountToken: false
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
  - {name: app, image: none, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}
POD
uid=$(kubectl get pod --namespace "$name" smoke --output 'jsonpath={.metadata.uid}')
token=$(kubectl create token --namespace "$name" sender --audience=kernel-gossip)

if [[ -z $url ]]; then
  kubectl port-forward --namespace kernel-gossip service/kernel-gossip :8080 >"$work/forward" &
  forward=$!
  for _ in {1..60}; do
    url=$(sed -nE 's|^Forwarding from (127[^ ]+) .*|http://\1/v1/events|p' "$work/forward")
    [[ -z $url ]] || break
    sleep 0.5
  done
  [[ -n $url ]] || { echo "smoke: no port could be forwarded" >&2; exit 1; }
fi

# post HEADER…: sends the record, prints the code of the answer.
post() {
  printf '{"type":"pod_creation","timestamp":"%s","namespace":"%s","pod_name":"smoke","pod_uid":"%s","source":"smoke","total_syscalls":1,"namespace_ops":1,"cgroup_writes":1,"duration_ns":1000000}\n' \
    "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$name" "$uid" |
    curl -sS --retry 5 --retry-delay 1 --retry-connrefused --output "$work/answer" --write-out '%{http_code}' --header 'Content-Type: application/x-ndjson' "$@" --data-binary @- "$url"
}

code=$(post)
[[ $code == 401 ]] || { echo "smoke: a sender without a token is not refused: $code $(<"$work/answer")" >&2; exit 1; }
for _ in {1..10}; do # a new right needs a moment: what was denied is believed for ten seconds
  code=$(post --header "Authorization: Bearer $token")
  [[ $code == 403 ]] || break
  sleep 3
done
[[ $code == 200 ]] || { echo "smoke: the record was not taken: $code $(<"$work/answer")" >&2; exit 1; }
kubectl wait --namespace "$name" --for=create podbirthcertificate/smoke --timeout=60s
kubectl get podbirthcertificates --namespace "$name"
