package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/webhook"
)

const (
	podsEach = 10               // with objects before the attack, and without
	patience = 60 * time.Second // for what has to happen at last
)

// attack is one attack. The honest sender posts while it runs, unless it is quiet.
type attack struct {
	name    string
	args    []string // of the operator
	isQuiet bool
	run     func(context.Context, *scene) error
}

// scene is where an attack is played.
type scene struct {
	*testCluster

	namespace string
	times     attackTimes
	program   program
	operator  *process
	peak      int64 // of operators that have ended

	// The old pods have objects before the attack. The new ones have their first records after it.
	old, new []target

	sent, acknowledged atomic.Int64

	mu     sync.Mutex
	faults []string
}

// playAttack starts an operator, has it attacked, and returns what it did.
func (c *testCluster) playAttack(
	ctx context.Context, namespace string, p program, times attackTimes, a attack,
) outcome {
	p.kubeconfig, p.args = c.kubeconfig, a.args
	s := &scene{testCluster: c, namespace: namespace, times: times, program: p}
	out := outcome{attack: a.name}
	if err := s.beginScene(ctx); err != nil {
		s.addFault("cannot begin: " + err.Error())
	} else {
		s.runAttack(ctx, a)
		out.verdicts = s.countVerdicts(ctx)
	}
	if s.operator != nil {
		if s.operator.hasEnded() {
			s.addFault("the operator ended; see " + s.operator.log)
		} else if err := s.operator.stop(); err != nil {
			s.addFault(err.Error())
		}
		s.peak = max(s.peak, s.operator.peak.Load())
	}
	out.peak, out.sent, out.acknowledged, out.faults = s.peak, s.sent.Load(), s.acknowledged.Load(), s.faults
	return out
}

// addFault notes what is not right, once.
func (s *scene) addFault(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.faults, text) {
		s.faults = append(s.faults, text)
	}
}

// beginScene makes the pods, starts the operator, and waits until the old pods have their verdict.
func (s *scene) beginScene(ctx context.Context) (err error) {
	if err := s.makeNamespace(ctx, s.namespace); err != nil {
		return err
	}
	if s.old, err = s.makePods(ctx, s.namespace, "old", podsEach); err != nil {
		return err
	}
	if s.new, err = s.makePods(ctx, s.namespace, "new", podsEach); err != nil {
		return err
	}
	if s.operator, err = startOperator(ctx, s.program); err != nil {
		return err
	}
	body, n := historyOf(s.old)
	if err := s.postHonestly(ctx, body, n); err != nil {
		return err
	}
	return s.awaitVerdicts(ctx, s.old)
}

// runAttack runs the attack. Then the honest sender posts about the new pods, too, and all have to be right at last.
func (s *scene) runAttack(ctx context.Context, a attack) {
	observed, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { s.observeVerdicts(observed) })
	if !a.isQuiet {
		all.Go(func() { s.sendSteadily(ctx, observed.Done()) })
	}
	if err := a.run(ctx, s); err != nil {
		s.addFault(err.Error())
	}
	body, n := historyOf(s.new)
	if err := s.postHonestly(ctx, body, n); err != nil {
		s.addFault("honest records about new pods: " + err.Error())
	}
	if err := s.awaitVerdicts(ctx, slices.Concat(s.old, s.new)); err != nil {
		s.addFault(err.Error())
	}
	stop()
	all.Wait()
}

// postHonestly posts records as an observer does: again, if the operator asks for it. It gives up after a minute.
func (s *scene) postHonestly(ctx context.Context, body []byte, n int64) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// Each request has a connection of its own, because what is tested is whether there is one.
	client, err := webhook.New(webhook.Options{
		URL: "http://" + s.operator.records, Transport: &http.Transport{DisableKeepAlives: true},
		Access: webhook.Access{Token: s.honest}, FirstPause: 100 * time.Millisecond, LastPause: time.Second,
	})
	if err != nil {
		return err
	}
	s.sent.Add(n)
	answer, err := client.Post(ctx, body)
	if err != nil {
		return err
	}
	s.acknowledged.Add(int64(answer.Accepted))
	if int64(answer.Accepted) != n {
		return fmt.Errorf("accepted %d of %d: %s", answer.Accepted, n, answer.Message())
	}
	return nil
}

// sendSteadily posts the newest second of the old pods, each second, until it is stopped.
func (s *scene) sendSteadily(ctx context.Context, stopped <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-stopped:
			return
		case now := <-tick.C:
			var body []byte
			for _, t := range s.old {
				body = pixie.Append(body, t.sampleAt(now, throttled))
			}
			if err := s.postHonestly(ctx, body, int64(len(s.old))); err != nil && ctx.Err() == nil {
				s.addFault("honest records: " + err.Error())
			}
		}
	}
}

// observeVerdicts looks whether an old pod has another verdict at any time.
func (s *scene) observeVerdicts(ctx context.Context) {
	for ctx.Err() == nil {
		verdicts, err := s.readVerdicts(ctx, s.namespace)
		if err == nil { // the API server may be away
			for _, t := range s.old {
				if v := verdicts[t.name]; v != right {
					s.addFault(fmt.Sprintf("a verdict became %q", v))
				}
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// awaitVerdicts waits until all pods have the right verdict, for a minute at most.
func (s *scene) awaitVerdicts(ctx context.Context, pods []target) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	wrong := len(pods)
	for {
		if verdicts, err := s.readVerdicts(ctx, s.namespace); err == nil {
			wrong = 0
			for _, t := range pods {
				if verdicts[t.name] != right {
					wrong++
				}
			}
		}
		if wrong == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d pods do not get their verdict", wrong, len(pods))
		case <-s.operator.ended:
			return fmt.Errorf("the operator ended before %d pods had their verdict", wrong)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// countVerdicts counts the verdicts about all pods.
func (s *scene) countVerdicts(ctx context.Context) map[string]int {
	verdicts, err := s.readVerdicts(ctx, s.namespace)
	if err != nil {
		s.addFault(err.Error())
	}
	out := map[string]int{}
	for _, t := range slices.Concat(s.old, s.new) {
		v := verdicts[t.name]
		if v == "" {
			v = "without"
		}
		out[v]++
	}
	return out
}
