package recommend_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// newSample returns a synthetic sample like the recorded workload 3: bursts of 171 ms on 230m, throttled in 42 of 54
// periods; it needs one core.
func newSample(change ...func(*gossip.CPUSample)) gossip.CPUSample {
	s := gossip.CPUSample{
		Origin: gossip.Origin{
			Time: noon, Namespace: "shop", Pod: "api-7f9c-x1", Container: "app", Source: "cgroup", Period: 12 * time.Second,
		},
		Periods: gossip.Some[int64](54), ThrottledPeriods: gossip.Some[int64](42),
		ThrottledUsec: gossip.Some[int64](3_009_970),
		UsageUsec:     gossip.Some[int64](1_038_868), LimitCores: gossip.Some(0.23), NodeCPUs: gossip.Some[int64](2),
	}
	for _, f := range change {
		f(&s)
	}
	return s
}

func observeOne(t *testing.T, events ...gossip.Event) gossip.Finding {
	t.Helper()
	a := gossip.New(gossip.Options{})
	for _, e := range events {
		a.Observe(e)
	}
	for f := range a.Findings() {
		return f
	}
	t.Fatal("no finding")
	return nil
}

func newPod(change ...func(*gossip.Pod)) gossip.Pod {
	p := gossip.Pod{
		Namespace: "shop", Name: "api-7f9c-x1", QoS: gossip.QoSBurstable,
		Workload: gossip.Workload{Group: "apps", Version: "v1", Kind: "Deployment", Name: "api"},
		Containers: []gossip.Container{{
			Name: "app", CPURequest: gossip.Some(0.1), CPULimit: gossip.Some(0.23),
			MemoryRequest: gossip.Some[int64](64 << 20), MemoryLimit: gossip.Some[int64](64 << 20),
		}},
	}
	for _, f := range change {
		f(&p)
	}
	if p.Workload.Kind != "" {
		p.Template = templateOf(p)
	}
	return p
}

// templateOf returns the template of a workload that made its pods exactly like p.
func templateOf(p gossip.Pod) *gossip.Template {
	return &gossip.Template{
		Containers: slices.Clone(p.Containers),
		CPURequest: p.CPURequest, CPULimit: p.CPULimit, MemoryRequest: p.MemoryRequest, MemoryLimit: p.MemoryLimit,
	}
}

func guaranteed(p *gossip.Pod) {
	p.QoS = gossip.QoSGuaranteed
	p.Containers[0].CPURequest = p.Containers[0].CPULimit
}

// joinCommands returns commands as lines.
func joinCommands(list []string) string { return strings.Join(list, "\n") }

// commandsOf returns all commands of a recommendation.
func commandsOf(r recommend.Recommendation) string {
	return joinCommands(r.Resize) + r.Patch + joinCommands(r.Rollback)
}

// formatFields returns the fields of a recommendation as texts.
func formatFields(r recommend.Recommendation) map[string]string {
	m := map[string]string{
		"rule": r.Rule, "summary": r.Summary, "priority": r.Priority.String(), "action": r.Action, "reason": r.Reason,
		"evidence": r.Evidence,
		"resize":   joinCommands(r.Resize), "patch": r.Patch, "rollback": joinCommands(r.Rollback), "risk": r.Risk,
	}
	if r.Current != nil {
		m["current"] = r.Current.String()
	}
	if r.Target != nil {
		m["range"] = r.Lower.String() + " " + r.Target.String()
	}
	if r.Upper != nil {
		m["range"] += " " + r.Upper.String()
	}
	return m
}

func TestRaiseCPULimitFillsEveryField(t *testing.T) {
	got := recommend.Default().For(observeOne(t, newSample()), newPod())
	require.Len(t, got, 1)
	want := map[string]string{
		"rule": "raise-cpu-limit", "summary": "cpu limit 230m → 1 core", "priority": "High",
		"action": "Raise the CPU limit of container app from 230m to 1.",
		"reason": "It tried to use up to 1 at once: the limit plus the mean wait of a throttled period.",
		"evidence": "42 of 54 periods throttled (78%), mean wait 72ms, 87m used, 38% of the limit, active 45% of the time, " +
			"1 of 1 samples in 12s",
		"current": "230m", "range": "276m 1 1",
		"resize": `kubectl --namespace shop patch pod api-7f9c-x1 --subresource resize --patch ` +
			`'{"spec":{"containers":[{"name":"app","resources":{"limits":{"cpu":"1"},"requests":{"cpu":"100m"}}}]}}'`,
		"patch": `kubectl --namespace shop patch deployment api --type strategic --patch ` +
			`'{"spec":{"template":{"spec":{"containers":[{"name":"app",` +
			`"resources":{"limits":{"cpu":"1"},"requests":{"cpu":"100m"}}}]}}}}'`,
		"rollback": `kubectl --namespace shop patch pod api-7f9c-x1 --subresource resize --patch ` +
			`'{"spec":{"containers":[{"name":"app","resources":{"limits":{"cpu":"230m"},"requests":{"cpu":"100m"}}}]}}'` + "\n" +
			`kubectl --namespace shop patch deployment api --type strategic --patch ` +
			`'{"spec":{"template":{"spec":{"containers":[{"name":"app",` +
			`"resources":{"limits":{"cpu":"230m"},"requests":{"cpu":"100m"}}}]}}}}'`,
		"risk": "The request stays, so the node may be overcommitted further: when it is busy, the container competes by " +
			"its request. " +
			"Patching the owner rolls its pods.",
	}
	if d := cmp.Diff(want, formatFields(got[0])); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// What is known about the pod changes the number and the commands, or forbids both.
func TestThePodChangesTheNumberOrForbidsIt(t *testing.T) {
	limit := func(most, ratio gossip.Optional[float64]) func(*gossip.Pod) {
		return func(p *gossip.Pod) { p.LimitRanges = []gossip.LimitRange{{Name: "cap", Max: most, MaxRatio: ratio}} }
	}
	tests := map[string]struct {
		sample func(*gossip.CPUSample)
		pod    []func(*gossip.Pod)
		target string // "" is a refusal
		says   string // in action, reason, risk or resize
	}{
		"guaranteed: request and limit together": {
			pod: []func(*gossip.Pod){guaranteed}, target: "1", says: `"limits":{"cpu":"1"},"requests":{"cpu":"1"}`,
		},
		"guaranteed needs room": {pod: []func(*gossip.Pod){guaranteed}, target: "1", says: "must have 770m to spare"},
		"guaranteed with another container that is not": {pod: []func(*gossip.Pod){guaranteed, func(p *gossip.Pod) {
			p.Containers = append(
				p.Containers, gossip.Container{Name: "log", CPULimit: gossip.Some(0.1), CPURequest: gossip.Some(0.05)},
			)
		}}, says: "container log does not have requests equal to its limits"},
		"HPA, and the request moves": {
			pod:  []func(*gossip.Pod){guaranteed, func(p *gossip.Pod) { p.Autoscaler = "api" }},
			says: "HorizontalPodAutoscaler api scales by a share",
		},
		"HPA, and the request stays": {
			pod: []func(*gossip.Pod){func(p *gossip.Pod) { p.Autoscaler = "api" }}, target: "1", says: "The request stays",
		},
		"HPA of a form that is not read": {
			pod:  []func(*gossip.Pod){guaranteed, func(p *gossip.Pod) { p.UnreadAutoscaler = "api" }},
			says: "HorizontalPodAutoscaler api is of a form that is not read",
		},
		"LimitRange max": {
			pod:  []func(*gossip.Pod){limit(gossip.Some(0.5), gossip.Optional[float64]{})},
			says: "LimitRange cap admits no CPU limit above 500m (the estimate is 1)",
		},
		"LimitRange max is enough": {
			pod: []func(*gossip.Pod){limit(gossip.Some(1.0), gossip.Optional[float64]{})}, target: "1", says: "",
		},
		"LimitRange ratio": {
			pod:  []func(*gossip.Pod){limit(gossip.Optional[float64]{}, gossip.Some(5.0))},
			says: "no limit above 5 times the request of 100m",
		},
		"threads cut the number": {
			sample: func(s *gossip.CPUSample) { s.LimitCores.Value = 1.2; s.Threads = gossip.Some[int64](2) }, target: "2",
			says: "",
		},
		"limit is all its threads": {
			sample: func(s *gossip.CPUSample) { s.LimitCores.Value = 1; s.Threads = gossip.Some[int64](1) },
			says:   "hardly the cause",
		},
		"limit unknown": {
			sample: func(s *gossip.CPUSample) { s.LimitCores.Known = false }, says: "The current CPU limit is not known",
		},
		"few throttled periods": {
			sample: func(s *gossip.CPUSample) { s.ThrottledPeriods.Value = 9; s.Periods.Value = 60 },
			says:   "Only 9 periods were throttled",
		},
		"thin evidence": {
			sample: func(s *gossip.CPUSample) { s.ThrottledPeriods.Value = 29; s.ThrottledUsec.Value = 29 * 70_000 },
			target: "1", says: "then measure again: the evidence is thin",
		},
		"the pod has a limit, and it is enough": {
			pod: []func(*gossip.Pod){func(p *gossip.Pod) { p.CPULimit = gossip.Some(1.0) }}, target: "1",
		},
		"the pod has a lower limit": {
			pod:  []func(*gossip.Pod){func(p *gossip.Pod) { p.CPULimit = gossip.Some(0.4) }},
			says: "The pod as a whole has a CPU limit of 400m",
		},
		"the limit is the pod's": {pod: []func(*gossip.Pod){func(p *gossip.Pod) {
			p.CPULimit, p.Containers[0].CPULimit = gossip.Some(0.23), gossip.Optional[float64]{}
		}}, says: "The limit of 230m is the pod's"},
		"a resize restarts it": {
			pod:    []func(*gossip.Pod){func(p *gossip.Pod) { p.Containers[0].ResizeRestarts = true }},
			target: "1", says: "The resize restarts the container",
		},
		"usage not measured": {
			sample: func(s *gossip.CPUSample) { s.UsageUsec.Known = false }, target: "700m", says: "was not measured",
		},
		"at least 1.2 times": {
			sample: func(s *gossip.CPUSample) { s.LimitCores.Value, s.ThrottledUsec.Value = 0.9, 42_000 },
			target: "1100m", says: "at least 1.2 times the limit",
		},
		"nothing known of the pod": {
			pod: []func(*gossip.Pod){func(p *gossip.Pod) { *p = gossip.Pod{} }}, target: "1",
			says: "Nothing is known of the pod",
		},
		"sidecar": {
			pod:    []func(*gossip.Pod){func(p *gossip.Pod) { p.Containers[0].Role = gossip.RoleSidecar }},
			target: "1", says: `{"spec":{"initContainers":[{"name":"app"`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSample()
			if test.sample != nil {
				test.sample(&s)
			}
			r := recommend.Default().For(observeOne(t, s), newPod(test.pod...))[0]
			got := formatFields(r)
			require.Contains(t, r.Action+r.Reason+r.Risk+joinCommands(r.Resize), test.says)
			if test.target == "" {
				require.Nil(t, r.Target)
				require.Empty(t, commandsOf(r))
				return
			}
			require.Contains(t, got["range"], test.target)
			require.Equal(t, test.target, r.Target.String())
		})
	}
}

func TestPatchFollowsTheKindOfWorkload(t *testing.T) {
	tests := map[string]struct {
		workload gossip.Workload
		static   bool
		patch    string
		rollback string
		risk     string
	}{
		"nothing known": {rollback: "patch pod api-7f9c-x1 --subresource resize"},
		"bare pod": {
			workload: gossip.Workload{Version: "v1", Kind: "Pod", Name: "api-7f9c-x1"},
			rollback: "patch pod api-7f9c-x1 --subresource resize",
		},
		"stateful set": {
			workload: gossip.Workload{Group: "apps", Version: "v1", Kind: "StatefulSet", Name: "db"},
			patch:    "patch statefulset db --type strategic", rollback: "patch statefulset db", risk: "rolls its pods",
		},
		"daemon set": {
			workload: gossip.Workload{Group: "apps", Version: "v1", Kind: "DaemonSet", Name: "agent"}, patch: "patch daemonset agent",
			rollback: "patch daemonset agent",
		},
		"cron job": {
			workload: gossip.Workload{Group: "batch", Version: "v1", Kind: "CronJob", Name: "report"},
			patch: `patch cronjob report --type strategic ` +
				`--patch '{"spec":{"jobTemplate":{"spec":{"template":{"spec":{"containers":`,
			rollback: "cronjob report",
		},
		"job: immutable": {
			workload: gossip.Workload{Group: "batch", Version: "v1", Kind: "Job", Name: "once"}, rollback: "patch pod",
			risk: "change it where the Job is made",
		},
		"rollout: unknown": {
			workload: gossip.Workload{Group: "argoproj.io", Version: "v1alpha1", Kind: "Rollout", Name: "api"}, rollback: "patch pod",
			risk: "change the Rollout",
		},
		"static pod": {
			workload: gossip.Workload{Version: "v1", Kind: "Pod", Name: "api-7f9c-x1"}, static: true, risk: "a file on the node",
		},
		"guessed from the name of the pod": {
			workload: gossip.Workload{Group: "apps", Kind: "Deployment", Name: "api", Guessed: true}, rollback: "patch pod",
		},
		"guessed": {
			workload: gossip.Workload{Group: "apps", Version: "v1", Kind: "Deployment", Name: "api", Guessed: true},
			patch:    "patch deployment api", rollback: "deployment", risk: "inferred from names",
		},
		"hostile name": {
			workload: gossip.Workload{Group: "apps", Version: "v1", Kind: "Deployment", Name: "api;rm -rf $HOME"}, rollback: "patch pod",
		},
		"name like a flag": {
			workload: gossip.Workload{Group: "apps", Version: "v1", Kind: "Deployment", Name: "--all"}, rollback: "patch pod",
		},
		"name with a quote": {
			workload: gossip.Workload{Group: "apps", Version: "v1", Kind: "Deployment", Name: "a'b"}, rollback: "patch pod",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := recommend.Default().For(observeOne(t, newSample()), newPod(func(p *gossip.Pod) {
				p.Workload = test.workload
				if test.static {
					p.StaticUID = "static"
				}
			}))[0]
			require.Contains(t, r.Patch, test.patch)
			require.Equal(t, test.patch == "", r.Patch == "")
			require.Contains(t, joinCommands(r.Rollback), test.rollback)
			require.Contains(t, r.Risk, test.risk)
		})
	}
}

// No command contains a text that a shell could interpret, whichever name has it.
func TestCommandsAreSafeToPaste(t *testing.T) {
	for _, hostile := range []string{
		"a'; touch /tmp/x; '", "$(id)", "`id`", "a\nb", "-n", "A", "", "a\x1b[2J", "ä", strings.Repeat("a", 254),
	} {
		for field, change := range map[string]func(*gossip.CPUSample){
			"namespace": func(s *gossip.CPUSample) { s.Namespace = hostile },
			"pod":       func(s *gossip.CPUSample) { s.Pod = hostile },
			"container": func(s *gossip.CPUSample) { s.Container = hostile },
		} {
			r := recommend.Default().For(observeOne(t, newSample(change)), newPod(func(p *gossip.Pod) {
				if field == "container" {
					p.Containers[0].Name = hostile
				}
			}))[0]
			require.NotNil(t, r.Target, "the number does not depend on names")
			require.Empty(t, r.Resize, "%s %q", field, hostile)
			if field != "pod" {
				require.Empty(t, commandsOf(r), "%s %q", field, hostile)
			}
		}
	}
}

// Counters since the container's start, in one record after the other without a length, once gave 675300m
// (k0sproject/k0s#4954).
func TestCumulativeCountersGiveNoNumber(t *testing.T) {
	var events []gossip.Event
	for i := range 8 {
		events = append(events, newSample(func(s *gossip.CPUSample) {
			s.Time, s.Period, s.LimitCores = noon.Add(time.Duration(i)*15*time.Second), 0, gossip.Some(8.0)
			s.Periods, s.ThrottledPeriods = gossip.Some(7607+int64(i)*20), gossip.Some[int64](4174)
			s.ThrottledUsec, s.UsageUsec = gossip.Some[int64](3_322_148_518), gossip.Some(2_099_091_679+int64(i)*1_000_000)
			s.NodeCPUs.Known = false
		}))
	}
	r := recommend.Default().For(observeOne(t, events...), gossip.Pod{})[0]
	require.Nil(t, r.Target)
	require.Contains(t, r.Reason, "Its counters say that it used 1752% of its limit")
}

func TestUnknownDemandGetsAStep(t *testing.T) {
	ratioOnly := gossip.CPUSample{
		Origin:         gossip.Origin{Time: noon, Namespace: "shop", Pod: "api-0", Container: "app"},
		ThrottledShare: gossip.Some(0.4), LimitCores: gossip.Some(0.2),
	}
	saturated := newSample(func(s *gossip.CPUSample) {
		s.Periods.Value, s.ThrottledPeriods.Value, s.UsageUsec.Value, s.ThrottledUsec.Value = 120, 118, 2_700_000, 118*80_000
	})
	for name, test := range map[string]struct {
		event  gossip.Event
		target string
	}{
		"ratio only: 0.2·(1 + 2.5·0.4/0.6) = 0.53": {ratioOnly, "550m"},
		"saturated: min(1, 3·0.23)":                {saturated, "700m"},
	} {
		t.Run(name, func(t *testing.T) {
			got := recommend.Default().For(observeOne(t, test.event), gossip.Pod{})
			require.Equal(t, "cpu-limit-step", got[0].Rule)
			require.Equal(t, test.target, got[0].Target.String())
			require.Contains(t, got[0].Action, "as a first step, then measure again")
		})
	}
}

func TestThrottlingDuringStartGetsABoost(t *testing.T) {
	started := func(ago time.Duration) func(*gossip.Pod) {
		return func(p *gossip.Pod) { p.Started = noon.Add(-ago) }
	}
	got := recommend.Default().For(observeOne(t, newSample()), newPod(started(60*time.Second)))
	require.Len(t, got, 1)
	require.Equal(t, "startup-throttling", got[0].Rule)
	require.Nil(t, got[0].Target)
	require.Contains(t, got[0].Reason, "only within 60s of the pod's start. The start would have needed about 1.")

	got = recommend.Default().For(observeOne(t, newSample()), newPod(started(-time.Second)))
	require.Equal(t, "raise-cpu-limit", got[0].Rule, "the start of a later pod of that name")
	got = recommend.Default().For(observeOne(t, newSample()), newPod(started(61*time.Second)))
	require.Equal(t, "raise-cpu-limit", got[0].Rule)
}

// A start ends when the container is ready, counts from the container's own start, and may take long: the case of
// kubernetes-sigs/scheduler-plugins#350, and similar ones.
func TestAStartEndsWhenTheContainerIsReady(t *testing.T) {
	type span struct{ from, to int } // seconds after the container's start
	for name, test := range map[string]struct {
		throttled []span
		until     int // of the records
		ready     int // 0: not known
		pulled    int // seconds between the pod's start and the container's
		role      gossip.Role
		workload  string // kind; empty for a Deployment
		start     bool
		says      string
	}{
		"a minute": {
			throttled: []span{{0, 60}}, until: 60, start: true, says: "within 60s of the container's start.",
		},
		"a minute, after a slow pull": {throttled: []span{{0, 60}}, until: 60, pulled: 95, start: true},
		"until it was ready": {
			throttled: []span{{0, 45}}, until: 300, ready: 50, start: true,
			says: "within 45s of the container's start, and was ready after 50s; in the 4m15s since then it was not.",
		},
		"ready during the last sample":        {throttled: []span{{0, 45}}, until: 45, ready: 35, start: true},
		"long, until it was ready":            {throttled: []span{{0, 240}}, until: 240, ready: 240, start: true},
		"long, and never again":               {throttled: []span{{0, 240}}, until: 300, start: true, says: "within 4m0s"},
		"ready early, and never again":        {throttled: []span{{0, 240}}, until: 300, ready: 20, start: true},
		"long, and too little came after":     {throttled: []span{{0, 240}}, until: 285},
		"all the time":                        {throttled: []span{{0, 600}}, until: 600},
		"all the time, and not ready":         {throttled: []span{{0, 600}}, until: 600, pulled: 5},
		"ready, and throttled since":          {throttled: []span{{15, 60}}, until: 60, ready: 10},
		"again later":                         {throttled: []span{{0, 60}, {300, 330}}, until: 500},
		"again later, and ready long ago":     {throttled: []span{{0, 60}, {300, 330}}, until: 500, ready: 60},
		"later only":                          {throttled: []span{{200, 260}}, until: 500},
		"later, before it was ready for good": {throttled: []span{{200, 260}}, until: 500, ready: 270},
		"before it restarted":                 {throttled: []span{{-60, 30}}, until: 300},
		"no probe: ready at once":             {throttled: []span{{0, 45}}, until: 45, ready: 1, start: true},
		"an init container": {
			throttled: []span{{0, 45}}, until: 300, role: gossip.RoleInit, says: "while it waits, its pod does not start",
		},
		"a run of a CronJob": {throttled: []span{{0, 45}}, until: 45, workload: "CronJob"},
		"a Job":              {throttled: []span{{0, 45}}, until: 45, workload: "Job"},
	} {
		t.Run(name, func(t *testing.T) {
			began := noon.Add(time.Second)
			var events []gossip.Event
			first := min(0, test.throttled[0].from)
			for at := first + 15; at <= test.until; at += 15 {
				events = append(events, newSample(func(s *gossip.CPUSample) {
					s.Time, s.Period = began.Add(time.Duration(at)*time.Second), 15*time.Second
					s.Periods.Value, s.ThrottledPeriods.Value, s.ThrottledUsec.Value = 150, 0, 0
					for _, w := range test.throttled {
						if w.from < at && at <= w.to {
							s.ThrottledPeriods.Value, s.ThrottledUsec.Value = 140, 28_000_000
						}
					}
				}))
			}
			got := recommend.Default().For(observeOne(t, events...), newPod(func(p *gossip.Pod) {
				p.Started = began.Add(-time.Duration(test.pulled) * time.Second)
				if test.workload != "" {
					p.Workload.Kind = test.workload
				}
				c := &p.Containers[0]
				c.Started, c.Role = began, test.role
				if test.ready > 0 {
					c.Ready = began.Add(time.Duration(test.ready) * time.Second)
				}
			}))
			require.NotEmpty(t, got)
			require.Equal(t, test.start, got[0].Rule == "startup-throttling", got[0].Rule+": "+got[0].Reason)
			require.Contains(t, got[0].Reason, test.says)
		})
	}
}

func TestOnlyParallelThreadsGetFewerWorkers(t *testing.T) {
	rules := func(change func(*gossip.CPUSample)) []string {
		var ids []string
		for _, r := range recommend.Default().For(observeOne(t, newSample(change)), newPod()) {
			ids = append(ids, r.Rule)
		}
		return ids
	}
	parallel := func(s *gossip.CPUSample) { s.ThrottledUsec.Value = 42 * 150_000; s.Threads = gossip.Some[int64](8) }
	require.Equal(t, []string{"raise-cpu-limit", "match-threads-to-limit"}, rules(parallel))
	require.Equal(
		t, []string{"raise-cpu-limit"}, rules(func(s *gossip.CPUSample) { s.Threads = gossip.Some[int64](8) }),
		"idle threads do not matter",
	)
	require.Equal(t, []string{"cpu-limit-step", "match-threads-to-limit"},
		rules(func(s *gossip.CPUSample) { s.ThrottledUsec.Known = false; s.Threads = gossip.Some[int64](8) }))
}

func TestHealthyContainersGetNoAdvice(t *testing.T) {
	healthy := newSample(func(s *gossip.CPUSample) { s.ThrottledPeriods.Value = 2 })
	require.Empty(t, recommend.Default().For(observeOne(t, healthy), newPod()))
}

func TestStandingVerdictGivesNoNumber(t *testing.T) {
	raised := newSample(func(s *gossip.CPUSample) {
		s.Time, s.LimitCores.Value, s.Periods.Value, s.ThrottledPeriods.Value = noon.Add(5*time.Second), 1, 3, 0
	})
	got := recommend.Default().For(observeOne(t, newSample(), raised), newPod())
	require.Len(t, got, 1)
	require.Nil(t, got[0].Target, "the old figures say nothing about the new limit")
	require.Contains(t, got[0].Reason, "what was measured is of the old one")
}

func TestSlowBirthNamesItsLongestStage(t *testing.T) {
	birth := gossip.PodCreation{
		Origin:   gossip.Origin{Time: noon, Namespace: "shop", Pod: "api-0"},
		Duration: 7 * time.Second, ImagePull: gossip.Some(time.Duration(0)), Init: gossip.Some(500 * time.Millisecond),
		Timeline: []gossip.Step{
			{Action: "sandbox"}, {Offset: 4800 * time.Millisecond, Action: "network"}, {Offset: 7 * time.Second, Action: "exec"},
		},
	}
	r := recommend.Default().For(observeOne(t, birth), gossip.Pod{})
	require.Len(t, r, 1)
	require.Equal(t, "slow-birth", r[0].Rule)
	require.Equal(t, "Look at its longest stage first: sandbox → network.", r[0].Action)
	require.Equal(t, "That stage took 4.80s of 7.00s.", r[0].Reason)

	birth.Duration, birth.ImagePull = 16*time.Second, gossip.Some(8*time.Second)
	r = recommend.Default().For(observeOne(t, birth), gossip.Pod{})
	require.Equal(t, "Look at its longest stage first: after exec.", r[0].Action)
	birth.Timeline = nil
	r = recommend.Default().For(observeOne(t, birth), gossip.Pod{})
	require.Equal(t, "Look at the stages besides the image pull, which took longest and does not count.", r[0].Action)
	require.Equal(t, "What counts took 7.50s, image pull and init containers left out.", r[0].Reason)

	birth.ImagePull.Known = false
	r = recommend.Default().For(observeOne(t, birth), gossip.Pod{})
	require.Contains(t, r[0].Reason, "Not measured: image_pull_ns.")

	birth.Duration, birth.ImagePull.Known = time.Second, true
	require.Empty(t, recommend.Default().For(observeOne(t, birth), gossip.Pod{}))
}

func TestRuleIDsAreUniqueInTheAnswer(t *testing.T) {
	rules := append(
		recommend.Default(),
		recommend.RuleFor("raise-cpu-limit", func(gossip.CPUThrottling, gossip.Pod) (recommend.Recommendation, bool) {
			return recommend.Recommendation{Action: "mine"}, true
		}),
	)
	got := rules.For(observeOne(t, newSample()), newPod())
	require.Len(t, got, 1)
	require.NotEqual(t, "mine", got[0].Action)
}

func TestARecommendationReadsAsSentencesWithItsNumberOnce(t *testing.T) {
	one := resource.MustParse("1")
	for want, r := range map[string]recommend.Recommendation{
		"Raise it from 100m to 1. It waits.":    {Action: "Raise it from 100m to 1.", Reason: "It waits.", Target: &one},
		"Raise its limit. Target: 1. It waits.": {Action: "Raise its limit.", Reason: "It waits.", Target: &one},
		"See port 8081. Target: 1.":             {Action: "See port 8081.", Target: &one},
		"No number. The limit is not known.":    {Action: "No number.", Reason: "The limit is not known."},
		"Ask team shop.":                        {Rule: "ask-the-team", Action: "Ask team shop."},
	} {
		require.Equal(t, want, r.String())
	}
}

// The package comment lists the default rules.
func TestThePackageCommentListsTheRulesInTheirOrder(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, list, found := strings.Cut(string(text), "// # The rules\n//\n")
	require.True(t, found)
	list, _, _ = strings.Cut(list, "\n//\n")
	var listed, asked []string
	for line := range strings.Lines(list) {
		ids, isRule := strings.CutPrefix(line, "//\t")
		if !isRule || strings.HasPrefix(ids, " ") {
			continue // the rest of an explanation
		}
		for word := range strings.FieldsSeq(ids) {
			id := strings.TrimSuffix(word, ",")
			listed = append(listed, id)
			if id == word {
				break // the last ID of the line
			}
		}
	}
	for _, r := range recommend.Default() {
		asked = append(asked, r.ID())
	}
	if diff := cmp.Diff(asked, listed); diff != "" {
		t.Errorf("recommend/doc.go, # The rules (-Default +doc.go):\n%s", diff)
	}
}
