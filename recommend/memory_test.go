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

// newKill returns a synthetic kill in a container with a limit of 512Mi, at the given use in MiB.
func newKill(used int64, change ...func(*gossip.OOMKill)) gossip.OOMKill {
	k := gossip.OOMKill{
		Origin:    gossip.Origin{Time: noon, Namespace: "shop", Pod: "api-7f9c-x1", Container: "app", Source: "trace"},
		VictimPID: gossip.Some[int64](4711), VictimComm: "java", UsageBytes: gossip.Some(used * mebi),
		LimitBytes: gossip.Some[int64](512 * mebi),
		Scope:      gossip.ScopeMemcg,
	}
	for _, f := range change {
		f(&k)
	}
	return k
}

// newUsage returns a synthetic sample of 10 s of the same container.
func newUsage(set int64, change ...func(*gossip.MemorySample)) gossip.MemorySample {
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

// newMemoryPod returns a Burstable pod with one container that requests 128Mi and has a limit of 512Mi.
func newMemoryPod(change ...func(*gossip.Pod)) gossip.Pod {
	return newPod(append([]func(*gossip.Pod){func(p *gossip.Pod) {
		c := &p.Containers[0]
		c.MemoryRequest, c.MemoryLimit = gossip.Some[int64](128*mebi), gossip.Some[int64](512*mebi)
	}}, change...)...)
}

func guaranteedMemory(p *gossip.Pod) {
	guaranteed(p)
	p.Containers[0].MemoryRequest = p.Containers[0].MemoryLimit
}

func TestRaiseMemoryLimitFillsEveryField(t *testing.T) {
	got := recommend.Default().For(observeOne(t, newKill(512)), newMemoryPod())
	require.Len(t, got, 1)
	require.Nil(t, got[0].Lower)
	resize := func(kind, flags, open, limit, closed string) string {
		return fmt.Sprintf(
			`kubectl --namespace shop patch %s %s --patch '%s{"spec":{"containers":[{"name":"app",`+
				`"resources":{"limits":{"memory":"%s"},"requests":{"memory":"128Mi"}}}]}}%s'`,
			kind, flags, open, limit, closed,
		)
	}
	want := map[string]string{
		"rule": "raise-memory-limit", "summary": "memory limit 512Mi → 624Mi", "priority": "Critical",
		"action":   "Raise the memory limit of container app from 512Mi to 624Mi.",
		"reason":   "It was killed at its limit: 512Mi were in use. That and a fifth, and 100Mi at least, leaves room.",
		"evidence": "1 killed, last java (pid 4711) at 512Mi of 512Mi, a cgroup was at its limit",
		"current":  "512Mi", "target": "624Mi",
		"resize": resize("pod api-7f9c-x1", "--subresource resize", "", "624Mi", ""),
		"patch":  resize("deployment api", "--type strategic", `{"spec":{"template":`, "624Mi", "}}"),
		"rollback": resize("pod api-7f9c-x1", "--subresource resize", "", "512Mi", "") + "\n" +
			resize("deployment api", "--type strategic", `{"spec":{"template":`, "512Mi", "}}"),
		"risk": "The request stays: when the node runs short, what uses most above its request is killed first." +
			" The rollback may fail while more is in use. Patching the owner rolls its pods.",
	}
	if d := cmp.Diff(want, plain(got[0])); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// plain returns a recommendation without bounds as texts.
func plain(r recommend.Recommendation) map[string]string {
	m := map[string]string{
		"rule": r.Rule, "summary": r.Summary, "priority": r.Priority.String(),
		"action": r.Action, "reason": r.Reason, "evidence": r.Evidence,
		"resize": joinCommands(r.Resize), "patch": r.Patch, "rollback": joinCommands(r.Rollback), "risk": r.Risk,
	}
	if r.Current != nil {
		m["current"] = r.Current.String()
	}
	if r.Target != nil {
		m["target"] = r.Target.String()
	}
	return m
}

// The target is a fifth above the use, at least 100Mi above it, and rounded up.
func TestMemoryTargetIsAFifthAboveTheUse(t *testing.T) {
	for used, want := range map[int64]string{
		10: "112Mi", 400: "512Mi", 500: "608Mi", 512: "624Mi", 760: "912Mi", 853: "1Gi", 854: "1088Mi", 1024: "1280Mi",
		2000: "2432Mi",
	} {
		k := newKill(used, func(k *gossip.OOMKill) { k.LimitBytes = k.UsageBytes })
		r := recommend.Default().For(observeOne(t, k), gossip.Pod{})
		require.Equal(t, want, r[0].Target.String(), used)
	}
}

func TestMemoryAdviceFollowsFindingAndPod(t *testing.T) {
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
		"usage unknown": {
			events: events{newKill(0, func(k *gossip.OOMKill) { k.UsageBytes.Known = false })}, pod: newMemoryPod(),
			rule: "raise-memory-limit", says: "How much memory it used was not measured",
		},
		"limit unknown": {
			events: events{newKill(512, func(k *gossip.OOMKill) { k.LimitBytes.Known = false })}, pod: newMemoryPod(),
			rule: "raise-memory-limit", says: "The current memory limit is not known",
		},
		"container not known by name": {
			events: events{newKill(512, func(k *gossip.OOMKill) { k.Container, k.ContainerID = "", "containerd://x" })},
			pod:    gossip.Pod{},
			rule:   "raise-memory-limit", says: "Which container of the pod it was is not known",
		},
		"below its limit": {
			events: events{newKill(300, unsaid)}, pod: newMemoryPod(), rule: "node-out-of-memory", target: "400Mi",
			says: "killed below its own limit",
		},
		"the node": {
			events: events{newKill(512, global)}, pod: newMemoryPod(), rule: "node-out-of-memory", target: "512Mi",
			says: `"resources":{"requests":{"memory":"512Mi"}}`,
		},
		"the node, no limit": {
			events: events{newKill(2000, noLimit, unsaid)}, pod: newMemoryPod(), rule: "node-out-of-memory", target: "2432Mi",
			says: "what uses most above its request is killed first",
		},
		"the node, no usage": {
			events: events{newKill(0, global, func(k *gossip.OOMKill) { k.UsageBytes.Known = false })}, pod: newMemoryPod(),
			rule: "node-out-of-memory", says: "raising its limit would not help",
		},
		"the node, nothing known": {
			events: events{newKill(512, global)}, pod: gossip.Pod{}, rule: "node-out-of-memory",
			says: "what it requests is not known",
		},
		"the node, enough requested": {
			events: events{newKill(512, global)}, pod: newMemoryPod(guaranteedMemory), rule: "node-out-of-memory",
			says: "its pod is Guaranteed and requests all that it may use",
		},
		"the request makes it Guaranteed: no resize": {
			events: events{newKill(512, global)}, pod: newMemoryPod(func(p *gossip.Pod) {
				p.Containers[0].CPURequest = p.Containers[0].CPULimit
			}),
			rule: "node-out-of-memory", target: "512Mi", says: "a running pod cannot be resized",
		},
		"best effort: no resize": {events: events{newKill(300, noLimit, unsaid)}, pod: newMemoryPod(func(p *gossip.Pod) {
			p.QoS, p.Containers = gossip.QoSBestEffort, []gossip.Container{{Name: "app"}}
		}), rule: "node-out-of-memory", target: "400Mi", says: "Raise the memory request of container app to 400Mi."},
		"request and an autoscaler": {
			events: events{newKill(300, unsaid)}, pod: newMemoryPod(func(p *gossip.Pod) { p.MemoryAutoscaler = "api" }),
			rule: "node-out-of-memory", says: "HorizontalPodAutoscaler api scales by a share of the memory request",
		},

		"guaranteed: both together": {
			events: events{newKill(512)}, pod: newMemoryPod(guaranteedMemory), rule: "raise-memory-limit", target: "624Mi",
			says: `"limits":{"memory":"624Mi"},"requests":{"memory":"624Mi"}`,
		},
		"guaranteed needs room": {
			events: events{newKill(512)}, pod: newMemoryPod(guaranteedMemory), rule: "raise-memory-limit", target: "624Mi",
			says: "must have 112Mi to spare",
		},
		"guaranteed with another that is not": {
			events: events{newKill(512)}, pod: newMemoryPod(guaranteedMemory, func(p *gossip.Pod) {
				p.Containers = append(p.Containers, gossip.Container{Name: "log"})
			}),
			rule: "raise-memory-limit", says: "container log does not have requests equal to its limits",
		},
		"guaranteed, autoscaler of CPU": {
			events: events{newKill(512)}, pod: newMemoryPod(guaranteedMemory, func(p *gossip.Pod) { p.Autoscaler = "api" }),
			rule: "raise-memory-limit", target: "624Mi",
		},
		"guaranteed, and an autoscaler": {
			events: events{newKill(512)},
			pod:    newMemoryPod(guaranteedMemory, func(p *gossip.Pod) { p.MemoryAutoscaler = "api" }),
			rule:   "raise-memory-limit", says: "must be raised with the limit",
		},
		"limit range": {events: events{newKill(512)}, pod: newMemoryPod(func(p *gossip.Pod) {
			p.LimitRanges = []gossip.LimitRange{{Name: "cap", Max: gossip.Some(0.1), MaxMemory: gossip.Some[int64](600 * mebi)}}
		}), rule: "raise-memory-limit", says: "LimitRange cap admits no memory limit above 600Mi (the estimate is 624Mi)"},
		"limit range of the ratio": {events: events{newKill(512)}, pod: newMemoryPod(func(p *gossip.Pod) {
			p.LimitRanges = []gossip.LimitRange{{Name: "cap", MaxMemoryRatio: gossip.Some(4.5)}}
		}), rule: "raise-memory-limit", says: "no limit above 4.5 times the request of 128Mi"},
		"the pod's limit": {
			events: events{newKill(512)},
			pod:    newMemoryPod(func(p *gossip.Pod) { p.MemoryLimit = gossip.Some[int64](600 * mebi) }),
			rule:   "raise-memory-limit", says: "The pod as a whole has a memory limit of 600Mi",
		},
		"a resize restarts": {events: events{newKill(512)}, pod: newMemoryPod(func(p *gossip.Pod) {
			p.Containers[0].MemoryResizeRestarts = true
		}), rule: "raise-memory-limit", target: "624Mi", says: "The resize restarts the container"},
		"a resize of CPU would": {
			events: events{newKill(512)}, pod: newMemoryPod(func(p *gossip.Pod) { p.Containers[0].ResizeRestarts = true }),
			rule: "raise-memory-limit", target: "624Mi",
		},
		"sidecar": {
			events: events{newKill(512)}, pod: newMemoryPod(func(p *gossip.Pod) { p.Containers[0].Role = gossip.RoleSidecar }),
			rule: "raise-memory-limit", target: "624Mi", says: `{"spec":{"initContainers":[`,
		},
		"init container": {
			events: events{newKill(512)}, pod: newMemoryPod(func(p *gossip.Pod) { p.Containers[0].Role = gossip.RoleInit }),
			rule: "raise-memory-limit", target: "624Mi",
		},

		"killed by the pod's limit": {
			events: events{newKill(300)},
			pod:    newMemoryPod(func(p *gossip.Pod) { p.MemoryLimit = gossip.Some[int64](640 * mebi) }),
			rule:   "raise-pod-memory-limit", target: "768Mi",
			says: "not its own (it used 300Mi of 512Mi): the pod's limit of 640Mi",
		},
		"and it has none itself": {
			events: events{newKill(300, noLimit)},
			pod:    newMemoryPod(func(p *gossip.Pod) { p.MemoryLimit = gossip.Some[int64](640 * mebi) }),
			rule:   "raise-pod-memory-limit", target: "768Mi", says: "it has none of its own",
		},
		"killed by a limit that is not shown": {
			events: events{newKill(300, noLimit)}, pod: newMemoryPod(), rule: "raise-memory-limit",
			says: "a memory limit that the record or the pod does not show",
		},
		"killed by a limit far above": {
			events: events{newKill(300)}, pod: newMemoryPod(), rule: "raise-memory-limit",
			says: "hardly its own (300Mi of 512Mi were in use)",
		},
		"no limit, and it was hit": {
			events: events{newUsage(500, stalled, hits, func(s *gossip.MemorySample) { s.LimitBytes.Value = 0 })},
			pod:    newMemoryPod(),
			rule:   "raise-memory-limit", says: "does not show",
		},
		"no limit, hit and killed": {
			events: events{newUsage(500, killed(3), func(s *gossip.MemorySample) { s.LimitBytes.Value = 0 })},
			pod:    newMemoryPod(),
			rule:   "raise-memory-limit", says: "does not show",
		},
		"ephemeral": {
			events: events{newKill(512)}, pod: newMemoryPod(func(p *gossip.Pod) { p.Containers[0].Role = gossip.RoleEphemeral }),
			rule: "raise-memory-limit", says: "An ephemeral container has no resources of its own",
		},
		"ephemeral, on a node without memory": {
			events: events{newKill(512, global)},
			pod:    newMemoryPod(func(p *gossip.Pod) { p.Containers[0].Role = gossip.RoleEphemeral }),
			rule:   "node-out-of-memory",
			says:   "An ephemeral container has no resources of its own",
		},

		"near its limit": {events: events{newUsage(480)}, pod: newMemoryPod()},
		"hits": {
			events: events{newUsage(480, hits)}, pod: newMemoryPod(), rule: "raise-memory-limit", target: "592Mi",
			says: "It used 480Mi at most",
		},
		"stalls far below": {
			events: events{newUsage(100, stalled)}, pod: newMemoryPod(), rule: "raise-memory-limit",
			says: "the limit is not what it waits for",
		},
		"stalls without a limit": {
			events: events{newUsage(100, stalled, func(s *gossip.MemorySample) { s.LimitBytes.Value = 0 })}, pod: newMemoryPod(),
			rule: "raise-memory-limit", says: "It has no memory limit",
		},
		"a pod stalls": {
			events: events{newUsage(500, stalled, func(s *gossip.MemorySample) { s.Container = "" })}, pod: newMemoryPod(),
			rule: "raise-memory-limit", says: "limits belong to containers",
		},
		"killed near its limit": {
			events: events{newUsage(500, killed(3))}, pod: newMemoryPod(), rule: "raise-memory-limit", target: "608Mi",
			says: "It was killed at its limit",
		},
		"killed between samples": {
			events: events{newUsage(100, killed(3))}, pod: newMemoryPod(), rule: "raise-memory-limit", target: "624Mi",
			says: "512Mi were in use",
		},
		"killed, never at its own": {
			events: events{newUsage(200, killed(0))}, pod: newMemoryPod(), rule: "node-out-of-memory", target: "304Mi",
			says: "It used 200Mi and requests 128Mi",
		},
		"killed, hits not counted": {
			events: events{newUsage(100, killed(0), func(s *gossip.MemorySample) { s.LimitHits.Known = false })},
			pod:    newMemoryPod(),
			rule:   "raise-memory-limit", says: "is not known",
		},
		"percentage alone": {
			events: events{
				newUsage(0, func(s *gossip.MemorySample) { s.WorkingSet.Known, s.UsedShare = false, gossip.Some(0.95) }),
			},
			pod: newMemoryPod(), rule: "raise-memory-limit", target: "592Mi", says: "It used 486Mi at most",
		},
		"percentage, limit unknown": {events: events{newUsage(0, func(s *gossip.MemorySample) {
			s.WorkingSet.Known, s.LimitBytes.Known, s.UsedShare = false, false, gossip.Some(0.95)
		})}, pod: newMemoryPod(), rule: "raise-memory-limit", says: "The current memory limit is not known"},
		"hostile name": {
			events: events{newKill(512, func(k *gossip.OOMKill) { k.Container = "$(reboot)" })}, pod: gossip.Pod{},
			rule: "raise-memory-limit", target: "624Mi",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := recommend.Default().For(observeOne(t, test.events...), test.pod)
			if test.rule == "" {
				require.Empty(t, got)
				return
			}
			require.Len(t, got, 1)
			r := got[0]
			require.Equal(t, test.rule, r.Rule)
			require.Contains(t, strings.Join(append(r.Resize, r.Action, r.Reason, r.Risk), "\n"), test.says)
			require.NotContains(t, commandsOf(r), "$(")
			require.LessOrEqual(t, len(r.Risk), 512)
			if test.target == "" {
				require.Nil(t, r.Target)
				require.Empty(t, commandsOf(r))
				return
			}
			require.NotNil(t, r.Target, r.Reason)
			require.Equal(t, test.target, r.Target.String())
		})
	}
	never := recommend.Default().For(observeOne(t, newKill(300, noLimit, unsaid)), newMemoryPod(func(p *gossip.Pod) {
		p.QoS, p.Containers = gossip.QoSBestEffort, []gossip.Container{{Name: "app"}}
	}))[0]
	require.Empty(t, never.Resize)
	require.Contains(t, never.Patch, `"requests":{"memory":"400Mi"}`)
	require.Contains(t, joinCommands(never.Rollback), `"requests":{"memory":null}`, "there was no request")
}

// The advice about a kill by the node follows from what was used, requested and admitted, in the case of
// kubernetes/kubernetes#111356 (a sidecar that was killed within its request) and in all others.
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
		"below its request": {
			used: of(40), request: of(64), limit: of(1024), podLimit: unknown, qos: burstable,
			says: "It stayed within its request (40Mi of 64Mi), and ",
		},
		"at its request": {
			used: of(64), request: of(64), limit: of(1024), podLimit: unknown, qos: burstable,
			says: "It stayed within its request (64Mi of 64Mi)",
		},
		"above its request": {
			used: of(65), request: of(64), limit: of(1024), podLimit: unknown, qos: burstable, target: "176Mi",
			says: "It used 65Mi and requests 64Mi; what uses most above its request",
		},
		"no request": {
			used: of(40), request: unknown, limit: of(1024), podLimit: unknown, qos: burstable, target: "144Mi",
			says: "It used 40Mi and requests nothing; what requests nothing",
		},
		"best effort": {
			used: of(40), request: unknown, limit: unknown, podLimit: unknown, qos: gossip.QoSBestEffort, target: "144Mi",
			says: "requests nothing",
		},
		"best effort, no usage": {
			used: unknown, request: unknown, limit: unknown, podLimit: unknown, qos: gossip.QoSBestEffort,
			says: "it requests nothing, so it is among the first to be killed: how much it used was not measured",
		},
		"usage unknown": {
			used: unknown, request: of(64), limit: of(1024), podLimit: unknown, qos: burstable,
			says: "whether it stayed within its request of 64Mi is not known",
		},
		"limit below the estimate": {
			used: of(100), request: of(64), limit: of(128), podLimit: unknown, qos: burstable, target: "128Mi",
			says: "It used 100Mi and requests 64Mi",
		},
		"the pod's limit is lower": {
			used: of(100), request: of(64), limit: of(512), podLimit: of(160), qos: burstable, target: "160Mi",
			says: "It used 100Mi and requests 64Mi",
		},
		"requests all it may": {
			used: of(130), request: of(128), limit: of(128), podLimit: unknown, qos: burstable,
			says: "it requests 128Mi already, as much as its limit admits",
		},
		"guaranteed, below": {
			used: of(40), request: of(64), limit: of(64), podLimit: unknown, qos: gossip.QoSGuaranteed,
			says: "others are killed before it",
		},
		"guaranteed, usage unknown": {
			used: unknown, request: of(64), limit: of(64), podLimit: unknown, qos: gossip.QoSGuaranteed,
			says: "others are killed before it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, scope := range []gossip.Scope{gossip.ScopeGlobal, ""} {
				k := newKill(0, func(k *gossip.OOMKill) { k.UsageBytes, k.LimitBytes, k.Scope = test.used, test.limit, scope })
				f := observeOne(t, k).(gossip.OOMKilled)
				if scope == "" && !f.Outside() { // then the limit is what is advised on
					continue
				}
				got := recommend.Default().For(f, newMemoryPod(func(p *gossip.Pod) {
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

func TestALeakGetsATimeAndNoHigherLimit(t *testing.T) {
	var events []gossip.Event
	for i := range 21 {
		events = append(events, newUsage(212+int64(i)*10, func(s *gossip.MemorySample) {
			s.Time, s.Period = noon.Add(time.Duration(i-20)*30*time.Second), 30*time.Second
		}))
	}
	got := recommend.Default().For(observeOne(t, events...), newMemoryPod())
	require.Len(t, got, 1)
	require.Equal(t, "memory-leak", got[0].Rule)
	require.Nil(t, got[0].Target)
	require.Equal(
		t,
		"Its working set climbs by 1200Mi an hour without coming back (R² 1.00); at this rate it reaches its limit of "+
			"512Mi in 5m.",
		got[0].Reason,
	)

	require.Equal(t, gossip.SeverityHigh, got[0].Priority)

	restarted := newUsage(0, func(s *gossip.MemorySample) {
		s.Time, s.LimitBytes, s.WorkingSet.Known = noon.Add(time.Second), gossip.Some[int64](600*mebi), false
		s.SomeAvg10 = gossip.Some(0.0)
	})
	got = recommend.Default().For(observeOne(t, append(events, restarted)...), newMemoryPod())
	require.Len(t, got, 1, "the verdict stands, and so does the advice")
	require.Contains(t, got[0].Reason, "until the container restarted or its limit or request changed")

	a := gossip.New(gossip.Options{})
	for _, e := range append(events, newKill(512)) {
		a.Observe(e)
	}
	f, ok := a.Finding(newKill(512).Subject())
	require.True(t, ok)
	got = recommend.Default().For(f, newMemoryPod())
	require.Len(t, got, 1, "no higher limit for a leak")
	require.Equal(t, "memory-leak", got[0].Rule)
	require.Contains(t, got[0].Reason, "until it was killed")
}

func TestStandingMemoryVerdictWaitsForNewSamples(t *testing.T) {
	nothing := func(s *gossip.MemorySample) {
		s.Time, s.ContainerID = noon.Add(10*time.Second), "c2"
		s.WorkingSet.Known, s.LimitBytes.Known, s.SomeAvg10 = false, false, gossip.Some(0.0)
	}
	got := recommend.Default().For(observeOne(t, newUsage(500, func(s *gossip.MemorySample) {
		s.ContainerID, s.LimitHits = "c1", gossip.Some[int64](1)
	}), newUsage(0, nothing)), newMemoryPod())
	require.Len(t, got, 1)
	require.Contains(t, got[0].Reason, "wait for new samples")
}

func TestNetworkRulesAdviseAboveTheirOwnThreshold(t *testing.T) {
	sample := func(change ...func(*gossip.NetworkSample)) gossip.Finding {
		s := gossip.NetworkSample{
			Origin: gossip.Origin{Time: noon, Namespace: "shop", Pod: "api-7f9c-x1", Period: time.Minute},
		}
		for _, f := range change {
			f(&s)
		}
		return observeOne(t, s)
	}
	rules := func(f gossip.Finding) []string {
		var all []string
		for _, r := range recommend.Default().For(f, gossip.Pod{}) {
			require.Nil(t, r.Target)
			require.Empty(t, commandsOf(r))
			require.NotEmpty(t, r.Action)
			require.LessOrEqual(t, len(r.Action), 256)
			all = append(all, fmt.Sprintf("%s %s: %s %s", r.Rule, r.Priority, r.Reason, r.Evidence))
		}
		return all
	}
	some := gossip.Some[int64]
	require.Equal(t, []string{
		"investigate-retransmits Warning: 2.00% of TCP segments were sent again. 240 of 12000 segments sent again, 5 of " +
			"10000 packets dropped, " +
			"60 failed connects, p99 latency 20ms, 1 of 1 samples in 1m0s",
		"investigate-connects High: 60 TCP connects failed, 60.0 a minute. 240 of 12000 segments sent again, 5 of 10000 " +
			"packets dropped, " +
			"60 failed connects, p99 latency 20ms, 1 of 1 samples in 1m0s",
	}, rules(sample(func(s *gossip.NetworkSample) {
		s.Segments, s.Retransmits, s.RxPackets, s.RxDrops = some(12000), some(240), some(10000), some(5)
		s.FailedConnects = some(60)
		s.LatencyP99 = gossip.Some(20 * time.Millisecond)
	})))
	require.Equal(t, []string{
		"investigate-drops High: 1.50% of packets were dropped, as the source reported without counts. 1.50% of packets " +
			"dropped, as the source reported, " +
			"1 of 1 samples in 1m0s",
	}, rules(sample(func(s *gossip.NetworkSample) { s.DropShare = gossip.Some(0.015) })))
	require.Empty(
		t, rules(sample(func(s *gossip.NetworkSample) { s.Segments, s.Retransmits = some(10), some(10) })),
		"not measured is not advised about",
	)
}
