// Package kernel reads what the kernel knows of pods, as events of package gossip: the CPU and memory of containers
// from cgroup v1 and v2, the network of pods from /proc, and births, OOM kills and failed connects from the programs in
// pxl. The observer and hack/record share it.
//
// # Counters
//
// A [Node] reads all of a node. [Tree] reads one container or pod: [Tree.Containers] finds the directories of
// containers, and [Tree.ReadCPU], [Tree.ReadMemory] and [Tree.ReadNetwork] make readings, which package readings turns
// into events. A container is found by the pod UID and container ID in the path of its cgroup, which the kubelet's two
// drivers and all runtimes write. What a kernel does not have is absent, never 0: cgroup v1 has no pressure, and some
// kernels have memory.failcnt but count nothing in it.
//
// All containers of a pod share its network. It is read through the process of the pod's sandbox, which must be
// visible: on the node, or with hostPID. Pods of the node's network have none of their own and give no event.
//
// # Births, kills and connects
//
// [StartTrace] runs bpftrace. [Births], [Kills] and [Sockets] collect its rows. A birth is complete when its first
// cgroup directory and the exec of every container's command were seen, so a pod that existed before gives none. When
// bpftrace loses a row, all births that are under way are given up, because the row may have been of any of them. A
// kill is complete when a pod's status has its container, as the current run or as the one before. Failed connects are
// added up for each network namespace.
package kernel
