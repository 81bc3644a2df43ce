package crd_test

import (
	"fmt"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// What the pods of a workload show becomes one object. Figures that were not measured are absent from its status.
func ExampleNew() {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	web := gossip.Workload{Group: "apps", Version: "v1", Kind: "Deployment", Name: "web"}
	var pods []gossip.PodFinding
	for name, share := range map[string]float64{"web-5c9f7b6d4-bk2z6": 0.112, "web-5c9f7b6d4-x8k27": 0.305} {
		pods = append(pods, gossip.PodFinding{Workload: web, Revision: "5c9f7b6d4", Now: gossip.CPUThrottling{
			Report: gossip.Report{
				About:   gossip.Subject{Kind: gossip.KindCPUThrottling, Namespace: "shop", Pod: name, Container: "app"},
				Level:   gossip.SeverityWarning,
				Reason:  gossip.ReasonThrottled,
				At:      at,
				History: gossip.History{First: at, Last: at, Worst: gossip.SeverityWarning, Transition: at},
				Covered: gossip.Coverage{Window: 10 * time.Second, Samples: 1, Expected: 1, Epochs: 1},
			},
			Throttled: gossip.Some(share),
			Limit:     gossip.Some(0.5),
		}})
	}
	for _, finding := range gossip.RollUp(pods, gossip.Options{}, nil) {
		whisper := crd.New(crd.Report{Finding: finding}).(*v1alpha1.KernelWhisper)
		text, err := yaml.Marshal(map[string]any{whisper.Name: whisper.Status})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Print(string(text))
	}
	// Output:
	// deployment.web.app.cputhrottling:
	//   conditions:
	//   - lastTransitionTime: "2026-03-01T12:00:00Z"
	//     message: The kernel refused to run the container in 31% of its periods, under
	//       a CPU limit of 500m.
	//     observedGeneration: 1
	//     reason: Throttled
	//     status: "True"
	//     type: Throttled
	//   coverage:
	//     confidence: Low
	//     dropped: 0
	//     epochs: 1
	//     expectedSamples: 1
	//     gaps: 0
	//     samples: 1
	//     windowSeconds: 10
	//   firstSeenTime: "2026-03-01T12:00:00Z"
	//   kernelSays: throttled in 31% of periods
	//   kernelTruth:
	//     cpu:
	//       throttledPercent: 31
	//   lastSeenTime: "2026-03-01T12:00:00Z"
	//   metricsLie:
	//     cpu:
	//       limit: 500m
	//   metricsSay: not measured
	//   now:
	//     kernelSays: throttled in 31% of periods
	//     pod:
	//       name: web-5c9f7b6d4-x8k27
	//       revision: 5c9f7b6d4
	//     severity: Warning
	//   pods:
	//     affected: 2
	//     affectedOfSeen: 2/2
	//     list:
	//     - name: web-5c9f7b6d4-x8k27
	//       revision: 5c9f7b6d4
	//       severity: Warning
	//     - name: web-5c9f7b6d4-bk2z6
	//       revision: 5c9f7b6d4
	//       severity: Warning
	//     seen: 2
	//   severity: Warning
	//   worst:
	//     endTime: "2026-03-01T12:00:00Z"
	//     pod:
	//       name: web-5c9f7b6d4-x8k27
	//       revision: 5c9f7b6d4
	//     reason: Throttled
	//     startTime: "2026-03-01T11:59:50Z"
}

// The operator writes an object only when there is news.
func ExampleNews() {
	throttled := func(share float64) crd.Object {
		pod := gossip.PodFinding{Now: gossip.CPUThrottling{
			Report: gossip.Report{
				About: gossip.Subject{Kind: gossip.KindCPUThrottling, Namespace: "shop", Pod: "api-0", Container: "app"},
				Level: gossip.SeverityWarning, Reason: gossip.ReasonThrottled,
			},
			Throttled: gossip.Some(share),
		}}
		return crd.New(crd.Report{Finding: gossip.RollUp([]gossip.PodFinding{pod}, gossip.Options{}, nil)[0]})
	}
	written := throttled(0.31)
	for _, share := range []float64{0.34, 0.36} {
		fmt.Println(share, crd.News(written, throttled(share)))
	}
	// Output:
	// 0.34 false
	// 0.36 true
}
