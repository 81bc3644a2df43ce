package demo

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

	play func(context.Context, *show) error
}

// Scenarios are all of them, in the order of the talk.
func Scenarios() []Scenario {
	return []Scenario{
		{"birth", "BIRTH · what one start of a web server costs the kernel", birth},
		{"throttle", "METRICS LIE · a container that is slow while its CPU looks idle", throttle},
		{"memory", "MEMORY · the climb, and a kill that nobody sees", memory},
		{"network", "NETWORK · a client that is fine, says Kubernetes", network},
	}
}

// Find returns the scenario of that name, or all for "all".
func Find(name string) ([]Scenario, error) {
	all := Scenarios()
	if name == "all" {
		return all, nil
	}
	i := slices.IndexFunc(all, func(s Scenario) bool { return s.Name == name })
	if i < 0 {
		names := []string{"all"}
		for _, s := range all {
			names = append(names, s.Name)
		}
		return nil, fmt.Errorf("no scenario %q: there are %s", name, strings.Join(names, ", "))
	}
	return all[i : i+1], nil
}

// cleanUp is how long clean-up may take, after a cancelled run too.
const cleanUp = 2 * time.Minute

// Play shows scenarios one after the other, and takes away what each made. The error is of the first that did not come to its end.
func Play(ctx context.Context, st *stage.Stage, source Source, scenarios []Scenario) error {
	for _, s := range scenarios {
		if err := play(ctx, st, source, s); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return nil
}

func play(ctx context.Context, st *stage.Stage, source Source, s Scenario) (err error) {
	begin := time.Now()
	st.Title(s.Title)
	if err := source.End(ctx); err != nil {
		return fmt.Errorf("clean up before: %w", err)
	}
	defer func() {
		patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUp)
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
	return s.play(ctx, &show{Stage: st, source: source})
}
