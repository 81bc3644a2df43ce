package replay_test

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/replay"
)

// The command, with a payload on standard input. The exit code is 1, because there is a finding.
func ExampleRun() {
	payload := `{"type": "cpu_throttle", "timestamp": "2026-11-22T12:00:00Z", "namespace": "shop", "pod_name": "api-0",
		"container_name": "app", "throttle_percentage": 60, "reported_cpu_usage": 0.3, "limit_cores": 0.2}`
	code := replay.Run(nil, strings.NewReader(payload), os.Stdout, os.Stderr)
	fmt.Println("exit code", code)
	// Output:
	// SEVERITY  WORKLOAD  KERNEL SAYS                  METRICS SAY           SET                                     COVERAGE
	// High      shop/     throttled in 60% of periods  30% of the CPU limit  cpu limit 200m → 600m, then measure     Low
	//           ~api                                   of 200m               again                                   1/1 in 0s
	//           app
	//
	// Add --commands for the kubectl commands, --explain for what the rows mean.
	//
	// Owners, requests, autoscalers and limit ranges were not considered. To have them, add --pods pods.yaml, made with
	// kubectl get pods,rs,deploy,sts,ds,jobs,cronjobs,hpa,limits,quota -A -o yaml >pods.yaml
	//
	// 1 verdict on 1 pod: 1 High
	// exit code 1
}

// What the kernel did in a file, for your own program.
func ExampleAnalyze() {
	captures := []string{"../examples/captures/hidden-throttling.ndjson"}
	pods := []string{"../examples/captures/hidden-throttling.pods.yaml"}
	reports, err := replay.Analyze(captures, pods, os.Stderr)
	if err != nil {
		fmt.Println(err)
	}
	for _, r := range reports {
		about, worst := r.Finding.About, r.Finding.Worst.Window
		fmt.Println(about, worst.Finding.Severity(), worst.End.Format(time.TimeOnly))
	}
	// Output:
	// CPUThrottling hidden-throttling/Deployment api/app Critical 23:16:50
}
