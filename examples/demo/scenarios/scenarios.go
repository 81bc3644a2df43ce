// Package scenarios shows what the kernel knows and Kubernetes does not, in four scenarios: birth, throttle, memory,
// network. Each runs pods, waits for what the operator writes about them, and puts both sides next to each other.
//
// Every figure is one of an object of this run, or of a command of this run with its output or its name; if objects
// come from a recording, each view says so. birth.md, throttle.md, memory.md and network.md are for the person who
// presents them.
//
// The steps of a scenario ask a [Source] for objects and give them to a view; a view is a function of objects alone. So
// a live pod and a recorded one are shown in the same way.
package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/stage"
)

// Scenario is one story of the demo.
type Scenario struct {
	Name  string // birth, throttle, memory, network
	Title string

	steps func(*show) []step
}

// Scenarios returns all scenarios, in the order of the talk.
func Scenarios() []Scenario {
	return []Scenario{
		{"birth", "BIRTH · what one start of a web server costs the kernel", birthSteps},
		{"throttle", "METRICS LIE · a container that is slow while its CPU looks idle", throttleSteps},
		{"memory", "MEMORY · the climb, and a kill that nobody sees", memorySteps},
		{"network", "NETWORK · a client that is fine, says Kubernetes", networkSteps},
	}
}

// Find returns the scenario of that name, or all for "all".
func Find(name string) ([]Scenario, error) {
	all := Scenarios()
	names := []string{"all"}
	for _, s := range all {
		names = append(names, s.Name)
	}
	switch i := slices.Index(names, name); i {
	case -1:
		return nil, fmt.Errorf("no scenario %q: there are %s", name, strings.Join(names, ", "))
	case 0:
		return all, nil
	default:
		return all[i-1 : i], nil
	}
}

// Play shows scenarios one after the other, and deletes what each made. The error belongs to the first which did not
// come to its end.
func Play(ctx context.Context, st *stage.Stage, source Source, scenarios []Scenario) error {
	for _, s := range scenarios {
		if err := s.playAlone(ctx, st, source); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return nil
}

func (s Scenario) playAlone(ctx context.Context, st *stage.Stage, source Source) (err error) {
	begin := time.Now()
	st.Title(s.Title)
	if err := source.End(ctx); err != nil {
		return fmt.Errorf("clean up before: %w", err)
	}
	defer func() {
		patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
		defer cancel()
		st.Note("")
		st.Note("Cleaning up …")
		if left := source.End(patient); left != nil {
			err = errors.Join(err, fmt.Errorf("clean up: %w", left))
			return
		}
		st.Note("The demo's namespaces are gone; %s took %s.", s.Name, time.Since(begin).Round(time.Second))
	}()
	if err := source.Begin(ctx, s.Name); err != nil {
		return err
	}
	on := &show{Stage: st, source: source}
	return on.playSteps(ctx, s.steps(on))
}
