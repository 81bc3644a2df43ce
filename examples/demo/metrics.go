package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

// summary is the part of the kubelet's summary API (stats/summary) that is looked at.
type summary struct {
	Pods []struct {
		PodRef     struct{ UID string }
		Containers []struct {
			Name string
			CPU  struct {
				Time           time.Time
				UsageNanoCores *int64
			}
			Memory struct{ WorkingSetBytes *int64 }
		}
	}
}

// Usage asks the kubelet's summary API: what metrics-server, and so `kubectl top`, would show.
func (l *Live) Usage(ctx context.Context, role string) (*Usage, error) {
	pod, err := l.Pod(ctx, role)
	if err != nil || pod == nil || pod.Spec.NodeName == "" {
		return nil, err
	}
	out, err := l.Kubectl.Run(ctx, nil, "get", "--raw", "/api/v1/nodes/"+pod.Spec.NodeName+"/proxy/stats/summary")
	if err != nil {
		return nil, err
	}
	var s summary
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		return nil, fmt.Errorf("the kubelet's summary: %w", err)
	}
	for _, p := range s.Pods {
		for _, c := range p.Containers {
			if p.PodRef.UID != string(pod.UID) || c.Name != pod.Spec.Containers[0].Name {
				continue
			}
			u := &Usage{From: "kubelet's summary", At: c.CPU.Time}
			if n := c.CPU.UsageNanoCores; n != nil {
				u.CPU = resource.NewScaledQuantity(*n, resource.Nano)
			}
			if n := c.Memory.WorkingSetBytes; n != nil {
				u.Memory = resource.NewQuantity(*n, resource.BinarySI)
			}
			return u, nil
		}
	}
	return nil, nil
}

// newestPieces is how many pieces of work a latency is the median of.
const newestPieces = 20

// Latency reads the log of the worker, which has a line on each piece of work.
func (l *Live) Latency(ctx context.Context, role string) (*Latency, error) {
	log, err := l.Kubectl.Run(ctx, nil, "logs", "--namespace", Namespace, role, fmt.Sprint("--tail=", newestPieces+newestPieces/10+1))
	if err != nil {
		return nil, err
	}
	return latency(log)
}

// latency reads lines like "thread=0 burst=7 cpu=25.002ms wall=213.1ms"; others are passed over. It is nil when there is none.
func latency(log string) (*Latency, error) {
	var works, walls []time.Duration
	lines := bufio.NewScanner(strings.NewReader(log))
	for lines.Scan() {
		var thread, burst int
		var cpu, wall string
		if _, err := fmt.Sscanf(lines.Text(), "thread=%d burst=%d cpu=%s wall=%s", &thread, &burst, &cpu, &wall); err != nil {
			continue
		}
		work, err1 := time.ParseDuration(cpu)
		took, err2 := time.ParseDuration(wall)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("the worker's log: %w", err)
		}
		works, walls = append(works, work), append(walls, took)
	}
	if len(walls) == 0 {
		return nil, lines.Err()
	}
	walls = walls[max(0, len(walls)-newestPieces):]
	return &Latency{Work: median(works), Median: median(walls), Pieces: len(walls)}, lines.Err()
}

// median is the middle one, the lower of two.
func median(of []time.Duration) time.Duration {
	s := slices.Sorted(slices.Values(of))
	return s[(len(s)-1)/2]
}
