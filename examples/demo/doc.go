// Package demo shows what the kernel knows and Kubernetes does not, in four scenarios: birth, throttle, memory, network. It runs pods on a
// real cluster, waits for what the operator writes about them, and puts both sides next to each other.
//
//	make demo                            all four, on a kind cluster that is made when there is none
//	make demo SCENARIO=throttle PAUSE=1  one of them, waiting for a key after each step
//	KUBECONFIG=… make demo               on that cluster
//
// Every figure is one of an object of this run, or of a command of this run whose output is shown or named; where objects come from a
// recording, each view says so. birth.md, throttle.md, memory.md and network.md are for who presents them.
//
// A scenario is a function that asks a [Source] for objects and gives them to a view; a view is a function of objects alone. So what is
// shown of a live pod and of a recorded one is the same.
package demo
