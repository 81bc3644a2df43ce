// Package e2e tests the operator on a real cluster: operator/deploy/install.yaml and the node observer are installed,
// all figures come from the kernel, and the tests read the objects in the cluster.
//
//	make e2e                          a kind cluster of its own, the images, the tests, and nothing is left
//	make e2e-up, make e2e-down        a cluster to look at; its KUBECONFIG is printed
//	KUBECONFIG=… make e2e             the same tests on any cluster, which gets its clean-up too
//
// # Variables
//
//	KIND_NODE_IMAGE   node image of the kind cluster; kind's own without it
//	E2E_BASE          image with bpftrace, nginx, curl and iptables; built from base/Dockerfile without it
//	E2E_REGISTRY      registry from which a cluster other than kind pulls the images, such as
//	                  REGISTRY/kernel-gossip-operator:e2e
//	E2E_INSTALL       install.yaml of a release, which is installed instead of this tree's; make's E2E_OPERATOR names its
//	                  image
//	PX_API_KEY        API key of a Pixie that runs on the cluster in KUBECONFIG: the operator pulls from it too
//	PX_CLUSTER_ID     Pixie's ID of that cluster
//	PX_CLOUD_ADDR     host:port of Pixie's cloud
//	E2E_KEEP          anything: leave the cluster and what is installed as they are
//
// The scenarios of examples/demo are among the tests: they run as in a talk, and what they show is compared with the
// objects.
//
// The tests have the build tag e2e, so that go test ./... needs no Docker.
//
// Tests that break the installation (the operator is killed, the demo's recover repairs what is missing) run one at a
// time and first. All others run beside each other afterwards: they wait for the cluster most of the time. Their
// containers together use less than a core, and no assertion depends on how soon a container gets it.
package e2e
