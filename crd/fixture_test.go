package crd_test

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// noon is the event time of all fixtures.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 700_000_000, time.UTC)

const podUID = "6f1f5a3e-0b0e-4c7e-9a53-0d8f4c1f7a11"

func quantityOf(s string) *resource.Quantity {
	v := resource.MustParse(s)
	return &v
}

// aWeek is what the operator keeps.
var aWeek = gossip.Options{Window: 15 * time.Minute, Horizon: 7 * 24 * time.Hour}

// web is the workload of fixtures with several pods.
var web = gossip.Workload{
	Group: "apps", Version: "v1", Kind: "Deployment", Name: "web", UID: "0b7c2d6e-2f1a-4d0c-8f55-9a1c3e5d7f90",
}

// needTwice says that a container needs twice its limit, and more by the throttled share of a core.
func needTwice(_ gossip.PodFinding, f gossip.Finding) gossip.Need {
	c, ok := f.(gossip.CPUThrottling)
	if !ok {
		return gossip.Need{}
	}
	n := gossip.Need{Current: c.Limit}
	if c.Level >= gossip.SeverityInfo {
		n.Target = gossip.Some(2*c.Limit.Value + c.Throttled.Value)
	}
	return n
}

// rollPods returns the finding about the one workload of some pods, with what was stored of it.
func rollPods(pods []gossip.PodFinding, kept ...gossip.WorkloadFinding) gossip.WorkloadFinding {
	all := gossip.RollUp(pods, aWeek, needTwice, kept...)
	if len(all) != 1 {
		panic(fmt.Sprintf("%d workloads have a finding, and not one", len(all)))
	}
	return all[0]
}

// reportOf returns the report about a pod that nothing controls.
func reportOf(now gossip.Finding, windows ...gossip.WorstWindow) crd.Report {
	return crd.Report{Finding: rollPods([]gossip.PodFinding{{Now: now, Windows: windows}})}
}

// adviseOn returns the same with advice.
func adviseOn(now gossip.Finding, advice ...recommend.Recommendation) crd.Report {
	r := reportOf(now)
	r.Advice = advice
	return r
}

// whisperOf returns the whisper about a pod that nothing controls.
func whisperOf(now gossip.Finding, windows ...gossip.WorstWindow) *v1alpha1.KernelWhisper {
	return crd.New(reportOf(now, windows...)).(*v1alpha1.KernelWhisper)
}

// inPod returns a finding as one about that pod, in web.
func inPod(pod string, f gossip.CPUThrottling) gossip.PodFinding {
	f.About.Pod, f.PodUID = pod, "uid-of-"+pod
	return gossip.PodFinding{Now: f, Workload: web, Revision: "5c9f7b6d4", Node: "node-" + pod[len(pod)-1:]}
}

// throttledIn returns a finding with that number of 56 periods throttled.
func throttledIn(periods int64, level gossip.Severity) gossip.CPUThrottling {
	f := hiddenThrottling()
	f.Level, f.ThrottledPeriods, f.Throttled = level, gossip.Some(periods), gossip.Some(float64(periods)/56)
	f.ThrottledTime = gossip.Some(time.Duration(periods) * f.MeanWait.Value)
	if level < gossip.SeverityInfo {
		f.Reason, f.History = gossip.ReasonBelowThreshold, gossip.History{Transition: f.At}
	}
	return f
}

// adviseHidden returns the example of the README: a Deployment of three pods, two of them in trouble, with its advice.
func adviseHidden() crd.Report {
	need := func(_ gossip.PodFinding, f gossip.Finding) gossip.Need {
		switch c := f.(gossip.CPUThrottling); c.Level {
		case gossip.SeverityCritical:
			return gossip.Need{Target: gossip.Some(1.0), Current: c.Limit}
		case gossip.SeverityInfo:
			return gossip.Need{Target: gossip.Some(0.15), Current: c.Limit}
		default:
			return gossip.Need{Current: c.Limit}
		}
	}
	return crd.Report{Finding: gossip.RollUp([]gossip.PodFinding{
		inPod("web-5c9f7b6d4-bk2z6", throttledIn(6, gossip.SeverityInfo)),
		inPod("web-5c9f7b6d4-x8k27", hiddenThrottling()),
		inPod("web-5c9f7b6d4-zv4c8", throttledIn(0, gossip.SeverityNone)),
	}, aWeek, need)[0], Advice: []recommend.Recommendation{raiseAdvice()}}
}

// hiddenThrottling returns the example of the API's documentation: an illustration, not a measurement.
func hiddenThrottling() gossip.CPUThrottling {
	return gossip.CPUThrottling{
		Report: gossip.Report{
			About:  gossip.Subject{Kind: gossip.KindCPUThrottling, Namespace: "shop", Pod: "api-0", Container: "app"},
			PodUID: podUID,
			At:     noon,
			Level:  gossip.SeverityCritical,
			Reason: gossip.ReasonThrottledWhileCPULow,
			History: gossip.History{
				First: noon.Add(-10 * time.Second), Last: noon, Worst: gossip.SeverityCritical,
				Transition: noon.Add(-10 * time.Second),
			},
			Covered: gossip.Coverage{
				Window: 15 * time.Second, Samples: 3, Expected: 3, Epochs: 1, Confidence: gossip.ConfidenceHigh,
				Missing: []string{"threads"}, Source: "recorder",
			},
		},
		Periods:          gossip.Some[int64](56),
		ThrottledPeriods: gossip.Some[int64](45),
		Throttled:        gossip.Some(45.0 / 56),
		ThrottledTime:    gossip.Some(3300 * time.Millisecond),
		MeanWait:         gossip.Some(3300 * time.Millisecond / 45),
		Active:           gossip.Some(5.6 / 15),
		Usage:            gossip.Some(0.033),
		UsedOfLimit:      gossip.Some(0.33),
		Limit:            gossip.Some(0.1),
	}
}

func raiseAdvice() recommend.Recommendation {
	const resize = `kubectl --namespace shop patch pod api-0 --subresource resize ` +
		`--patch '{"spec":{"containers":[{"name":"app"}]}}'`
	return recommend.Recommendation{
		Rule:     "raise-cpu-limit",
		Summary:  "cpu limit 100m → 1 core",
		Priority: gossip.SeverityCritical,
		Action:   "Raise the CPU limit of container app from 100m to 1.",
		Reason:   "That is what its bursts need to finish within a period.",
		Evidence: "45 of 56 periods throttled (80%), mean wait 73ms",
		Current:  quantityOf("100m"), Target: quantityOf("1"), Lower: quantityOf("150m"), Upper: quantityOf("2"),
		Resize:   []string{resize},
		Rollback: []string{resize},
		Risk:     "The node may be overcommitted further.",
	}
}

// podBirth returns a birth in time that names its longest stage.
func podBirth() gossip.PodBirth {
	return gossip.PodBirth{
		Report: gossip.Report{
			About:   gossip.Subject{Kind: gossip.KindPodBirth, Namespace: "shop", Pod: "api-0"},
			PodUID:  podUID,
			Level:   gossip.SeverityNone,
			Reason:  gossip.ReasonWithinObjective,
			History: gossip.History{Transition: noon},
			Covered: gossip.Coverage{
				Window: 1153 * time.Millisecond, Samples: 1, Expected: 1, Epochs: 1, Confidence: gossip.ConfidenceHigh,
				Missing: []string{"image_pull_ns", "init_ns"},
			},
		},
		Creation: gossip.PodCreation{
			Origin:        gossip.Origin{Time: noon, Namespace: "shop", Pod: "api-0", PodUID: podUID},
			TotalSyscalls: gossip.Some[int64](13942), NamespaceOps: gossip.Some[int64](5), CgroupWrites: gossip.Some[int64](518),
			Duration: 1153 * time.Millisecond,
			Execs:    gossip.Some[int64](20), Processes: gossip.Some[int64](103), Mounts: gossip.Some[int64](101),
			IPTablesRules: gossip.Some[int64](0),
			Timeline: []gossip.Step{
				{Actor: gossip.ActorKernel, Action: "first cgroup directory"},
				{Offset: 420 * time.Millisecond, Actor: gossip.ActorRuntime, Action: "sandbox exec", Details: "pause"},
				{Offset: 1153 * time.Millisecond, Actor: gossip.ActorRuntime, Action: "container exec", Details: "app"},
			},
		},
		Own:     1153 * time.Millisecond,
		Longest: gossip.Stage{Name: "sandbox exec → container exec", Duration: 733 * time.Millisecond},
	}
}

// memoryFinding, oomFinding and networkFinding return illustrations, not measurements. Their reports say only what they
// are about.
func memoryFinding() gossip.MemoryPressure {
	return gossip.MemoryPressure{
		Report: gossip.Report{
			About: gossip.Subject{Kind: gossip.KindMemoryPressure, Namespace: "shop", Pod: "api-0", Container: "app"},
		},
		WorkingSet: gossip.Some[int64](470 << 20), Peak: gossip.Some[int64](480 << 20), Limit: gossip.Some[int64](512 << 20),
		UsedOfLimit: gossip.Some(0.9375),
		SomeAvg60:   gossip.Some(0.125), FullAvg10: gossip.Some(0.031), MajorFaults: gossip.Some[int64](40),
		LimitHits: gossip.Some[int64](7),
		Kills:     gossip.Some[int64](0),
	}
}

func oomFinding() gossip.OOMKilled {
	return gossip.OOMKilled{
		Report: gossip.Report{
			About: gossip.Subject{Kind: gossip.KindOOMKill, Namespace: "shop", Pod: "api-0", Container: "app"},
		},
		Kills: 3, LastKill: noon, VictimPID: gossip.Some[int64](4711), VictimComm: "java", Scope: gossip.ScopeMemcg,
		ContainerID: "c1",
		Usage:       gossip.Some[int64](512 << 20), Peak: gossip.Some[int64](512 << 20), Limit: gossip.Some[int64](512 << 20),
	}
}

func networkFinding() gossip.NetworkIssue {
	return gossip.NetworkIssue{
		Report: gossip.Report{
			About: gossip.Subject{Kind: gossip.KindNetworkIssue, Namespace: "shop", Pod: "api-0"},
		},
		Segments: gossip.Some[int64](12_000), Retransmits: gossip.Some[int64](240), Retransmitted: gossip.Some(0.02),
		Packets: gossip.Some[int64](9000), Drops: gossip.Some[int64](0), Dropped: gossip.Some(0.0),
		FailedConnects: gossip.Some[int64](1),
		Latency:        gossip.Some(12 * time.Millisecond), LatencyP99: gossip.Some(80 * time.Millisecond),
	}
}

// birthWith returns podBirth with a change.
func birthWith(vary func(*gossip.PodBirth)) gossip.PodBirth {
	f := podBirth()
	vary(&f)
	return f
}
