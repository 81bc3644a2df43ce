// Package kernel reads what the kernel knows of pods, and says it in records of the payload (pixie/payload.md): the CPU counters of
// containers from cgroup v1 and v2, and the births of pods from pxl/pod_birth.bt. The observer and hack/record share it.
//
// # CPU
//
// [Open] finds the hierarchy, [Tree.Containers] the directories of containers, [Tree.Read] reads one, and [Delta] makes a record of two
// reads. A container is found by pod UID and container ID in the path of its cgroup, which the kubelet's two drivers and all runtimes
// write; no PID is looked up. An interval in which a counter fell or the limit changed belongs to two epochs, and gives no record.
//
// # Births
//
// [StartTrace] runs bpftrace, whose rows a [Births] collects. A birth is told when its first cgroup directory and the exec of every
// container's command were seen, so a pod that was there before gives none. When bpftrace loses a row, all births that are under
// way are given up, since nobody can tell whose row it was.
package kernel
