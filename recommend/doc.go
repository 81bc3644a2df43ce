// Package recommend turns findings into advice with numbers.
//
//	for f := range analyzer.Findings() {
//		for _, r := range recommend.Default().For(f, pod) {
//			fmt.Println(r)        // what to do and why, with the number
//			fmt.Println(r.Resize) // the command
//		}
//	}
//
// Here pod is a gossip.Pod: the zero value where nothing is known of it, else what package gossip/kube reads from
// Kubernetes objects.
//
// A [Rule] is a value: a kebab-case ID and a pure function of a finding and of what is known of its pod. Append rules
// of your own to [Default]; [Rule.For] asks one rule alone. Where there can be no number, or something in the cluster
// speaks against it, the advice is a refusal: a [Recommendation] without Target, whose Reason says why.
//
// # The rules
//
//	raise-cpu-limit        the limit that lets bursts finish without waiting
//	cpu-limit-step         a step up, where the demand cannot be known: at full use, or when only the ratio was measured
//	startup-throttling     throttled only while the container started: a boost then, not a limit for ever
//	match-threads-to-limit more threads than cores use up the quota together: fewer workers, if the limit must stay
//	memory-leak            when memory that climbs steadily will run out; a higher limit would only put it off
//	node-out-of-memory     a request instead, where the node may have killed what uses more than it requests
//	raise-pod-memory-limit the limit of the pod as a whole, where that is what hurts or killed
//	raise-memory-limit     a limit above the most that was used, where it is the limit that hurts or killed
//	investigate-retransmits, investigate-drops, investigate-connects
//	                       where to look for what the kernel only counts
//	slow-birth             the longest stage of a birth above 2 s
//
// # The new CPU limit
//
// n, T, τ, U and W are the sums of nr_periods, nr_throttled, throttled time, usage and wall time over the window; L is the limit,
// P the length of a CFS period, r = T/n, u = U/(W·L):
//
//	A = L + (τ/T)/P                                     cores it tried to use
//	N = min(threads, node CPUs, max(1, ceil(A − 0.1)))  cores it can use at once
//	F = min(1.15·A, 3·L)                                floor
//	E = 1.1·c·U/((n − T)·P), c = min(2.5, 1 + 5·(1−u))  CPU of one burst, per period; n = T: unbounded
//
//	saturated (u ≥ 0.90 and r ≥ 0.95): min(N, F), a step
//	otherwise:                         min(N, max(E, F))
//	without throttled time or usage:   L·min(3, 1 + 2.5·r/(1−r)), a step
//
// It is never below max(1.2·L, (U/W)/0.8), rounded up to 50m below one core and to 100m above, then cut at the threads and the
// node's CPUs.
//
// Every burst that gets through leaves about two and a half unthrottled periods in the counters: the one it ends in, and one or two
// idle ones that the kernel still counts. So usage divided by unthrottled periods tells how much CPU one burst needs. The wait alone
// does not: for bursts far below a period it says that somebody waited 70 ms, not that 70 ms of CPU were missing.
//
// The constants were set on simulations and on 44 recorded workloads whose smallest sufficient limit was found by trial
// (testdata/calibration.tsv; the test repeats the figures). For the 37 that were not saturated the estimate sufficed, at a median of
// about 1.05 times the need and at most twice; usage/0.8, the averages' way, sufficed for none. Two constants were chosen after
// seeing these workloads. They are single processes on 2 CPUs with cgroup v1 in windows of 9 to 12 s; steady work beside rare
// bursts needs a second round in a quarter of simulated cases.
//
// # Start-up
//
// A container starts until it is ready, or for 60 s from its own start (else the pod's) where that is not known. What
// takes longer is its start too, if it was throttled from the first minute on without a pause of a minute, and not in
// the minute after. An init container has nothing but a start, so it gets a number.
//
// # The new memory limit
//
// max(1.2·peak, peak + 100Mi), rounded up to 16Mi below 1Gi and to 64Mi above: the larger of what the recommenders of
// the vertical pod autoscaler take after an OOM kill. The peak is the largest usage at a kill, or the largest working
// set of the window. No usage or no limit: no number. Killed while the node had no memory left, or by an unknown cause
// below 90 % of its own limit or without one: the same number, but for the request, never above the limit, and only
// where more was used than is requested. What stayed within its request was killed for what others use. Where a limit
// killed, and not the container's own, the pod's is the one to raise, if it is known. A leak gets the time until it is
// at its limit instead. Lowering is never advised.
//
// # Commands
//
// Resize changes the running pod in place; Patch changes its owner's template, so that the change lasts; Rollback takes
// both back, to what the pod and the template had. All three are safe to paste:
//
//   - The patch starts from the template's own values ([gossip.Owner.Template]), never from the pod's, which an autoscaler, a webhook or a
//     resize may have changed. It never lowers what the template has. Where the template is not known, the patch has the API server test that it
//     has what the pod has, and is refused otherwise.
//   - A container that the template lacks was put into the pod by a webhook: no patch, but the name of the webhook's own setting where the
//     pod's annotations show which it is.
//   - Where an autoscaler sets the same value, a resize is pending, a LimitRange or ResourceQuota does not admit it, or the resources of
//     the pod as a whole bound it, the advice is a refusal that names it.
//   - A pod that has finished, was replaced or is static is not resized, nor is an init container.
//   - In a Guaranteed pod the request moves with the limit. Otherwise the request is stated as it is, because a template without one would
//     take the new limit as its request.
//   - A name that Kubernetes would not accept gets no command.
package recommend
