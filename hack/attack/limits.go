package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
)

// memoryLimits are the limits of memory in a manifest.
type memoryLimits struct {
	goMemory string // GOMEMLIMIT
	bytes    int64  // at which the kernel kills the container
}

// readLimits reads the limits of the first container of a Deployment.
func readLimits(file string) (memoryLimits, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return memoryLimits{}, err
	}
	l, err := parseLimits(text)
	if err != nil {
		return memoryLimits{}, fmt.Errorf("%s: %w", file, err)
	}
	return l, nil
}

func parseLimits(text []byte) (memoryLimits, error) {
	var d appsv1.Deployment
	if err := yaml.Unmarshal(text, &d); err != nil {
		return memoryLimits{}, err
	}
	if len(d.Spec.Template.Spec.Containers) == 0 {
		return memoryLimits{}, errors.New("no container")
	}
	container := d.Spec.Template.Spec.Containers[0]
	l := memoryLimits{bytes: container.Resources.Limits.Memory().Value()}
	for _, e := range container.Env {
		if e.Name == "GOMEMLIMIT" {
			l.goMemory = e.Value
		}
	}
	if l.bytes == 0 || l.goMemory == "" {
		return memoryLimits{}, errors.New("no memory limit, or no GOMEMLIMIT")
	}
	return l, nil
}

// attackTimes are how long the parts of an attack take.
type attackTimes struct {
	flood time.Duration // of what could go on forever
	away  time.Duration // of the API server
}

// planTimes divides the time for all attacks. A minute has room for no outage that costs the lease, which is lost after
// less than a minute.
func planTimes(all time.Duration) attackTimes {
	if all < 2*time.Minute {
		return attackTimes{flood: 4 * time.Second, away: 3 * time.Second}
	}
	return attackTimes{flood: min(30*time.Second, all/20), away: 65 * time.Second}
}
