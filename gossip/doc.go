// Package gossip says what the kernel did to a pod that averaged metrics do not show.
//
// An [Event] is one window of the kernel's counters, or one thing that the kernel did. An [Analyzer] folds events into one
// [Finding] for each [Subject]:
//
//	var pod gossip.Pod // nothing is known of it; package gossip/kube reads it from Kubernetes objects
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
// The package is pure: standard library only, no I/O, no log, no goroutine, and no clock. Time is event time, so the same events
// give the same findings on any day and any machine.
//
// # The window
//
// Samples of one subject are folded over a sliding window of event time (15 minutes) that ends at the subject's own newest sample;
// other subjects never move it. It is kept in at most 60 buckets of integer sums, so the order and the number of samples do not
// matter. The window is as precise as a bucket: a sample may stay up to a sixtieth longer than the window, and never leaves early.
//
//   - A record that is older than the window is dropped and counted ([Coverage.Dropped]).
//   - The identical record twice is counted once; two different records of one time both count. Above 64 different records in one
//     bucket (four a second) repeated ones are no longer recognised.
//   - A record of a new pod UID starts the subject afresh. Late records of the old pod are dropped and counted.
//   - A record of a new container ID, or with another limit, starts a new epoch: earlier samples leave the window, and the old
//     verdict stands ([CPUThrottling.Standing], [MemoryPressure.Standing]) until the new epoch has enough evidence, for the length of
//     a window at most: what has not come by then will not come, because evidence leaves the window as fast as it enters. Limits that
//     [Enrich] filled in start no epoch where the records have limits of their own.
//   - Records of one instant may come in any order: those that go on with what is known count before those that begin something new.
//   - A record that would begin a new epoch, and comes later than a newer one of its source, is dropped and counted.
//   - A sample without a period reaches back to the sample before it. The very first one is taken to be as long as the median of
//     the others.
//   - A figure that only some samples tell is their mean, and its field is named in [Coverage.Missing]. Of memory's counters the sum is
//     then a least, and a sum of 0 is not measured.
//   - Of two sources for one subject, counters are believed before percentages, then the first by name. The others are named in
//     [Coverage.Ignored].
//
// History (first seen, worst severity, last transition) is kept at each instant of event time, when the next one begins.
//
// # CPU throttling
//
// With counters, sums over the window (P is the length of a CFS period, 100 ms by default):
//
//	ratio      = Σnr_throttled / Σnr_periods          share of the periods in which it ran at all
//	active     = min(1, Σnr_periods·P / Σperiod)      how much of the time that ratio talks about
//	mean wait  = Σthrottled_usec / Σnr_throttled
//	usage      = Σusage_usec / Σperiod                cores
//
// The kernel counts a period only while the group's bandwidth timer runs (do_sched_cfs_period_timer in kernel/sched/fair.c): a
// container that bursts and sleeps can use 30 % of its limit and be throttled in 80 % of its periods. That contradiction is
// [ReasonThrottledWhileCPULow]. Throttled time is summed over run queues and may exceed wall time: it is never a share of time.
//
//	Unknown   fewer than 50 periods (5 s of activity), or nothing measured
//	None      below 10 %, or no limit and nothing throttled
//	Info      from 10 %      Warning  from 25 %      High  from 50 %
//	Critical  from 80 %, where the mean wait is at least 50 ms or not known
//
// What is throttled has a limit, whatever the record or the pod shows ([CPUThrottling.LimitHidden]). A container that
// is active less than 5 % of the time is never worse than Info. Without counters the reported percentages are averaged,
// weighted by period, and confidence is Low.
//
// # Memory pressure
//
// Of a container, or of the whole pod where the records name no container. A gauge counts with its largest value in the window, a counter
// with its sum; a rate is that of a single sample, and its baseline the larger of the first sample's rate and 10 per second.
//
//	Critical  a process was killed
//	High      all tasks waited for memory in 5 % of 10 s (PSI full); or at least 90 % of the limit in the working set, and major
//	          faults at ten times the baseline; or a leak that is at the limit within 1 h
//	Warning   some task waited in 10 % of 60 s (PSI some); or 90 % of the limit, and the limit was hit; or 90 %, where a percentage is
//	          all there is; or a leak that is at the limit within 6 h
//	Info      some task waited in 2 % of 60 s; or 80 % of the limit; or a leak
//
// Without a limit only PSI and kills count, and a limit that was hit although none is shown (Info). A working set that
// climbs steadily, and will be at the limit within 24 h, is a [Leak]. What hurts already as much as the leak will is
// named first.
//
// # OOM kills
//
// A kill is Critical. The limit that its record lacks is that of the [MemorySample]s of the same container. It begins
// no new epoch by the container's ID, because kills are what makes containers new; a changed limit does. A window
// without a kill is None ([ReasonNoKillInWindow]) once it has been measured: by [MemorySample]s of the same container
// that counted kills and found none. Where nobody counts, only the wall clock can tell, which is the operator's.
//
// # Network
//
// Of the pod as a whole. The worst of three counts, and what cannot be told does not change the others:
//
//	retransmits / segments, from 1000 segments   Info 0.5 %  Warning 1 %    High 3 %  Critical 10 %
//	drops / packets, from 1000 packets                       Warning 0.1 %  High 1 %
//	failed connects, from 10 in the window                   Warning 1      High 10 a minute
//
// Percentages without counts are averaged like those of CPU, and confidence is Low.
//
// # Pod birth
//
// Duration less image pull and init containers, which the community's start-up objective leaves out: None up to 2 s, Info up to
// 5 s, Warning above. Where pull or init are not known, a birth above 2 s is Info at most. The first birth of a UID counts.
//
// # Not measured
//
// Unknown is a verdict of its own: too little was measured, or nothing. It is never 0 and never healthy, and [Coverage.Missing]
// names the fields that would have helped.
//
// # Large captures
//
// [Analyzer.ObserveCPU] and [Analyzer.ObserveBirths] take many records from memory that the caller uses again. What a sample costs does
// not grow with the number of samples in its window. Analyzers know nothing of each other, so several can share the pods of a cluster, if all
// that is about one pod goes to the same: its memory samples complete the finding about its kills.
//
// # Programs that run for long
//
// Memory is all that an Analyzer has. [Analyzer.Restore] gives a subject its history back after a restart, [Analyzer.Forget] lets go
// of a pod that was deleted, and [Analyzer.Drop] of a single subject.
//
// # Limits
//
// Memory is bounded by [Options.MaxSubjects]. A subject has at most eight sources, of at most 60 buckets with 64 remembered records
// each, and at most 32 records of its newest instant that wait to be put in order; a birth keeps at most 32 steps of its timeline.
// How long a text may be is for the decoder to say.
package gossip
