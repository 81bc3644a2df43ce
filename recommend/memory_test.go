package recommend_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

const mebi = 1 << 20

// kill is synthetic: a process of a container with a limit of 512Mi, at so many MiB.
func kill(used int64, change ...func(*gossip.OOMKill)) gossip.OOMKill {
	k := gossip.OOMKill{
		Origin:    gossip.Origin{Time: noon, Namespace: "shop", Pod: "api-7f9c-x1", Container: "app", Source: "trace"},
		VictimPID: gossip.Some[int64](4711), VictimComm: "java", UsageBytes: gossip.Some(used * mebi), LimitBytes: gossip.Some[int64](512 * mebi),
		Scope: gossip.ScopeMemcg,
	}
	for _, f := range change {
		f(&k)
	}
	return k
}

// usage is synthetic: 10 s of the same container.
func usage(set int64, change ...func(*gossip.MemorySample)) gossip.MemorySample {
	s := gossip.MemorySample{
		Origin: gossip.Origin{
			Time: noon, Namespace: "shop", Pod: "api-7f9c-x1", Container: "app", Source: "cgroup", Period: 10 * time.Second,
		},
		WorkingSet: gossip.Some(set * mebi), LimitBytes: gossip.Some[int64](512 * mebi),
	}
	for _, f := range change {
		f(&s)
	}
	return s
}

// memoryPod is a Burstable pod whose container requests 128Mi of 512Mi.
func memoryPod(change ...func(*gossip.Pod)) gossip.Pod {
	return pod(append([]func(*gossip.Pod){func(p *gossip.Pod) {
		p.Containers[0].MemoryRequest, p.Containers[0].MemoryLimit = gossip.Some[int64](128*mebi), gossip.Some[int64](512*mebi)
	}}, change...)...)
}

func guaranteedMemory(p *gossip.Pod) {
	guaranteed(p)
	p.Containers[0].MemoryRequest = p.Containers[0].MemoryLimit
}

func TestRaiseMemoryLimit(t *testing.T) {
	got := recommend.Default().For(find(t, kill(512)), memoryPod())
	require.Len(t, got, 1)
	require.Nil(t, got[0].Lower)
	resize := func(kind, flags, open, limit, closed string) string {
		return fmt.Sprintf(`kubectl --namespace shop patch %s %s --patch '%s{"spec":{"containers":[{"name":"app","resources":{"limits":{"memory":"%s"},"requests":{"memory":"128Mi"}}}]}}%s'`,
			kind, flags, open, limit, closed)
	}
	want := map[string]string{
		"rule": "raise-memory-limit", "priority": "Critical",
		"action":   "Raise the memory limit of container app from 512Mi to 624Mi.",
		"reason":   "It was killed at its limit: 512Mi were in use. That and a fifth, and 100Mi at least, leaves room.",
		"evidence": "1 killed, last java (pid 4711) at 512Mi of 512Mi, a cgroup was at its limit",
		"current":  "512Mi", "target": "624Mi",
		"resize": resize("pod api-7f9c-x1", "--subresource resize", "", "624Mi", ""),
		"patch":  resize("deployment api", "--type strategic", `{"spec":{"template":`, "624Mi", "}}"),
		"rollback": resize("pod api-7f9c-x1", "--subresource resize", "", "512Mi", "") + "; " +
			resize("deployment api", "--type strategic", `{"spec":{"template":`, "512Mi", "}}"),
		"risk": "The request stays: when the node runs short, what uses most above its request is killed first." +
			" The rollback may fail while more is in use. Patching the owner rolls its pods.",
	}
	if d := cmp.Diff(want, plain(got[0])); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// plain is a recommendation without bounds as texts.
func plain(r recommend.Recommendation) map[string]string {
	m := map[string]string{
		"rule": r.Rule, "priority": r.Priority.String(), "action": r.Action, "reason": r.Reason, "evidence": r.Evidence,
		"resize": r.Resize, "patch": r.Patch, "rollback": r.Rollback, "risk": r.Risk,
	}
	if r.Current != nil {
		m["current"] = r.Current.String()
	}
	if r.Target != nil {
		m["target"] = r.Target.String()
	}
	return m
}

// The number: a fifth more, 100Mi at least, rounded.
func TestMemoryNumber(t *testing.T) {
	for used, want := range map[int64]string{10: "112Mi", 400: "512Mi", 500: "608Mi", 512: "624Mi", 760: "912Mi", 853: "1Gi", 854: "1088Mi", 1024: "1280Mi", 2000: "2432Mi"} {
		k := kill(used, func(k *gossip.OOMKill) { k.LimitBytes = k.UsageBytes })
		r := recommend.Default().For(find(t, k), gossip.Pod{})
		require.Equal(t, want, r[0].Target.String(), used)
	}
}

func TestMemoryAdvice(t *testing.T) {
	type events = []gossip.Event
	noLimit := func(k *gossip.OOMKill) { k.LimitBytes = gossip.Some[int64](0) }
	global := func(k *gossip.OOMKill) { k.Scope = gossip.ScopeGlobal }
	unsaid := func(k *gossip.OOMKill) { k.Scope = "" }
	killed := func(hits int64) func(*gossip.MemorySample) {
		return func(s *gossip.MemorySample) { s.OOMKills, s.LimitHits = gossip.Some[int64](1), gossip.Some(hits) }
	}
	stalled := func(s *gossip.MemorySample) { s.SomeAvg60 = gossip.Some(0.2) }
	hits := func(s *gossip.MemorySample) { s.LimitHits = gossip.Some[int64](9) }
	tests := map[string]struct {
		events events
		pod    gossip.Pod
		rule   string // "" for no advice
		target string // "" is a refusal
		says   string // in action, reason, risk or resize
	}{
		"usage unknown": {events{kill(0, func(k *gossip.OOMKill) { k.UsageBytes.Known = false })}, memoryPod(), "raise-memory-limit", "", "How much memory it used was not measured"},
		"limit unknown": {events{kill(512, func(k *gossip.OOMKill) { k.LimitBytes.Known = false })}, memoryPod(), "raise-memory-limit", "", "The current memory limit is not known"},
		"container not known by name": {
			events{kill(512, func(k *gossip.OOMKill) { k.Container, k.ContainerID = "", "containerd://x" })},
			gossip.Pod{},
			"raise-memory-limit", "", "Which container of the pod it was is not known",
		},
		"below its limit":            {events{kill(300, unsaid)}, memoryPod(), "node-out-of-memory", "400Mi", "killed below its own limit"},
		"the node":                   {events{kill(512, global)}, memoryPod(), "node-out-of-memory", "512Mi", `"resources":{"requests":{"memory":"512Mi"}}`},
		"the node, no limit":         {events{kill(2000, noLimit, unsaid)}, memoryPod(), "node-out-of-memory", "2432Mi", "what uses most above its request is killed first"},
		"the node, no usage":         {events{kill(0, global, func(k *gossip.OOMKill) { k.UsageBytes.Known = false })}, memoryPod(), "node-out-of-memory", "", "raising its limit would not help"},
		"the node, nothing known":    {events{kill(512, global)}, gossip.Pod{}, "node-out-of-memory", "", "what it requests is not known"},
		"the node, enough requested": {events{kill(512, global)}, memoryPod(guaranteedMemory), "node-out-of-memory", "", "its pod is Guaranteed and requests all that it may use"},
		"the request makes it Guaranteed: no resize": {events{kill(512, global)}, memoryPod(func(p *gossip.Pod) {
			p.Containers[0].CPURequest = p.Containers[0].CPULimit
		}), "node-out-of-memory", "512Mi", "a running pod cannot be resized"},
		"best effort: no resize": {events{kill(300, noLimit, unsaid)}, memoryPod(func(p *gossip.Pod) {
			p.QoS, p.Containers = gossip.QoSBestEffort, []gossip.Container{{Name: "app"}}
		}), "node-out-of-memory", "400Mi", "Raise the memory request of container app to 400Mi."},
		"request and an autoscaler": {events{kill(300, unsaid)}, memoryPod(func(p *gossip.Pod) { p.MemoryAutoscaler = "api" }), "node-out-of-memory", "", "HorizontalPodAutoscaler api scales by a share of the memory request"},

		"guaranteed: both together": {events{kill(512)}, memoryPod(guaranteedMemory), "raise-memory-limit", "624Mi", `"limits":{"memory":"624Mi"},"requests":{"memory":"624Mi"}`},
		"guaranteed needs room":     {events{kill(512)}, memoryPod(guaranteedMemory), "raise-memory-limit", "624Mi", "must have 112Mi to spare"},
		"guaranteed with another that is not": {events{kill(512)}, memoryPod(guaranteedMemory, func(p *gossip.Pod) {
			p.Containers = append(p.Containers, gossip.Container{Name: "log"})
		}), "raise-memory-limit", "", "container log does not have requests equal to its limits"},
		"guaranteed, autoscaler of CPU": {events{kill(512)}, memoryPod(guaranteedMemory, func(p *gossip.Pod) { p.Autoscaler = "api" }), "raise-memory-limit", "624Mi", ""},
		"guaranteed, and an autoscaler": {events{kill(512)}, memoryPod(guaranteedMemory, func(p *gossip.Pod) { p.MemoryAutoscaler = "api" }), "raise-memory-limit", "", "must be raised with the limit"},
		"limit range": {events{kill(512)}, memoryPod(func(p *gossip.Pod) {
			p.LimitRanges = []gossip.LimitRange{{Name: "cap", Max: gossip.Some(0.1), MaxMemory: gossip.Some[int64](600 * mebi)}}
		}), "raise-memory-limit", "", "LimitRange cap admits no memory limit above 600Mi (the estimate is 624Mi)"},
		"limit range of the ratio": {events{kill(512)}, memoryPod(func(p *gossip.Pod) {
			p.LimitRanges = []gossip.LimitRange{{Name: "cap", MaxMemoryRatio: gossip.Some(4.5)}}
		}), "raise-memory-limit", "", "no limit above 4.5 times the request of 128Mi"},
		"the pod's limit": {events{kill(512)}, memoryPod(func(p *gossip.Pod) { p.MemoryLimit = gossip.Some[int64](600 * mebi) }), "raise-memory-limit", "", "The pod as a whole has a memory limit of 600Mi"},
		"a resize restarts": {events{kill(512)}, memoryPod(func(p *gossip.Pod) {
			p.Containers[0].MemoryResizeRestarts = true
		}), "raise-memory-limit", "624Mi", "The resize restarts the container"},
		"a resize of CPU would": {events{kill(512)}, memoryPod(func(p *gossip.Pod) { p.Containers[0].ResizeRestarts = true }), "raise-memory-limit", "624Mi", ""},
		"sidecar":               {events{kill(512)}, memoryPod(func(p *gossip.Pod) { p.Containers[0].Role = gossip.RoleSidecar }), "raise-memory-limit", "624Mi", `{"spec":{"initContainers":[`},
		"init container":        {events{kill(512)}, memoryPod(func(p *gossip.Pod) { p.Containers[0].Role = gossip.RoleInit }), "raise-memory-limit", "624Mi", ""},

		"killed by the pod's limit":           {events{kill(300)}, memoryPod(func(p *gossip.Pod) { p.MemoryLimit = gossip.Some[int64](640 * mebi) }), "raise-pod-memory-limit", "768Mi", "not its own (it used 300Mi of 512Mi): the pod's limit of 640Mi"},
		"and it has none itself":              {events{kill(300, noLimit)}, memoryPod(func(p *gossip.Pod) { p.MemoryLimit = gossip.Some[int64](640 * mebi) }), "raise-pod-memory-limit", "768Mi", "it has none of its own"},
		"killed by a limit that is not shown": {events{kill(300, noLimit)}, memoryPod(), "raise-memory-limit", "", "a memory limit that the record or the pod does not show"},
		"killed by a limit far above":         {events{kill(300)}, memoryPod(), "raise-memory-limit", "", "hardly its own (300Mi of 512Mi were in use)"},
		"no limit, and it was hit":            {events{usage(500, stalled, hits, func(s *gossip.MemorySample) { s.LimitBytes.Value = 0 })}, memoryPod(), "raise-memory-limit", "", "does not show"},
		"no limit, hit and killed":            {events{usage(500, killed(3), func(s *gossip.MemorySample) { s.LimitBytes.Value = 0 })}, memoryPod(), "raise-memory-limit", "", "does not show"},
		"ephemeral":                           {events{kill(512)}, memoryPod(func(p *gossip.Pod) { p.Containers[0].Role = gossip.RoleEphemeral }), "raise-memory-limit", "", "An ephemeral container has no resources of its own"},
		"ephemeral, on a node without memory": {events{kill(512, global)}, memoryPod(func(p *gossip.Pod) { p.Containers[0].Role = gossip.RoleEphemeral }), "node-out-of-memory", "", "An ephemeral container has no resources of its own"},

		"near its limit":           {events{usage(480)}, memoryPod(), "", "", ""},
		"hits":                     {events{usage(480, hits)}, memoryPod(), "raise-memory-limit", "592Mi", "It used 480Mi at most"},
		"stalls far below":         {events{usage(100, stalled)}, memoryPod(), "raise-memory-limit", "", "the limit is not what it waits for"},
		"stalls without a limit":   {events{usage(100, stalled, func(s *gossip.MemorySample) { s.LimitBytes.Value = 0 })}, memoryPod(), "raise-memory-limit", "", "It has no memory limit"},
		"a pod stalls":             {events{usage(500, stalled, func(s *gossip.MemorySample) { s.Container = "" })}, memoryPod(), "raise-memory-limit", "", "limits are those of containers"},
		"killed near its limit":    {events{usage(500, killed(3))}, memoryPod(), "raise-memory-limit", "608Mi", "It was killed at its limit"},
		"killed between samples":   {events{usage(100, killed(3))}, memoryPod(), "raise-memory-limit", "624Mi", "512Mi were in use"},
		"killed, never at its own": {events{usage(200, killed(0))}, memoryPod(), "node-out-of-memory", "304Mi", "It used 200Mi and requests 128Mi"},
		"killed, hits not counted": {events{usage(100, killed(0), func(s *gossip.MemorySample) { s.LimitHits.Known = false })}, memoryPod(), "raise-memory-limit", "", "is not known"},
		"percentage alone":         {events{usage(0, func(s *gossip.MemorySample) { s.WorkingSet.Known, s.UsedShare = false, gossip.Some(0.95) })}, memoryPod(), "raise-memory-limit", "592Mi", "It used 486Mi at most"},
		"percentage, limit unknown": {events{usage(0, func(s *gossip.MemorySample) {
			s.WorkingSet.Known, s.LimitBytes.Known, s.UsedShare = false, false, gossip.Some(0.95)
		})}, memoryPod(), "raise-memory-limit", "", "The current memory limit is not known"},
		"hostile name": {events{kill(512, func(k *gossip.OOMKill) { k.Container = "$(reboot)" })}, gossip.Pod{}, "raise-memory-limit", "624Mi", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := recommend.Default().For(find(t, test.events...), test.pod)
			if test.rule == "" {
				require.Empty(t, got)
				return
			}
			require.Len(t, got, 1)
			r := got[0]
			require.Equal(t, test.rule, r.Rule)
			require.Contains(t, strings.Join([]string{r.Action, r.Reason, r.Risk, r.Resize}, "\n"), test.says)
			require.NotContains(t, r.Resize+r.Patch+r.Rollback, "$(")
			require.LessOrEqual(t, len(r.Risk), 512)
			if test.target == "" {
				require.Nil(t, r.Target)
				require.Empty(t, r.Resize+r.Patch+r.Rollback)
				return
			}
			require.NotNil(t, r.Target, r.Reason)
			require.Equal(t, test.target, r.Target.String())
		})
	}
	never := recommend.Default().For(find(t, kill(300, noLimit, unsaid)), memoryPod(func(p *gossip.Pod) {
		p.QoS, p.Containers = gossip.QoSBestEffort, []gossip.Container{{Name: "app"}}
	}))[0]
	require.Empty(t, never.Resize)
	require.Contains(t, never.Patch, `"requests":{"memory":"400Mi"}`)
	require.Contains(t, never.Rollback, `"requests":{"memory":null}`, "there was no request")
}

// What is said of a kill by the node follows from what was used, requested and admitted: kubernetes/kubernetes#111356,
// where a sidecar was killed within its request, and every other case.
func TestNodeOutOfMemoryAgreesWithItsFigures(t *testing.T) {
	type size = gossip.Optional[int64]
	unknown := size{}
	of := func(mib int64) size { return gossip.Some(mib * mebi) }
	const burstable = gossip.QoSBurstable
	for name, test := range map[string]struct {
		used, request, limit, podLimit size
		qos                            gossip.QoS
		target                         string // "" is a refusal
		says                           string
	}{
		"below its request":         {of(40), of(64), of(1024), unknown, burstable, "", "It stayed within its request (40Mi of 64Mi), and "},
		"at its request":            {of(64), of(64), of(1024), unknown, burstable, "", "It stayed within its request (64Mi of 64Mi)"},
		"above its request":         {of(65), of(64), of(1024), unknown, burstable, "176Mi", "It used 65Mi and requests 64Mi; what uses most above its request"},
		"no request":                {of(40), unknown, of(1024), unknown, burstable, "144Mi", "It used 40Mi and requests nothing; what requests nothing"},
		"best effort":               {of(40), unknown, unknown, unknown, gossip.QoSBestEffort, "144Mi", "requests nothing"},
		"best effort, no usage":     {unknown, unknown, unknown, unknown, gossip.QoSBestEffort, "", "it requests nothing, so it is among the first to be killed: how much it used was not measured"},
		"usage unknown":             {unknown, of(64), of(1024), unknown, burstable, "", "whether it stayed within its request of 64Mi is not known"},
		"limit below the estimate":  {of(100), of(64), of(128), unknown, burstable, "128Mi", "It used 100Mi and requests 64Mi"},
		"the pod's limit is lower":  {of(100), of(64), of(512), of(160), burstable, "160Mi", "It used 100Mi and requests 64Mi"},
		"requests all it may":       {of(130), of(128), of(128), unknown, burstable, "", "it requests 128Mi already, as much as its limit admits"},
		"guaranteed, below":         {of(40), of(64), of(64), unknown, gossip.QoSGuaranteed, "", "others are killed before it"},
		"guaranteed, usage unknown": {unknown, of(64), of(64), unknown, gossip.QoSGuaranteed, "", "others are killed before it"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, scope := range []gossip.Scope{gossip.ScopeGlobal, ""} {
				k := kill(0, func(k *gossip.OOMKill) { k.UsageBytes, k.LimitBytes, k.Scope = test.used, test.limit, scope })
				f := find(t, k).(gossip.OOMKilled)
				if scope == "" && !f.Outside() { // then the limit is what is advised on
					continue
				}
				got := recommend.Default().For(f, memoryPod(func(p *gossip.Pod) {
					p.QoS, p.MemoryLimit = test.qos, test.podLimit
					p.Containers[0].MemoryRequest, p.Containers[0].MemoryLimit = test.request, test.limit
				}))
				require.Len(t, got, 1)
				require.Equal(t, "node-out-of-memory", got[0].Rule)
				shortage := "he node had no memory left"
				if scope == "" {
					shortage = ", so the node was short of memory, or a limit above it was reached"
				}
				require.Contains(t, got[0].Reason, shortage)
				require.Contains(t, got[0].Reason, test.says)
				require.LessOrEqual(t, len(got[0].Reason), 512)
				if test.target == "" {
					require.Nil(t, got[0].Target)
					require.NotContains(t, got[0].Reason, "what uses most above")
					continue
				}
				require.NotNil(t, got[0].Target, got[0].Reason)
				require.Equal(t, test.target, got[0].Target.String())
			}
		})
	}
}

func TestMemoryLeak(t *testing.T) {
	var events []gossip.Event
	for i := range 21 {
		events = append(events, usage(212+int64(i)*10, func(s *gossip.MemorySample) {
			s.Time, s.Period = noon.Add(time.Duration(i-20)*30*time.Second), 30*time.Second
		}))
	}
	got := recommend.Default().For(find(t, events...), memoryPod())
	require.Len(t, got, 1)
	require.Equal(t, "memory-leak", got[0].Rule)
	require.Nil(t, got[0].Target)
	require.Equal(t, "Its working set climbs by 1200Mi an hour without coming back (R² 1.00); at this rate it reaches its limit of 512Mi in 5m.", got[0].Reason)

	require.Equal(t, gossip.SeverityHigh, got[0].Priority)

	restarted := usage(0, func(s *gossip.MemorySample) {
		s.Time, s.LimitBytes, s.WorkingSet.Known = noon.Add(time.Second), gossip.Some[int64](600*mebi), false
		s.SomeAvg10 = gossip.Some(0.0)
	})
	got = recommend.Default().For(find(t, append(events, restarted)...), memoryPod())
	require.Len(t, got, 1, "the verdict stands, and so does the advice")
	require.Contains(t, got[0].Reason, "until the container restarted or its limit changed")

	a := gossip.New(gossip.Options{})
	for _, e := range append(events, kill(512)) {
		a.Observe(e)
	}
	f, ok := a.Finding(kill(512).Subject())
	require.True(t, ok)
	got = recommend.Default().For(f, memoryPod())
	require.Len(t, got, 1, "no higher limit for a leak")
	require.Equal(t, "memory-leak", got[0].Rule)
	require.Contains(t, got[0].Reason, "until it was killed")
}

func TestStandingMemory(t *testing.T) {
	nothing := func(s *gossip.MemorySample) {
		s.Time, s.ContainerID = noon.Add(10*time.Second), "c2"
		s.WorkingSet.Known, s.LimitBytes.Known, s.SomeAvg10 = false, false, gossip.Some(0.0)
	}
	got := recommend.Default().For(find(t, usage(500, func(s *gossip.MemorySample) {
		s.ContainerID, s.LimitHits = "c1", gossip.Some[int64](1)
	}), usage(0, nothing)), memoryPod())
	require.Len(t, got, 1)
	require.Contains(t, got[0].Reason, "wait for new samples")
}

func TestNetworkAdvice(t *testing.T) {
	sample := func(change ...func(*gossip.NetworkSample)) gossip.Finding {
		s := gossip.NetworkSample{Origin: gossip.Origin{Time: noon, Namespace: "shop", Pod: "api-7f9c-x1", Period: time.Minute}}
		for _, f := range change {
			f(&s)
		}
		return find(t, s)
	}
	rules := func(f gossip.Finding) []string {
		var all []string
		for _, r := range recommend.Default().For(f, gossip.Pod{}) {
			require.Nil(t, r.Target)
			require.Empty(t, r.Resize+r.Patch)
			require.NotEmpty(t, r.Action)
			require.LessOrEqual(t, len(r.Action), 256)
			all = append(all, fmt.Sprintf("%s %s: %s %s", r.Rule, r.Priority, r.Reason, r.Evidence))
		}
		return all
	}
	some := gossip.Some[int64]
	require.Equal(t, []string{
		"investigate-retransmits Warning: 2.00% of TCP segments were sent again. 240 of 12000 segments sent again, 5 of 10000 packets dropped, " +
			"60 failed connects, p99 latency 20ms, 1 of 1 samples in 1m0s",
		"investigate-connects High: 60 TCP connects failed, 60.0 a minute. 240 of 12000 segments sent again, 5 of 10000 packets dropped, " +
			"60 failed connects, p99 latency 20ms, 1 of 1 samples in 1m0s",
	}, rules(sample(func(s *gossip.NetworkSample) {
		s.Segments, s.Retransmits, s.RxPackets, s.RxDrops, s.FailedConnects = some(12000), some(240), some(10000), some(5), some(60)
		s.LatencyP99 = gossip.Some(20 * time.Millisecond)
	})))
	require.Equal(t, []string{
		"investigate-drops High: 1.50% of packets were dropped, as the source reported without counts. 1.50% of packets dropped, as the source reported, " +
			"1 of 1 samples in 1m0s",
	}, rules(sample(func(s *gossip.NetworkSample) { s.DropShare = gossip.Some(0.015) })))
	require.Empty(t, rules(sample(func(s *gossip.NetworkSample) { s.Segments, s.Retransmits = some(10), some(10) })), "not measured is not advised about")
}
