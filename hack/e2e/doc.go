// Package e2e proves the operator on a real cluster: what is installed is operator/deploy/install.yaml and the node observer, every figure
// is from the kernel, and what is looked at is the state of the cluster.
//
//	make e2e                          a kind cluster of its own, the images, the tests, and nothing is left
//	make e2e-up, make e2e-down        a cluster to look at; its KUBECONFIG is printed
//	KUBECONFIG=… make e2e             the same tests on any cluster, which gets its clean-up too
//
// # Variables
//
//	KIND_NODE_IMAGE   node image of the kind cluster; kind's own without it
//	E2E_BASE          image with bpftrace, nginx, curl and iptables; built from base/Dockerfile without it
//	E2E_REGISTRY      where the images were pushed that a cluster other than kind pulls: REGISTRY/kernel-gossip-operator:e2e, and so on
//	E2E_INSTALL       install.yaml of a release, which is installed instead of this tree's; E2E_OPERATOR names its image to make
//	PX_API_KEY, PX_CLUSTER_ID, PX_CLOUD_ADDR   Pixie's API key, its ID of the cluster in KUBECONFIG, where it already runs, and host:port
//	                  of its cloud: the operator pulls from there too
//	E2E_KEEP          anything: leave the cluster and what is installed as they are
//
// The scenarios of examples/demo are among the tests: they run here as they do in a talk, and what they show is compared with the objects.
//
// The tests have the build tag e2e, so that go test ./... needs no Docker.
//
// Tests that break the installation (the operator is killed, the demo's recover repairs what is missing) run one at a time and first. All
// others run beside each other afterwards: they wait for the cluster most of the time. Their containers together use less than a core,
// and no assertion depends on how soon a container gets it.
package e2e
