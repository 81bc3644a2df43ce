package recommend_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// inTemplate changes container app in the workload's template.
func inTemplate(change func(*gossip.Container)) func(*gossip.Pod) {
	return func(p *gossip.Pod) {
		t := templateOf(*p)
		change(&t.Containers[0])
		p.Template = t
	}
}

// adviceAfter returns the advice about newSample, from 230m to 1 core, after the changes to the pod.
func adviceAfter(t *testing.T, change ...func(*gossip.Pod)) recommend.Recommendation {
	t.Helper()
	p := newPod()
	for _, f := range change {
		f(&p)
	}
	got := recommend.Default().For(observeOne(t, newSample()), p)
	require.NotEmpty(t, got)
	return got[0]
}

func formatResources(of string) string { return `"resources":{` + of + `}` }

func TestPatchesStartFromTheTemplate(t *testing.T) {
	none := gossip.Optional[float64]{}
	for what, test := range map[string]struct {
		pod        []func(*gossip.Pod)
		patch      string // resources; empty is no patch
		undo, risk string
	}{
		"the template has what the pod has": {
			patch: `"limits":{"cpu":"1"},"requests":{"cpu":"100m"}`, undo: `"limits":{"cpu":"230m"},"requests":{"cpu":"100m"}`,
		},
		"the template has less": {
			pod: []func(*gossip.Pod){
				inTemplate(func(c *gossip.Container) { c.CPULimit, c.CPURequest = gossip.Some(0.2), gossip.Some(0.05) }),
			},
			patch: `"limits":{"cpu":"1"},"requests":{"cpu":"50m"}`, undo: `"limits":{"cpu":"200m"},"requests":{"cpu":"50m"}`,
		},
		"the template has more: nothing that lowers it": {
			pod:  []func(*gossip.Pod){inTemplate(func(c *gossip.Container) { c.CPULimit = gossip.Some(2.0) })},
			risk: "The template of Deployment api has a CPU limit of 2 already: new pods get that.",
		},
		"the template has the target": {
			pod:  []func(*gossip.Pod){inTemplate(func(c *gossip.Container) { c.CPULimit = gossip.Some(1.0) })},
			risk: "has a CPU limit of 1 already",
		},
		"the template has no request: its limit was the request": {
			pod:   []func(*gossip.Pod){inTemplate(func(c *gossip.Container) { c.CPURequest = none })},
			patch: `"limits":{"cpu":"1"},"requests":{"cpu":"230m"}`, undo: `"limits":{"cpu":"230m"},"requests":{"cpu":null}`,
		},
		"the template has neither: a LimitRange gave the pod both": {
			pod:   []func(*gossip.Pod){inTemplate(func(c *gossip.Container) { c.CPURequest, c.CPULimit = none, none })},
			patch: `"limits":{"cpu":"1"},"requests":{"cpu":"100m"}`, undo: `"limits":{"cpu":null},"requests":{"cpu":null}`,
		},
		"guaranteed": {
			pod: []func(*gossip.Pod){
				guaranteed, inTemplate(func(c *gossip.Container) { c.CPURequest, c.CPULimit = gossip.Some(0.2), gossip.Some(0.2) }),
			},
			patch: `"limits":{"cpu":"1"},"requests":{"cpu":"1"}`, undo: `"limits":{"cpu":"200m"},"requests":{"cpu":"200m"}`,
		},
		"guaranteed by default: the request follows": {
			pod:   []func(*gossip.Pod){guaranteed, inTemplate(func(c *gossip.Container) { c.CPURequest = none })},
			patch: `"limits":{"cpu":"1"}`, undo: `"limits":{"cpu":"230m"}`,
		},
		"the template lacks the container": {
			pod: []func(*gossip.Pod){func(p *gossip.Pod) {
				p.Template = &gossip.Template{Containers: []gossip.Container{{Name: "web"}}}
			}},
			risk: "does not have container app: something, a webhook most likely, puts it into the pods. Change it there.",
		},
		"a webhook's container, by its mark": {
			pod: []func(*gossip.Pod){func(p *gossip.Pod) {
				p.Containers[0].Injector, p.Template = "Istio", nil
			}},
			risk: "Istio puts it into the pods. Set the annotation sidecar.istio.io/proxyCPULimit: 1 on the template.",
		},
		"a workload that something else makes": {
			pod:   []func(*gossip.Pod){func(p *gossip.Pod) { p.Template.Maker = "Helm release shop" }},
			patch: `"limits":{"cpu":"1"},"requests":{"cpu":"100m"}`, undo: `"limits":{"cpu":"230m"},"requests":{"cpu":"100m"}`,
			risk: "Helm release shop made the Deployment and may take the patch back: change it there, too.",
		},
		"pods that wait": {
			pod:   []func(*gossip.Pod){func(p *gossip.Pod) { p.Template.Waits = true }},
			patch: `"limits":{"cpu":"1"},"requests":{"cpu":"100m"}`, undo: `"limits":{"cpu":"230m"},"requests":{"cpu":"100m"}`,
			risk: "follow when they are made anew",
		},
	} {
		t.Run(what, func(t *testing.T) {
			r := adviceAfter(t, test.pod...)
			require.NotNil(t, r.Target, r.Reason)
			require.Contains(t, r.Risk, test.risk)
			if test.patch == "" {
				require.Empty(t, r.Patch)
				require.NotContains(t, commandsOf(r), "patch deployment")
				return
			}
			require.Contains(t, r.Patch, formatResources(test.patch))
			require.Len(t, r.Rollback, 2)
			require.Contains(t, r.Rollback[1], formatResources(test.undo))
		})
	}
}

// The pod gets its own values back, and the template its own.
func TestRollbacksGoBackToWhatEachHad(t *testing.T) {
	r := adviceAfter(
		t, inTemplate(func(c *gossip.Container) { c.CPULimit = gossip.Some(0.2) }),
		func(p *gossip.Pod) { p.Containers[0].CPULimit = gossip.Some(0.5) },
	)
	require.Len(t, r.Rollback, 2)
	require.Contains(t, r.Rollback[0], `"limits":{"cpu":"500m"}`)
	require.Contains(t, r.Rollback[1], `"limits":{"cpu":"200m"}`)
	require.Equal(t, "230m", r.Current.String(), "which is what was measured")
}

func TestWhatTheClusterSaysAgainstAChange(t *testing.T) {
	deferred := gossip.PendingResize{State: "Deferred", Message: "no room", Since: noon}
	asks := func(cpu float64) *gossip.Resources {
		return &gossip.Resources{
			CPURequest: gossip.Some(0.1), CPULimit: gossip.Some(cpu), MemoryRequest: gossip.Some[int64](64 << 20),
			MemoryLimit: gossip.Some[int64](64 << 20),
		}
	}
	for what, test := range map[string]struct {
		pod    func(*gossip.Pod)
		reason string // of a refusal; empty is a number
	}{
		"an autoscaler sets it": {
			func(p *gossip.Pod) {
				p.Containers[0].CPUSetter = gossip.Setter{Name: "VerticalPodAutoscaler v", Most: "500m"}
			},
			"VerticalPodAutoscaler v sets its CPU requests and limits: change its policy (maxAllowed is 500m)",
		},
		"an autoscaler of memory": {
			func(p *gossip.Pod) { p.Containers[0].MemorySetter = gossip.Setter{Name: "VerticalPodAutoscaler v"} }, "",
		},
		"an autoscaler of requests": {func(p *gossip.Pod) {
			p.Containers[0].CPUSetter = gossip.Setter{Name: "VerticalPodAutoscaler v", RequestsOnly: true}
		}, ""},
		"an autoscaler of requests, guaranteed": {
			func(p *gossip.Pod) {
				guaranteed(p)
				p.Containers[0].CPUSetter = gossip.Setter{Name: "VerticalPodAutoscaler v", RequestsOnly: true}
			},
			"VerticalPodAutoscaler v sets its CPU request: change its policy",
		},
		"a resize is pending": {
			func(p *gossip.Pod) { p.Resize, p.Containers[0].Asked = &deferred, asks(2) },
			"A resize of its CPU limit to 2 is Deferred since 2026-11-22T12:00:00Z; the kubelet says: no room (the estimate " +
				"is 1)",
		},
		"a resize that never will be": {
			func(p *gossip.Pod) {
				p.Resize, p.Containers[0].Asked = &gossip.PendingResize{State: "Infeasible"}, asks(100)
			},
			"A resize of its CPU limit to 100 is Infeasible; this node will never admit it",
		},
		"the record has a limit, and the pod none": {
			func(p *gossip.Pod) { p.Containers[0].CPULimit = gossip.Optional[float64]{} },
			"The records have a CPU limit of 230m, and the pod has none",
		},
		"the pod has more by now": {
			func(p *gossip.Pod) { p.Containers[0].CPULimit = gossip.Some(1.5) },
			"Its CPU limit is 1500m by now, measured was one of 230m",
		},
		"the pod has no such container now": {
			func(p *gossip.Pod) { p.Containers[0].Name = "web" }, "The pod has no container app now",
		},
		"a quota of limits": {
			func(p *gossip.Pod) {
				p.Quotas = []gossip.Quota{{Name: "q", Left: gossip.Resources{CPULimit: gossip.Some(0.5)}}}
			},
			"ResourceQuota q leaves 500m of limits.cpu, and the change needs 770m more for each pod",
		},
		"a quota that is used up": {
			func(p *gossip.Pod) {
				p.Quotas = []gossip.Quota{{Name: "q", Left: gossip.Resources{CPULimit: gossip.Some(-1.0)}}}
			},
			"ResourceQuota q leaves 0 of limits.cpu",
		},
		"a quota of requests": {func(p *gossip.Pod) {
			p.Quotas = []gossip.Quota{{Name: "q", Left: gossip.Resources{CPURequest: gossip.Some(0.1)}}}
		}, ""},
		"a quota of requests, guaranteed": {func(p *gossip.Pod) {
			guaranteed(p)
			p.Quotas = []gossip.Quota{{Name: "q", Left: gossip.Resources{CPURequest: gossip.Some(0.1)}}}
		}, "ResourceQuota q leaves 100m of requests.cpu"},
		"a quota with room": {func(p *gossip.Pod) {
			p.Quotas = []gossip.Quota{{Name: "q", Left: gossip.Resources{CPULimit: gossip.Some(0.77)}}}
		}, ""},
		"the pod as a whole may have less": {
			func(p *gossip.Pod) { p.CPULimit = gossip.Some(0.5) },
			"The pod as a whole has a CPU limit of 500m, and no container may have more",
		},
	} {
		t.Run(what, func(t *testing.T) {
			p := newPod(test.pod)
			r := recommend.Default().For(observeOne(t, newSample()), p)[0]
			if test.reason == "" {
				require.NotNil(t, r.Target, r.Reason)
				return
			}
			require.Nil(t, r.Target)
			require.Contains(t, r.Reason, test.reason)
			require.Contains(
				t, r.Reason, "(the estimate is 1)", "the number is said, for whoever can change what speaks against it",
			)
			require.Empty(t, commandsOf(r))
		})
	}
}

func TestPodsThatCannotBeResizedKeepTheirPatch(t *testing.T) {
	for what, test := range map[string]struct {
		pod  func(*gossip.Pod)
		risk string
	}{
		"finished": {
			func(p *gossip.Pod) { p.Ended = true },
			"The pod has finished or is being deleted: only its template can be changed.",
		},
		"replaced":    {func(p *gossip.Pod) { p.Replaced = true }, "a newer one has its name"},
		"an old node": {func(p *gossip.Pod) { p.Fixed = true }, "Kubernetes 1.33 and newer can"},
		"another resize": {
			func(p *gossip.Pod) { p.Resize = &gossip.PendingResize{State: "Deferred"} },
			"wait for an earlier one, which is Deferred",
		},
	} {
		t.Run(what, func(t *testing.T) {
			r := recommend.Default().For(observeOne(t, newSample()), newPod(test.pod))[0]
			require.NotNil(t, r.Target)
			require.Empty(t, r.Resize)
			require.NotEmpty(t, r.Patch)
			require.NotContains(t, commandsOf(r), "patch pod")
			require.Contains(t, r.Risk, test.risk)
		})
	}
}

// A limit of the pod as a whole that hurts or caused a kill gets a number of its own.
func TestThePodsOwnMemoryLimit(t *testing.T) {
	whole := func(change ...func(*gossip.Pod)) gossip.Pod {
		p := newMemoryPod()
		p.MemoryLimit, p.MemoryRequest = gossip.Some[int64](600*mebi), gossip.Some[int64](200*mebi)
		for _, f := range change {
			f(&p)
		}
		p.Template = templateOf(p)
		return p
	}
	noLimit := func(k *gossip.OOMKill) { k.LimitBytes = gossip.Some[int64](0) }
	global := func(k *gossip.OOMKill) { k.Scope = gossip.ScopeGlobal }
	killedByPod := newKill(300) // of 512Mi
	killedByPod.Scope = gossip.ScopeMemcg
	for what, test := range map[string]struct {
		event  gossip.Event
		pod    gossip.Pod
		rule   string
		target string
	}{
		"killed below its own limit": {event: killedByPod, pod: whole(), rule: "raise-pod-memory-limit", target: "720Mi"},
		"killed without one": {
			event: newKill(590, noLimit), pod: whole(func(p *gossip.Pod) { p.Containers[0].MemoryLimit.Known = false }),
			rule: "raise-pod-memory-limit", target: "720Mi",
		},
		"killed at its own limit": {event: newKill(512), pod: whole(), rule: "raise-memory-limit"},
		"killed by the node":      {event: newKill(300, global), pod: whole(), rule: "node-out-of-memory"},
		"the pod waits for memory": {
			event: newUsage(590, func(s *gossip.MemorySample) {
				s.Container, s.LimitBytes, s.SomeAvg60 = "", gossip.Some[int64](600*mebi), gossip.Some(0.2)
			}),
			pod: whole(), rule: "raise-pod-memory-limit", target: "720Mi",
		},
	} {
		t.Run(what, func(t *testing.T) {
			got := recommend.Default().For(observeOne(t, test.event), test.pod)
			require.Len(t, got, 1)
			r := got[0]
			require.Equal(t, test.rule, r.Rule, r.Reason)
			if test.rule != "raise-pod-memory-limit" {
				return
			}
			require.Equal(t, test.target, r.Target.String())
			require.Contains(
				t, r.Resize[0], `--subresource resize --patch '{"spec":{"resources":{"limits":{"memory":"720Mi"}}}}'`,
			)
			require.Contains(
				t, r.Patch,
				`{"spec":{"template":{"spec":{"resources":{"limits":{"memory":"720Mi"},"requests":{"memory":"200Mi"}}}}}}`,
			)
			require.Contains(t, r.Rollback[0], `{"spec":{"resources":{"limits":{"memory":"600Mi"}}}}`)
		})
	}
	sum := recommend.Default().For(observeOne(t, newKill(300, noLimit, global)), whole(func(p *gossip.Pod) {
		p.Containers[0].MemoryLimit.Known = false
	}))[0]
	require.Nil(t, sum.Target)
	require.Contains(
		t, sum.Reason, "The pod as a whole requests 200Mi of memory, and its containers would request 400Mi together",
	)
}

func TestQuantitiesAreWrittenAsTheyWere(t *testing.T) {
	p := newMemoryPod()
	p.Containers[0].MemoryLimit = gossip.Some[int64](512_000_000)
	p.Template = &gossip.Template{Containers: slices.Clone(p.Containers)}
	k := newKill(400, func(k *gossip.OOMKill) {
		k.UsageBytes, k.LimitBytes = gossip.Some[int64](512_000_000), gossip.Some[int64](512_000_000)
	})
	r := recommend.Default().For(observeOne(t, k), p)[0]
	require.Contains(t, r.Rollback[0], `"limits":{"memory":"512M"}`)
	require.Equal(t, "512M", r.Current.String())
}

// Where the template is not known, the API server compares it with the pod and changes nothing if they differ.
func TestUnknownTemplatesAreGuarded(t *testing.T) {
	unknown := func(p *gossip.Pod) { p.Template = nil }
	const command = "kubectl --namespace shop patch deployment api --type json --patch "
	r := adviceAfter(t, unknown)
	require.Equal(t, command+`'[{"op":"test","path":"/spec/template/spec/containers/0/name","value":"app"},`+
		`{"op":"test","path":"/spec/template/spec/containers/0/resources/limits/cpu","value":"230m"},`+
		`{"op":"replace","path":"/spec/template/spec/containers/0/resources/limits/cpu","value":"1"}]'`, r.Patch)
	require.Len(t, r.Rollback, 2)
	require.Equal(t, command+`'[{"op":"test","path":"/spec/template/spec/containers/0/name","value":"app"},`+
		`{"op":"test","path":"/spec/template/spec/containers/0/resources/limits/cpu","value":"1"},`+
		`{"op":"replace","path":"/spec/template/spec/containers/0/resources/limits/cpu","value":"230m"}]'`, r.Rollback[1])
	require.Contains(t, r.Risk, "the patch is refused, and changes nothing, unless the template has what the pod has")

	r = adviceAfter(t, guaranteed, unknown)
	require.Contains(
		t, r.Patch, `{"op":"replace","path":"/spec/template/spec/containers/0/resources/requests/cpu","value":"1"}`,
	)

	r = adviceAfter(t, func(p *gossip.Pod) {
		p.Containers = append([]gossip.Container{{Name: "setup", Role: gossip.RoleInit}, {Name: "log"}}, p.Containers...)
		p.Containers[2].Role = gossip.RoleSidecar
	}, unknown)
	require.Contains(t, r.Patch, "/spec/template/spec/initContainers/1/resources/limits/cpu")

	r = adviceAfter(t, func(p *gossip.Pod) {
		p.Workload = gossip.Workload{Group: "batch", Version: "v1", Kind: "CronJob", Name: "report"}
	}, unknown)
	require.Contains(t, r.Patch, "/spec/jobTemplate/spec/template/spec/containers/0/resources/limits/cpu")
}
