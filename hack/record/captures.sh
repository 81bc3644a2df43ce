#!/usr/bin/env bash
# Records the captures in examples/captures again, each from its workload in
# hack/record/workloads: captures.sh image | NAME... | all
#
# image builds the workloads' image and loads it into the kind cluster. The
# cluster is $CLUSTER (default: kind); KUBECONFIG points to it; the rest needs
# root, since counters are read and probes run on the machine itself.
set -euo pipefail
cd "$(dirname "$0")/../.."

cluster=${CLUSTER:-kind}
node=${NODE:-$cluster-control-plane}
captures=examples/captures
workloads=hack/record/workloads

image() {
  local dir name
  dir=$(mktemp -d)
  for name in burst strain; do
    CGO_ENABLED=0 go build -trimpath -ldflags=-s -o "$dir/$name" "./hack/record/$name"
    docker build -q -t "localhost/kernel-gossip-$name:1" -f "hack/record/$name/Dockerfile" "$dir"
    kind load docker-image "localhost/kernel-gossip-$name:1" --name "$cluster"
  done
  rm -r "$dir"
}

record() { go run ./hack/record "$@"; }

# begin NAMESPACE...: empty namespaces, their default service accounts made
begin() {
  local ns
  for ns; do
    kubectl delete namespace "$ns" --ignore-not-found
    kubectl create namespace "$ns"
    kubectl wait --for=create -n "$ns" serviceaccount/default --timeout=60s
  done
}

# throttle NAME DURATION NOTE: one workload in a namespace of the same name
throttle() {
  begin "$1"
  kubectl apply -f "$workloads/$1.yaml"
  kubectl rollout status -n "$1" deployment --timeout=2m
  sleep 8 # the start is another story
  record throttle --for "$2" --every "${EVERY:-5s}" --namespace "$1" --out "$captures/$1.ndjson" --note "$3"
  kubectl logs -n "$1" "deployment/$(kubectl get deployments -n "$1" -o name | cut -d/ -f2)" --since="$2" |
    sed -nE 's/.* wall=([0-9.]+)ms$/\1/p' | sort -n |
    awk '{w[NR]=$1} END {if (NR) printf "%d bursts, median wall time %.0f ms\n", NR, w[int((NR + 1) / 2)]}'
  kubectl delete namespace "$1" --wait=false
}

births() {
  begin births
  (
    sleep 14 # the probes need a few seconds
    for step in 1 2 3 4 5; do
      kubectl apply -l "step=$step" -f "$workloads/births.yaml"
      sleep 10
    done
  ) &
  record birth --for 90s --namespace births --out "$captures/births.ndjson" --note \
    "The pods of hack/record/workloads/births.yaml, its five steps 10 s apart: one container without a CPU limit; one with a limit of 100m; two containers; one with an init container that uses 150 ms of CPU; six pods at the same time. $load"
  wait
  kubectl delete namespace births --wait=false
}

# strain MODE NAME DURATION EVERY NOTE: a workload that runs out of memory or loses packets
strain() {
  begin "$2"
  kubectl apply -f "$workloads/$2.yaml"
  if [ "$1" = network ]; then # memory from its beginning: it may not live long
    kubectl rollout status -n "$2" deployment --timeout=2m
    [ "$2" != retransmits ] || lose 0.04
  fi
  record "$1" --for "$3" --every "$4" --namespace "$2" --out "$captures/$2.ndjson" --note "$5"
  kubectl get pods -n "$2"
  kubectl logs -n "$2" -l app --tail=1 --prefix # what the workload itself saw, since its start
  kubectl delete namespace "$2" --wait=false
}

# lose SHARE: of what arrives at the lossy server, in its own network namespace
lose() {
  local id
  id=$(kubectl get pods -n retransmits -l app=lossy -o jsonpath='{.items[0].status.containerStatuses[0].containerID}')
  nsenter --net --target "$(head -n 1 "$(find /sys/fs/cgroup -path "*${id#*://}*" -name cgroup.procs | head -n 1)")" \
    iptables -A INPUT -p tcp --dport 8080 -m statistic --mode random --probability "$1" -j DROP
}

mixed() {
  begin shop batch
  kubectl apply -f "$workloads/mixed.yaml"
  kubectl rollout status -n shop deployment,statefulset --timeout=2m
  sleep 10
  (
    sleep 60
    kubectl apply -f "$workloads/mixed-later.yaml"
    sleep 120
    id=$(kubectl get pods -n shop -l app=cart -o jsonpath='{.items[0].status.containerStatuses[0].containerID}')
    docker exec "$node" sh -c "kill -9 \$(head -n 1 \"\$(find /sys/fs/cgroup -path '*${id#*://}*' -name cgroup.procs | head -n 1)\")"
    sleep 120
    kubectl patch -n shop "$(kubectl get pods -n shop -l app=api -o name)" --subresource resize \
      --patch '{"spec":{"containers":[{"name":"app","resources":{"limits":{"cpu":"1"}}}]}}'
  ) &
  record mixed --for 10m10s --every 10s --namespace shop,batch --out "$captures/mixed.ndjson" --note \
    "hack/record/workloads/mixed.yaml; about a minute into the recording mixed-later.yaml (a pod with an init container, a Deployment of two, a Job); after about three minutes the process of cart was killed, so its container restarted; after about five the limit of api was raised from 100m to one core in place. $load"
  wait
  kubectl delete namespace shop batch --wait=false
}

# hot: one of three replicas has more to do than the others
hot() {
  begin hot-replica
  kubectl apply -f "$workloads/hot-replica.yaml"
  kubectl rollout status -n hot-replica deployment --timeout=2m
  kubectl exec -n hot-replica "$(kubectl get pods -n hot-replica -o name | head -n 1)" -- /burst --cpu=140ms --every=1s >/dev/null &
  record throttle --for 5m --every 10s --namespace hot-replica --out "$captures/hot-replica.ndjson" --note \
    "One Deployment of three, $workloads/hot-replica.yaml: each pod has one thread that needs 4 ms of CPU every 2 s, on a limit of 200m; in one of them a second process needs 140 ms every second. $load"
  kubectl delete namespace hot-replica --wait=false
}

# resized: the limit of two of three replicas is raised in place
resized() {
  local pod
  begin resized
  kubectl apply -f "$workloads/resized.yaml"
  kubectl rollout status -n resized deployment --timeout=2m
  sleep 8
  (
    sleep 600
    for pod in $(kubectl get pods -n resized -o name | head -n 2); do
      kubectl patch -n resized "$pod" --subresource resize \
        --patch '{"spec":{"containers":[{"name":"app","resources":{"limits":{"cpu":"1"}}}]}}'
    done
  ) &
  record throttle --for 20m --every 10s --namespace resized --out "$captures/resized.ndjson" --note \
    "One Deployment of three, $workloads/resized.yaml: one thread that needs 96 ms of CPU every 3 s, on a limit of 100m; after ten minutes the limit of two pods was raised to one core in place. $load"
  wait
  kubectl delete namespace resized --wait=false
}

cronjob() {
  begin cronjob
  kubectl apply -f "$workloads/cronjob.yaml"
  record throttle --for 5m30s --every 5s --namespace cronjob --out "$captures/cronjob.ndjson" --note \
    "A CronJob, $workloads/cronjob.yaml: every minute a run of 30 s that needs 100 ms of CPU each second, on a limit of 100m. $load"
  kubectl delete namespace cronjob --wait=false
}

one() {
  case $1 in
    image | births | mixed | resized | cronjob) "$1" ;;
    hot-replica) hot ;;
    incident) EVERY=15s throttle "$1" 27m "One Deployment, $workloads/$1.yaml: one thread that needs 96 ms of CPU every 3 s for 10 minutes, and 5 ms after that, on a limit of 100m. $load" ;;
    hidden-throttling) throttle "$1" 2m "One Deployment, $workloads/$1.yaml: one thread that needs 96 ms of CPU every 3 s, on a limit of 100m. $load" ;;
    two-threads) throttle "$1" 2m "One Deployment, $workloads/$1.yaml: two threads that need 64 ms of CPU each, every second, on a limit of 300m. $load" ;;
    healthy) throttle "$1" 2m "One Deployment, $workloads/$1.yaml: one thread that needs 96 ms of CPU every 3 s, on a limit of one core. $load" ;;
    busy-loop) throttle "$1" 1m "One Deployment, $workloads/$1.yaml: one thread that never rests, on a limit of 200m. $load" ;;
    idle) throttle "$1" 1m "One Deployment, $workloads/$1.yaml: a process that sleeps, on a limit of 100m. $load" ;;
    oom-kill) strain memory "$1" 2m 5s "One Deployment, $workloads/$1.yaml: a process that needs 2 MiB more each second, on a limit of 48 MiB; the kubelet restarts it. $load" ;;
    oom-kill-child) strain memory "$1" 2m 5s "One Deployment, $workloads/$1.yaml: a parent that lives on, whose worker needs 2 MiB more each second, on a limit of 48 MiB. $load" ;;
    memory-climb) strain memory "$1" 10m30s 10s "One Deployment, $workloads/$1.yaml: a process that needs 14 MiB more each minute, on a limit of 192 MiB. $load" ;;
    connect-fail) strain network "$1" 1m 5s "$workloads/$1.yaml: one client that opens connections to a Service without pods, at most two a second, one that does the same to a Service with a pod. $load" ;;
    retransmits) strain network "$1" 2m 5s "$workloads/$1.yaml: two clients that send 1000 bytes every 5 ms, each to its own server; iptables dropped 4 % of the packets that arrived at one of the servers, in its network namespace. $load" ;;
    all)
      for name in hidden-throttling two-threads healthy busy-loop idle births mixed \
        oom-kill oom-kill-child memory-climb connect-fail retransmits incident hot-replica resized cronjob; do one "$name"; done
      ;;
    *)
      echo "captures.sh: no capture $1" >&2
      exit 2
      ;;
  esac
}

# LOAD says in a sentence what else the machine did meanwhile.
load=${LOAD:-}
[ $# -gt 0 ] || set -- help
for name; do one "$name"; done
