package kube_test

import (
	"fmt"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
)

func Example() {
	pods, err := kube.Read(strings.NewReader(`
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata:
    name: api-6d4c9-x7k2p
    namespace: shop
    labels: {pod-template-hash: 6d4c9}
    ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: api-6d4c9, controller: true, uid: u}]
  spec:
    containers:
    - name: app
      resources: {requests: {cpu: 100m}, limits: {cpu: 250m, memory: 64Mi}}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	pod, _ := pods.Pod("shop", "api-6d4c9-x7k2p", "")
	app, _ := pod.Container("app")
	fmt.Println(pod.Workload.Kind, pod.Workload.Name, "guessed:", pod.Workload.Guessed)
	fmt.Println(pod.QoS, app.CPULimit.Value, app.MemoryLimit.Value)
	// Output:
	// Deployment api guessed: true
	// Burstable 0.25 67108864
}
