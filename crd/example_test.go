package crd_test

import (
	"fmt"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// A finding becomes an object. Figures that were not measured are absent from its status.
func ExampleNew() {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	finding := gossip.CPUThrottling{
		Report: gossip.Report{
			About:   gossip.Subject{Kind: gossip.KindCPUThrottling, Namespace: "shop", Pod: "api-0", Container: "app"},
			Level:   gossip.SeverityWarning,
			Reason:  gossip.ReasonThrottled,
			At:      at,
			History: gossip.History{First: at, Last: at, Worst: gossip.SeverityWarning, Transition: at},
			Covered: gossip.Coverage{Window: 10 * time.Second, Samples: 1, Expected: 1, Epochs: 1},
		},
		Throttled: gossip.Some(0.305),
		Limit:     gossip.Some(0.5),
	}
	whisper := crd.New(crd.Report{Now: finding}).(*v1alpha1.KernelWhisper)
	text, err := yaml.Marshal(map[string]any{whisper.Name: whisper.Status})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(string(text))
	// Output:
	// api-0.app.cputhrottling:
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
	//     severity: Warning
	//   severity: Warning
	//   worst:
	//     endTime: "2026-03-01T12:00:00Z"
	//     reason: Throttled
	//     startTime: "2026-03-01T11:59:50Z"
}

// The operator writes an object only when there is news.
func ExampleNews() {
	finding := gossip.CPUThrottling{
		Report:    gossip.Report{Level: gossip.SeverityWarning, Reason: gossip.ReasonThrottled},
		Throttled: gossip.Some(0.31),
	}
	written := crd.New(crd.Report{Now: finding})
	for _, share := range []float64{0.34, 0.36} {
		finding.Throttled = gossip.Some(share)
		fmt.Println(share, crd.News(written, crd.New(crd.Report{Now: finding})))
	}
	// Output:
	// 0.34 false
	// 0.36 true
}
