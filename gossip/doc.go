// Package gossip finds what the kernel did to a pod that averaged metrics do not show.
//
// An [Event] is one window of the kernel's counters, or one thing that the kernel did. An [Analyzer] folds events into
// one [Finding] for each [Subject]:
//
//	var pod gossip.Pod // nothing is known about it; package gossip/kube reads it from Kubernetes objects
//	a := gossip.New(gossip.Options{})
//	for e, err := range pixie.Decode(os.Stdin) { // or events that you make yourself
//		if err == nil {
//			a.Observe(gossip.Enrich(e, pod)) // a limit that the record lacks comes from the pod
//		}
//	}
//	for f := range a.Findings() {
//		fmt.Println(f.Subject(), f.Severity())
//	}
//
// The package is pure: standard library only, no I/O, no log, no goroutine, and no clock. Time is event time, so the
// same events give the same findings on any day and any machine.
//
// # The window
//
// Samples of one subject are folded over a sliding window of event time (15 minutes) that ends at the subject's own
// newest sample. Other subjects never move it. It is kept in at most 60 buckets of integer sums, so the order and the
// number of samples do not matter. The window is as precise as a bucket: a sample may stay up to a sixtieth of the
// window longer, and never leaves early.
//
//   - A record that is older than the window is dropped and counted ([Coverage.Dropped]).
//   - An identical record that arrives twice is counted once. Two different records of one time both count. Above 64
//     different records in one bucket (four a second) repeated ones are no longer recognised.
//   - A record of a new pod UID starts the subject afresh, but for the worst windows. Late records of the old pod are
//     dropped and counted.
//   - A record of a new container ID, or with another setting, starts a new epoch: earlier samples leave the window.
//     The setting is the limit and the request of the kind's resource, and the image as the pod's spec names it; the
//     last two come from the pod ([Enrich]). What is not known differs from nothing. The verdict of the previous epoch
//     is kept ([CPUThrottling.Standing], [MemoryPressure.Standing]) until the new epoch has enough evidence, for the
//     length of one window at most: evidence that has not arrived by then will not arrive, because it leaves the window
//     as fast as it enters. Limits that [Enrich] filled in start no epoch where the records have limits of their own.
//   - Records of one instant may come in any order: those that continue the epoch count before those that begin a new
//     one. That holds for 32 records of a subject and an instant that may begin an epoch. Of more, the ones that come
//     later may end the epoch of those before: which of the containers that they name counts as the newest depends on
//     their order. A container has one sample an instant from each source.
//   - A record that would begin a new epoch, and comes later than a newer one of its source, is dropped and counted.
//   - A sample without a period reaches back to the sample before it. The very first one is assumed to be as long as
//     the median of the others.
//   - A figure that only some samples have is the mean of those, and [Coverage.Missing] names its field. For memory's
//     counters the sum is then a lower bound, and a sum of 0 is not measured.
//   - Of two sources for one subject, counters are believed before percentages, then the first by name. The others are
//     named in [Coverage.Ignored].
//
// History (first seen, worst severity, last transition) is kept at each instant of event time, when the next one
// begins.
//
// # The worst window
//
// A finding is about the present. [Analyzer.Worst] returns the worst window of a subject in the last days or in the
// whole capture ([Options.Horizon], [WholeHorizon]): an incident has ended when it is looked at. [Analyzer.Windows]
// returns the worst of each part of the horizon. Without a horizon there is only the present window.
//
//   - What leaves the window is kept for one window more, in groups of four buckets, so windows that end at every
//     fifteenth of a window's length are judged. That is done when no late record can reach them any more, so the order
//     of records does not matter here either.
//   - A window competes if it is at least half as long as the window, or holds all samples that there are: none of its
//     epoch are a window's length before it or after it. Windows of kills have no length: each competes. The present
//     window always does. While a source measures, no window of one that is believed less competes.
//   - Windows of kills have the limit and the leak that the memory samples of the container show, as present ones have.
//   - The worst has the highest severity, then the largest demand ([Options.Demand]), then the largest ratio, then the
//     earliest start. A past window without trouble counts only where nothing is known about the present.
//   - One window is kept of each seventh of the horizon, so that Tuesday's is there when Monday's has aged out.
//   - Another setting ends the horizon: what was measured under another limit, request or image is no reason for
//     advice. A new container does not end it, nor does a new pod of the same name. The setting is remembered over
//     both, and over a silence.
//
// # What a change did
//
// With a horizon, the newest change of a container's limit, request or image is kept for as long as windows are, with
// the figures before and after it ([PodFinding.Change]).
//
//   - Before is the last window with the old setting, also where a silence or another pod of the same name came in
//     between. After is the first full window with the new one. Until there is one it is the present window, and then
//     [Change.Complete] is false. A full window is at least 93 % as long as the window.
//   - Where containers restart too often for a full window, the last one that a window's length holds counts.
//   - Changes without a verdict between them are one, and none if the setting is the first one again.
//   - The source that is believed decides. A setting that was not known before has not changed.
//   - Kills have the change that the memory samples of the container show: after a change that helped there is no kill
//     with the new limit. The last kills are before it, and any kills are after it. The change ends their horizon.
//
// [SumChanges] sums this over the pods of a workload that got the setting of the newest change. Pods of the next
// revision with another setting are compared with the pods of the one before. Counters are summed. If usage rose or
// fell by more than half, the loads are not comparable ([WorkloadChange.Comparable]), unless that would have had the
// opposite effect: a container with a higher limit, more usage and less throttling has been helped.
//
// # CPU throttling
//
// With counters, sums over the window (P is the length of a CFS period, 100 ms by default):
//
//	ratio      = Σnr_throttled / Σnr_periods          share of the periods in which it ran at all
//	active     = min(1, Σnr_periods·P / Σperiod)      share of the time that the ratio is about
//	mean wait  = Σthrottled_usec / Σnr_throttled
//	usage      = Σusage_usec / Σperiod                cores
//
// The kernel counts a period only while the group's bandwidth timer runs (do_sched_cfs_period_timer in
// kernel/sched/fair.c): a container that bursts and sleeps can use 30 % of its limit and be throttled in 80 % of its
// periods. That contradiction is [ReasonThrottledWhileCPULow]. Throttled time is summed over run queues and may exceed
// wall time: it is never a share of time.
//
//	Unknown   fewer than 50 periods (5 s of activity), or nothing measured
//	None      below 10 %, or no limit and nothing throttled
//	Info      from 10 %      Warning  from 25 %      High  from 50 %
//	Critical  from 80 %, where the mean wait is at least 50 ms or not known
//
// A throttled container has a limit, even if the record or the pod shows none ([CPUThrottling.LimitHidden]). A
// container that is active less than 5 % of the time is never worse than Info. Without counters the reported
// percentages are averaged, weighted by period, and confidence is Low.
//
// # Memory pressure
//
// The subject is a container, or the whole pod where the records name no container. A gauge is its largest value in the
// window, a counter its sum. A rate is the rate of a single sample, and its baseline is the rate of the first sample,
// at least 10 per second.
//
//	Critical  a process was killed
//	High      all tasks waited for memory in 5 % of 10 s (PSI full); or at least 90 % of the limit in the working set,
//	          and major faults at ten times the baseline; or a leak that reaches the limit within 1 h
//	Warning   some task waited in 10 % of 60 s (PSI some); or 90 % of the limit, and the limit was hit; or 90 %, where
//	          only a percentage is known; or a leak that reaches the limit within 6 h
//	Info      some task waited in 2 % of 60 s; or 80 % of the limit; or a leak
//
// Without a limit only PSI and kills count, and hits of a limit although none is shown (Info). A working set that
// climbs steadily, and will reach the limit within 24 h, is a [Leak]. A present trouble that is as bad as the leak will
// be is named first.
//
// # OOM kills
//
// A kill is Critical. A limit that its record lacks comes from the [MemorySample]s of the same container. A new
// container ID begins no new epoch here, because kills are the reason for new containers; another setting does. A
// window without a kill is None ([ReasonNoKillInWindow]) once that has been measured: by [MemorySample]s of the same
// container that count kills and found none. Without such samples only the wall clock can show it, which the operator
// has.
//
// # Network
//
// The subject is the pod as a whole. The worst of three verdicts counts, and one that cannot be given does not change
// the others:
//
//	retransmits / segments, from 1000 segments   Info 0.5 %  Warning 1 %    High 3 %  Critical 10 %
//	drops / packets, from 1000 packets                       Warning 0.1 %  High 1 %
//	failed connects, from 10 in the window                   Warning 1      High 10 a minute
//
// Percentages without counts are averaged as for CPU, and confidence is Low.
//
// # Pod birth
//
// The duration without image pull and init containers, which the community's start-up objective leaves out, decides:
// None up to 2 s, Info up to 5 s, Warning above. Where pull or init are not known, a birth above 2 s is Info at most.
// The first birth of a UID counts.
//
// # Not measured
//
// Unknown is a verdict of its own: too little was measured, or nothing. It is never 0 and never healthy, and
// [Coverage.Missing] names the fields that would have helped.
//
// # Workloads
//
// A user fixes a template, not a pod. [RollUp] makes one [WorkloadFinding] of the findings about the pods of a
// [Workload], for each container and kind; the network and what is about a whole pod have no container.
//
//   - The worst window of the worst pod is the verdict, with its figures and its time. Of equal pods it is the first by
//     name. Shares of all pods together are made of summed counters, never of shares.
//
//   - Pods are seen if they were measured in the time of that window. A pod is affected if it was in trouble then, or
//     in the same part of the horizon: only one window is kept of each part.
//
//   - The number is the largest target of these pods, because a template has one limit. Pods with low confidence count
//     only if there are no others. The bounds come from the pod with that target.
//
//   - From ten pods on, a number above twice the median of what the pods need is called skewed: one pod gets more work,
//     or has a slower node. A pod without a target needs what it has.
//
//   - Pods of several revisions may report at a time, in a rollout or a canary. The verdict is the worst of all, and
//     named with its revision. The number is the one of the newest revision that has one. The revision with the
//     youngest oldest pod is the newest.
//
//   - A pod reports while its newest record is less than a window older than the workload's. After that it does not
//     count as the present. Its windows stay for the horizon while a pod that reports has its setting: the same limit,
//     request and image. A restarted rollout keeps them, one with another limit does not.
//
//   - What a program had stored of a workload competes: the worst window of each part of the horizon, with its counts,
//     until no pod has its limit any more. So a finding outlives its pods, and a restart. A pod that has been measured
//     since such a window decides about it itself. For a window after a restart a better verdict does not count,
//     because samples are missing ([WorkloadFinding.Restarted]).
//
//   - It is in trouble from when the first of the pods was that are in trouble, and healthy from when the last one was.
//
//   - A birth is about its pod alone.
//
// A workload that was guessed from the names of its pods ([Workload.Guessed]) is the known one of that name and kind,
// if there is one.
//
// # Texts
//
// A pod, its owner, a process and a sender may have names that try to give commands to a terminal, or to a reader who
// copies a line. Texts are cleaned where they come in, by [CleanText]: package pixie cleans what is in records, package
// gossip/kube what is in Kubernetes objects, so that no later step has to think of it. Packages recommend and crd clean
// again what they give out, because a program may make its own events and pods. Nothing is refused for its texts: a
// name must not hide what the kernel did. Shells are another matter, because a visible text can be a command. A command
// has names that Kubernetes accepts ([IsObjectName], [IsLabelName], [IsKindName]) and JSON in quotes, and nothing else.
//
// # Large captures
//
// [Events] holds many events of all kinds without allocating each one, and [Analyzer.ObserveAll] observes them. The
// cost of a sample does not depend on the number of samples in its window. Analyzers are independent of each other, so
// several can share the pods of a cluster, if everything about one pod goes to the same one: its memory samples
// complete the finding about its kills.
//
// # Programs that run for long
//
// An Analyzer keeps everything in memory. [Analyzer.Forget] removes a pod that was deleted, and [Analyzer.Drop] a
// single subject. After a restart, [RollUp] has what was stored.
//
// # Limits
//
// Memory is bounded by [Options.MaxSubjects] and [Options.MaxBytes], which is compared with an estimate that is kept
// while records are observed ([Stats.Bytes]). A subject has at most eight sources, of at most 60 buckets with 64
// remembered records each, and at most 32 records of its newest instant that wait to be put in order. With a horizon
// there are 16 groups more for each source, 32 after a time without samples, the verdicts before and after its newest
// change, and eight windows. A birth keeps at most 32 steps of its timeline, with 256 bytes of an action and of its
// details, and the 32 most frequent system calls. The decoder limits the length of other texts.
//
// A subject that is evicted is forgotten, history included. Without a bound that is reached, neither order nor number
// of the records changes a verdict. [Analyzer.ObserveFrom] says what is evicted first.
package gossip
