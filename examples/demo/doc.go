// Package demo makes a cluster ready for the scenarios of the demo: it checks what they need (Preflight), and installs
// it anew if something is broken (Recover).
//
//	make demo                            all four scenarios, on a kind cluster that is made when there is none
//	make demo SCENARIO=throttle PAUSE=1  one of them, waiting for a key after each step
//	KUBECONFIG=… make demo               on that cluster
package demo
