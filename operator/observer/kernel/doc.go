// Package kernel reads what the kernel knows of pods, and says it in records of the payload (pixie/payload.md): the CPU and memory of
// containers from cgroup v1 and v2, the network of pods from /proc, and births, OOM kills and failed connects from the programs in pxl. The
// observer and hack/record share it.
//
// # Counters
//
// [Open] finds the hierarchy, [Tree.Containers] the directories of containers. [Tree.Read], [Tree.ReadMemory] and [Tree.ReadNetwork] read
// one, and [Delta], [MemoryDelta] and [NetworkDelta] make a record of two reads. A container is found by pod UID and container ID in the
// path of its cgroup, which the kubelet's two drivers and all runtimes write. An interval in which a counter fell or the limit changed
// belongs to two epochs, and gives no record. What a kernel does not have is absent from the record, never 0: cgroup v1 has no pressure, and
// some kernels have memory.failcnt but count nothing in it.
//
// The network is the pod's. It is read through the process of the pod's sandbox, which must be visible: on the node, or with hostPID. Pods
// of the node's network have none of their own and give no record.
//
// # Births, kills and connects
//
// [StartTrace] runs bpftrace, whose rows [Births], [Kills] and [Sockets] collect. A birth is told when its first cgroup directory and the
// exec of every container's command were seen, so a pod that was there before gives none. When bpftrace loses a row, all births that are
// under way are given up, since nobody can tell whose row it was. A kill is told when a pod's status names its container, now or as the one
// before. Failed connects are added up for each network namespace.
package kernel
