// Package recommend turns findings into advice with numbers.
//
//	for f := range analyzer.Findings() {
//		for _, r := range recommend.Default().For(f, pod) {
//			fmt.Println(r)        // what to do and why, with the number
//			fmt.Println(r.Resize) // the commands
//		}
//	}
//
// Here pod is a gossip.Pod, as package gossip/kube reads it from Kubernetes objects, or the zero value where nothing is
// known about the pod.
//
// A [Rule] is a value: a kebab-case ID and a pure function of a finding and its pod. Append rules of your own to
// [Default]; [Rule.For] asks one rule alone. A rule that compares the pods of a workload is made by [RuleForWorkload].
// Where there can be no number, or something in the cluster speaks against it, the advice is a refusal: a
// [Recommendation] without Target. Its Reason says why.
//
// [Rules.ForWorkload] gives the advice about a workload, from what [gossip.RollUp] says of its pods together. One
// template has one limit, so there is one number, of the pod that needs most ([Rules.NeedOf] returns what one pod
// needs), one Patch, and a command in Resize for each pod in trouble, five at most. Pods that are gone, that have the
// number already, or for which something in the cluster speaks against it get no command. With several pods, Evidence
// names the pod that it is of, and while there are several revisions, that pod's.
//
// # The rules
//
//	skewed-pod             one pod of a workload needs far more than most: its traffic and its node come first
//	raise-cpu-limit        the limit that lets bursts finish without waiting
//	cpu-limit-step         a step up, where the demand cannot be known: at full use, or when only the ratio was measured
//	startup-throttling     throttled only while the container started: more CPU for that time, not a higher limit
//	match-threads-to-limit more threads than cores use up the quota together: fewer workers, if the limit must stay
//	memory-leak            when memory that climbs steadily will run out; a higher limit would only delay that
//	node-out-of-memory     a request instead, where the node may have killed what uses more than it requests
//	raise-pod-memory-limit the limit of the pod as a whole, where that limit hurts or caused a kill
//	raise-memory-limit     a limit above the largest use, where the limit hurts or caused a kill
//	investigate-retransmits, investigate-drops, investigate-connects
//	                       where to look for what the kernel only counts
//	slow-birth             the longest stage of a birth above 2 s
//
// # The new CPU limit
//
// n, T, τ, U and W are the sums of nr_periods, nr_throttled, throttled time, usage and wall time over the window; L is
// the limit, P the length of a CFS period, r = T/n, u = U/(W·L):
//
//	A = L + (τ/T)/P                                     cores that it tried to use
//	N = min(threads, node CPUs, max(1, ceil(A − 0.1)))  cores it can use at once
//	F = min(1.15·A, 3·L)                                floor
//	E = 1.1·c·U/((n − T)·P), c = min(2.5, 1 + 5·(1−u))  CPU of one burst, per period; n = T: unbounded
//
//	saturated (u ≥ 0.90 and r ≥ 0.95): min(N, F), a step
//	otherwise:                         min(N, max(E, F))
//	without throttled time or usage:   L·min(3, 1 + 2.5·r/(1−r)), a step
//
// The result is at least max(1.2·L, (U/W)/0.8). It is rounded up to 50m below one core and to 100m above, then cut at
// the number of threads and of the node's CPUs.
//
// Each burst leaves about two and a half unthrottled periods in the counters: the one it ends in, and one or two idle
// ones that the kernel still counts. So usage divided by unthrottled periods is the CPU that one burst needs. The wait
// alone does not show that: for bursts far below a period it means that work waited 70 ms, not that 70 ms of CPU were
// missing.
//
// The constants were set with simulations and 44 recorded workloads; their smallest sufficient limits were found by
// trial (testdata/calibration.tsv; the test repeats the figures). For the 37 workloads that were not saturated the
// estimate sufficed, at a median of about 1.05 times the need and at most twice. The usual formula from averages,
// usage/0.8, sufficed for none. Two constants were chosen after seeing these workloads. The workloads are single
// processes on 2 CPUs with cgroup v1 in windows of 9 to 12 s. Steady work with rare bursts needs a second round in a
// quarter of the simulated cases.
//
// # Start-up
//
// A start lasts until the container is ready. Where that is not known, it lasts 60 s from the start of the container,
// or of the pod. A longer time is a start too, if the container was throttled from the first minute on without a pause
// of a minute, and not in the minute after. All of an init container's life is a start, and a Job's container works as
// soon as it runs, so these get a number.
//
// # The new memory limit
//
// The new limit is max(1.2·peak, peak + 100Mi), rounded up to 16Mi below 1Gi and to 64Mi above: the larger of the two
// values that the recommenders of the vertical pod autoscaler take after an OOM kill. The peak is the largest usage at
// a kill, or the largest working set of the window. Without a usage or a limit there is no number.
//
// A container may be killed while the node has no memory left, or for an unknown reason below 90 % of its own limit or
// without one. Then the number is for the request instead: never above the limit, and only where more was used than is
// requested. A container that stayed within its request was killed because of what others use. Where the limit that
// killed is not the container's own, the pod's limit is the one to raise, if it is known. For a leak the advice is the
// time until it reaches the limit. Lower values are never advised.
//
// # Commands
//
// Resize changes running pods in place, with one command for each pod. Patch changes their owner's template, so that
// the change lasts. Rollback restores the values that the pods and the template had. All are safe to paste:
//
//   - The patch starts from the template's own values ([gossip.Pod.Template]), never from the pod's, which an
//     autoscaler, a webhook or a resize may have changed. It never lowers a value of the template. Where the template
//     is not known, the patch makes the API server test that the template has the pod's values, and fails otherwise.
//   - A container that the template lacks was added to the pod by a webhook. It gets no patch, but the name of the
//     webhook's own setting, where the pod's annotations show which webhook it is.
//   - Where an autoscaler sets the same value, a resize is pending, a LimitRange or ResourceQuota does not admit the
//     value, or the resources of the pod as a whole are too small for it, the advice is a refusal that names the cause.
//   - A pod that has finished, was replaced or is static is not resized, nor is an init container.
//   - In a Guaranteed pod the request moves with the limit. Otherwise the command states the request unchanged, because
//     a template without a request would take the new limit as its request.
//   - A name that Kubernetes would not accept gets no command, and a kind is letters and digits. Nothing else that a
//     user chose is in a command, and the patch is one quoted word.
package recommend
