package recommend_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// member is a pod of Deployment api. Its records are about container app.
type member struct {
	name     string
	revision string
	event    gossip.Event        // newSample or newKill of this pod
	pod      []func(*gossip.Pod) // what Kubernetes knows of it
	isGone   bool                // Kubernetes knows nothing of it
	standIn  string              // the pod that is known instead
}

// hot is a pod that needs 1 core, calm one that is not throttled.
func hot(name string, pod ...func(*gossip.Pod)) member {
	return member{name: name, event: newSample(func(s *gossip.CPUSample) { s.Pod = name }), pod: pod}
}

func calm(name string, pod ...func(*gossip.Pod)) member {
	return member{name: name, event: newSample(func(s *gossip.CPUSample) {
		s.Pod, s.ThrottledPeriods, s.ThrottledUsec = name, gossip.Some[int64](0), gossip.Some[int64](0)
	}), pod: pod}
}

func killed(name string, used int64, pod ...func(*gossip.Pod)) member {
	return member{name: name, event: newKill(used, func(k *gossip.OOMKill) { k.Pod = name }), pod: pod}
}

// adviceOnWorkload returns the finding about the members together, and the advice about it.
func adviceOnWorkload(
	t *testing.T, rules recommend.Rules, members ...member,
) (gossip.WorkloadFinding, []recommend.Recommendation) {
	t.Helper()
	options := gossip.Options{Horizon: gossip.WholeHorizon, Demand: recommend.Demand()}
	a := gossip.New(options)
	pods := map[string]gossip.Pod{}
	revisions, standIns := map[string]string{}, map[string]string{}
	for _, m := range members {
		a.Observe(m.event)
		revisions[m.name], standIns[m.name] = m.revision, m.standIn
		if m.isGone {
			continue
		}
		pods[m.name] = newMemoryPod(append([]func(*gossip.Pod){func(p *gossip.Pod) {
			p.Name, p.Node = m.name, "node-of-"+m.name
		}}, m.pod...)...)
	}
	var findings []gossip.PodFinding
	for f := range a.PodFindings() {
		if f.Now.Subject().Kind == gossip.KindMemoryPressure { // of the kills
			continue
		}
		name := f.Now.Subject().Pod
		f.Workload, f.Revision, f.Node = newPod().Workload, revisions[name], pods[name].Node
		if w := pods[name].Workload; w.Known() {
			f.Workload = w
		}
		findings = append(findings, f)
	}
	podOf := func(e gossip.PodEvidence) gossip.Pod {
		if p, known := pods[e.Pod]; known {
			return p
		}
		return pods[standIns[e.Pod]]
	}
	rolled := gossip.RollUp(findings, options, func(p gossip.PodFinding, f gossip.Finding) gossip.Need {
		return rules.NeedOf(f, pods[p.Now.Subject().Pod])
	})
	require.Len(t, rolled, 1)
	return rolled[0], rules.ForWorkload(rolled[0], podOf)
}

var (
	patched = regexp.MustCompile(`patch (\w+ \S+) `)
	amount  = regexp.MustCompile(`"(limits|requests)":\{"\w+":"?([^"}]*)"?\}`)
)

// shorten returns what a command changes: "pod a: limits 1, requests 100m".
func shorten(command string) string {
	var set []string
	for _, m := range amount.FindAllStringSubmatch(command, -1) {
		set = append(set, m[1]+" "+m[2])
	}
	return patched.FindStringSubmatch(command)[1] + ": " + strings.Join(set, ", ")
}

// describeAdvice returns what a table test compares.
func describeAdvice(advice []recommend.Recommendation) (lines []string) {
	for _, r := range advice {
		lines = append(lines, fmt.Sprintf("%s (%s): %s", r.Rule, r.Priority, r.Summary))
		evidence, _, _ := strings.Cut(r.Evidence, ",")
		lines = append(lines, "evidence: "+evidence)
		for _, command := range r.Resize {
			lines = append(lines, "resize "+shorten(command))
		}
		if r.Patch != "" {
			lines = append(lines, "patch "+shorten(r.Patch))
		}
		for _, command := range r.Rollback {
			lines = append(lines, "undo "+shorten(command))
		}
	}
	return lines
}

// few is throttled in fewer periods than a number can be based on.
func few(m member) member {
	s := m.event.(gossip.CPUSample)
	s.ThrottledPeriods, s.ThrottledUsec = gossip.Some[int64](9), gossip.Some[int64](90_000)
	m.event = s
	return m
}

func gone(m member) member {
	m.isGone = true
	return m
}

func goneWithStandIn(m member, standIn string) member {
	m.isGone, m.standIn = true, standIn
	return m
}

func ofRevision(revision string, m member) member {
	m.revision = revision
	return m
}

func crowd(n int, newMember func(string, ...func(*gossip.Pod)) member) (all []member) {
	for i := range n {
		all = append(all, newMember(fmt.Sprintf("w%02d", i)))
	}
	return all
}

func TestAWorkloadGetsOneNumberAndItsPodsACommandEach(t *testing.T) {
	static := func(p *gossip.Pod) {
		p.StaticUID, p.Workload, p.Template = "static", gossip.Workload{Kind: "Pod", Version: "v1", Name: p.Name}, nil
	}
	ended := func(p *gossip.Pod) { p.Ended = true }
	resized := func(p *gossip.Pod) { p.Containers[0].CPULimit = gossip.Some(1.0) }
	ofCronJob := func(p *gossip.Pod) {
		p.Workload = gossip.Workload{Group: "batch", Version: "v1", Kind: "CronJob", Name: "nightly"}
	}
	const (
		patch     = "patch deployment api: limits 1, requests 100m"
		undoPatch = "undo deployment api: limits 230m, requests 100m"
		raise     = "raise-cpu-limit (High): cpu limit 230m → 1 core"
	)
	resize := func(pod string) string { return "resize pod " + pod + ": limits 1, requests 100m" }
	undo := func(pod string) string { return "undo pod " + pod + ": limits 230m, requests 100m" }
	for name, test := range map[string]struct {
		members []member
		want    []string
	}{
		"one pod": {
			members: []member{hot("a")},
			want: []string{
				raise, "evidence: 42 of 54 periods throttled (78%)", resize("a"), patch, undo("a"), undoPatch,
			},
		},
		"one of three": {
			members: []member{calm("a"), hot("b"), calm("c")},
			want: []string{
				raise, "evidence: pod b: 42 of 54 periods throttled (78%)", resize("b"), patch, undo("b"), undoPatch,
			},
		},
		"equal pods, at most five of them": {
			members: crowd(7, hot),
			want: []string{
				raise, "evidence: pod w00: 42 of 54 periods throttled (78%)",
				resize("w00"), resize("w01"), resize("w02"), resize("w03"), resize("w04"), patch,
				undo("w00"), undo("w01"), undo("w02"), undo("w03"), undo("w04"), undoPatch,
			},
		},
		"one of twelve needs far more": {
			members: append(crowd(11, calm), hot("x")),
			want: []string{
				"skewed-pod (High): look at one pod's traffic and node: x needs 1 core, the median is 230m",
				"evidence: pod x: 42 of 54 periods throttled (78%)",
				raise, "evidence: pod x: 42 of 54 periods throttled (78%)", resize("x"), patch, undo("x"), undoPatch,
			},
		},
		"pods that are gone, ended or have the number": {
			members: []member{gone(hot("a")), hot("b", ended), hot("c", resized), hot("d")},
			want: []string{
				raise, "evidence: pod a: 42 of 54 periods throttled (78%)", resize("d"), patch, undo("d"), undoPatch,
			},
		},
		"all pods are gone": {
			members: []member{goneWithStandIn(hot("a"), "b"), calm("b")},
			want:    []string{raise, "evidence: pod a: 42 of 54 periods throttled (78%)", patch, undoPatch},
		},
		"nothing is known about the pods": {
			members: []member{gone(hot("a")), gone(hot("b"))},
			want: []string{
				raise, "evidence: pod a: 42 of 54 periods throttled (78%)", "resize pod a: limits 1", "resize pod b: limits 1",
				"undo pod a: limits 230m", "undo pod b: limits 230m",
			},
		},
		"a static pod": {
			members: []member{hot("kube", static)},
			want:    []string{raise, "evidence: 42 of 54 periods throttled (78%)"},
		},
		"a CronJob": {
			members: []member{hot("nightly-1", ofCronJob, ended), hot("nightly-2", ofCronJob)},
			want: []string{
				raise, "evidence: pod nightly-1: 42 of 54 periods throttled (78%)", resize("nightly-2"),
				"patch cronjob nightly: limits 1, requests 100m", undo("nightly-2"),
				"undo cronjob nightly: limits 230m, requests 100m",
			},
		},
		"several revisions": {
			members: []member{ofRevision("old", calm("a")), ofRevision("new", hot("b"))},
			want: []string{
				raise, "evidence: pod b of revision new: 42 of 54 periods throttled (78%)", resize("b"), patch, undo("b"),
				undoPatch,
			},
		},
		"no number": {
			members: []member{few(hot("a")), calm("b")},
			want: []string{
				"raise-cpu-limit (Info): Only 9 periods were throttled, and fewer than 10 tell nothing",
				"evidence: pod a: 9 of 54 periods throttled (17%)",
			},
		},
		"kills": {
			members: []member{killed("a", 512), killed("b", 512), killed("c", 510)},
			want: []string{
				"raise-memory-limit (Critical): memory limit 512Mi → 624Mi", "evidence: pod a: 1 killed",
				"resize pod a: limits 624Mi, requests 128Mi", "resize pod b: limits 624Mi, requests 128Mi",
				"resize pod c: limits 624Mi, requests 128Mi", "patch deployment api: limits 624Mi, requests 128Mi",
				"undo pod a: limits 512Mi, requests 128Mi", "undo pod b: limits 512Mi, requests 128Mi",
				"undo pod c: limits 512Mi, requests 128Mi", "undo deployment api: limits 512Mi, requests 128Mi",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, got := adviceOnWorkload(t, recommend.Default(), test.members...)
			if d := cmp.Diff(test.want, describeAdvice(got)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// What a pod needs is decided by its own figures, and how bad the workload is by the worst pod.
func TestTheNumberMayBeOfAnotherPodThanTheWorst(t *testing.T) {
	worse := member{name: "a", event: newSample(func(s *gossip.CPUSample) {
		s.Pod, s.ThrottledPeriods, s.Periods = "a", gossip.Some[int64](50), gossip.Some[int64](54)
		s.UsageUsec, s.ThrottledUsec = gossip.Some[int64](700_000), gossip.Some[int64](2_750_000)
		s.Threads = gossip.Some[int64](1)
	})}
	larger := member{name: "b", event: newSample(func(s *gossip.CPUSample) {
		s.Pod, s.ThrottledUsec = "b", gossip.Some[int64](42*120_000)
	})}
	f, advice := adviceOnWorkload(t, recommend.Default(), worse, larger)
	require.Equal(t, "a", f.Worst.Pod)
	require.Equal(t, "b", f.Number.Pod)
	require.Len(t, advice, 2, "the other is about threads")
	require.Equal(t, gossip.SeverityCritical, advice[0].Priority)
	require.Equal(t, gossip.SeverityWarning, advice[1].Priority)
	require.Equal(t, "cpu limit 230m → 2 cores", advice[0].Summary)
	require.Contains(t, advice[0].Evidence, "pod b: 42 of 54")
	require.Equal(t, []string{"pod b: limits 2, requests 100m", "pod a: limits 2, requests 100m"},
		[]string{shorten(advice[0].Resize[0]), shorten(advice[0].Resize[1])})
}

// A rule that has advice about the worst pod only is heard, and a second number is not.
func TestTheWorstPodAddsAdviceWithoutANumber(t *testing.T) {
	threads := func(n int64) func(*gossip.CPUSample) {
		return func(s *gossip.CPUSample) { s.Threads = gossip.Some(n) }
	}
	worse := member{name: "a", event: newSample(threads(64), func(s *gossip.CPUSample) {
		s.Pod, s.ThrottledPeriods, s.NodeCPUs = "a", gossip.Some[int64](54), gossip.Some[int64](64)
		s.UsageUsec = gossip.Some[int64](2_700_000)
		s.ThrottledUsec = gossip.Some[int64](54 * 250_000)
	})}
	larger := member{name: "b", event: newSample(threads(1), func(s *gossip.CPUSample) {
		s.Pod, s.LimitCores, s.NodeCPUs = "b", gossip.Some(0.9), gossip.Some[int64](64)
		s.UsageUsec, s.ThrottledUsec = gossip.Some[int64](4_000_000), gossip.Some[int64](3_000_000)
	})}
	f, advice := adviceOnWorkload(t, recommend.Default(), worse, larger)
	require.Equal(t, "a", f.Worst.Pod)
	require.Equal(t, "b", f.Number.Pod, describeAdvice(advice))
	var ids []string
	for _, r := range advice {
		ids = append(ids, r.Rule)
	}
	require.Equal(t, []string{"raise-cpu-limit", "match-threads-to-limit"}, ids)
	require.Contains(t, advice[1].Evidence, "pod a: 54 of 54")
}

// A refusal about the worst pod would contradict the number of another one.
func TestARefusalAboutTheWorstPodGivesWayToANumber(t *testing.T) {
	unknown := member{name: "a", event: newSample(func(s *gossip.CPUSample) {
		s.Pod, s.LimitCores, s.ThrottledPeriods = "a", gossip.Optional[float64]{}, gossip.Some[int64](54)
		s.ThrottledUsec = gossip.Some[int64](54 * 60_000)
	})}
	f, advice := adviceOnWorkload(t, recommend.Default(), unknown, hot("b"))
	require.Equal(t, "a", f.Worst.Pod)
	require.Equal(t, "b", f.Number.Pod)
	require.Len(t, advice, 1)
	require.Equal(t, "cpu limit 230m → 1 core", advice[0].Summary)
}

// A higher limit would only delay the end of a leak, whatever another pod needs.
func TestALeakInTheWorstPodLeavesNoNumber(t *testing.T) {
	report := func(pod string, level gossip.Severity) gossip.Report {
		return gossip.Report{
			About: gossip.Subject{Kind: gossip.KindMemoryPressure, Namespace: "shop", Pod: pod, Container: "app"}, Level: level,
		}
	}
	limit := gossip.Some[int64](512 * mebi)
	leak := gossip.MemoryPressure{
		Report: report("a", gossip.SeverityHigh), Limit: limit, Peak: gossip.Some[int64](500 * mebi),
		Leak: gossip.Some(gossip.Leak{BytesPerSecond: 1 << 14, R2: 0.99}),
	}
	short := gossip.MemoryPressure{
		Report: report("b", gossip.SeverityWarning), Limit: limit, Peak: gossip.Some[int64](500 * mebi),
	}
	number := gossip.PodEvidence{Pod: "b", Window: gossip.WorstWindow{Finding: short}}
	advice := recommend.Default().ForWorkload(gossip.WorkloadFinding{WorkloadWindow: gossip.WorkloadWindow{
		Worst:  gossip.PodEvidence{Pod: "a", Window: gossip.WorstWindow{Finding: leak}},
		Number: &number, Pods: gossip.PodCounts{Seen: 12}, Skewed: true,
	}}, func(gossip.PodEvidence) gossip.Pod { return gossip.Pod{} })
	require.Len(t, advice, 1)
	require.Equal(t, "memory-leak", advice[0].Rule)
}

func TestASkewedPodIsNamedWithItsNodeAndBothNumbers(t *testing.T) {
	_, advice := adviceOnWorkload(t, recommend.Default(), append(crowd(11, calm), hot("x"))...)
	r := advice[0]
	require.Nil(t, r.Target)
	require.Empty(t, commandsOf(r))
	require.Empty(t, cmp.Diff([]string{
		"Look at what differs for pod x on node node-of-x: how many requests reach it (a hot key, uneven load balancing, " +
			"connections that stay open), and what else runs on its node.",
		"It needs 1 core, and the median of the workload's pods is 230m: its traffic or its node is the cause more likely " +
			"than the limit. A limit in the template is for all pods.",
	}, []string{r.Action, r.Reason}))

	var members []member
	for i := range 11 {
		members = append(members, killed(fmt.Sprintf("w%02d", i), 10))
	}
	_, advice = adviceOnWorkload(t, recommend.Default(), append(members, killed("x", 1500, func(p *gossip.Pod) {
		p.Containers[0].MemoryLimit = gossip.Some[int64](1400 * mebi)
	}))...)
	require.Equal(t, "skewed-pod", advice[0].Rule)
	require.Contains(t, advice[0].Summary, "x needs 1856Mi, the median is 512Mi")
}

// A rule about the network has no number, and is asked about the worst pod.
func TestAdviceWithoutNumbersIsAboutTheWorstPod(t *testing.T) {
	lossy := func(name string, share int64) member {
		return member{name: name, event: gossip.NetworkSample{
			Origin:      gossip.Origin{Time: noon, Namespace: "shop", Pod: name, Period: time.Minute},
			Retransmits: gossip.Some(share), Segments: gossip.Some[int64](10_000),
		}}
	}
	_, advice := adviceOnWorkload(t, recommend.Default(), lossy("a", 300), lossy("b", 900))
	require.Len(t, advice, 1)
	require.Equal(t, "investigate-retransmits", advice[0].Rule)
	require.Contains(t, advice[0].Evidence, "pod b: 900 of 10000 segments")
	require.Contains(t, advice[0].Reason, "9.00%")
}

// A program may compare pods with a rule of its own. A finding about one pod is not asked about.
func TestRulesForWorkloadsAreAskedAboutWorkloadsOnly(t *testing.T) {
	rule := recommend.RuleForWorkload(
		"mine", func(f gossip.WorkloadFinding, p gossip.Pod) (recommend.Recommendation, bool) {
			return recommend.Recommendation{Reason: fmt.Sprintf("%d pods, %s.\x1b", f.Pods.Seen, p.Name)}, true
		},
	)
	_, advice := adviceOnWorkload(t, recommend.Rules{rule, rule}, calm("a"), hot("b"))
	require.Empty(t, cmp.Diff([]recommend.Recommendation{
		{Rule: "mine", Summary: "2 pods, b.\ufffd", Reason: "2 pods, b.\ufffd", Evidence: "pod b"},
	}, advice))
	_, ok := rule.For(observeOne(t, newSample()), newPod())
	require.False(t, ok)
	require.Empty(t, recommend.Rules{rule}.For(observeOne(t, newSample()), newPod()))
}

func TestTheNeedOfAPodIsTheFirstNumberOrTheLimitInForce(t *testing.T) {
	some, none := gossip.Some[float64], gossip.Optional[float64]{}
	healthy := func(s *gossip.CPUSample) { s.ThrottledPeriods = gossip.Some[int64](0) }
	noLimit := func(s *gossip.CPUSample) { s.LimitCores = none; healthy(s) }
	for name, test := range map[string]struct {
		finding gossip.Finding
		pod     gossip.Pod
		want    gossip.Need
	}{
		"a number": {
			finding: observeOne(t, newSample()), pod: newPod(),
			want: gossip.Need{Target: some(1), LowerBound: some(0.276), UpperBound: some(1), Current: some(0.23)},
		},
		"a healthy pod": {
			finding: observeOne(t, newSample(healthy)),
			want:    gossip.Need{Current: some(0.23)},
		},
		"the limit is the pod's": {
			finding: observeOne(t, newSample(noLimit)), pod: newPod(),
			want: gossip.Need{Current: some(0.23)},
		},
		"no limit is known": {finding: observeOne(t, newSample(noLimit))},
		"a refusal": {
			finding: observeOne(t, newSample()), pod: newPod(func(p *gossip.Pod) { p.Containers[0].CPULimit = some(1) }),
			want: gossip.Need{Current: some(0.23)},
		},
		"memory": {
			finding: observeOne(t, newKill(512)), pod: newMemoryPod(),
			want: gossip.Need{Target: some(624 * mebi), Current: some(512 * mebi)},
		},
		"nothing": {},
		"a pointer is as its finding": {
			finding: new(observeOne(t, newSample(healthy)).(gossip.CPUThrottling)),
			want:    gossip.Need{Current: some(0.23)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, recommend.Default().NeedOf(test.finding, test.pod))
		})
	}
}
