package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// settled is enough time for a wrong verdict to be written.
const settled = 2 * time.Second

// listAttacks lists all attacks.
func listAttacks() []attack {
	return []attack{
		{name: "253 long headers at the metrics", run: sendLongHeaders},
		{name: "4,096 idle connections", run: holdConnections},
		{name: "bodies slower than 15 s", run: sendSlowBodies},
		{name: "40 senders of full bodies", run: sendFullBodies},
		{name: "2,750 births of long steps", run: sendLongBirths},
		{name: "pods that do not exist", run: sendFakePods},
		{name: "20,000 records of the future", run: sendFutureRecords},
		{name: "a wrong pod_uid", run: sendForged(forgeUID)},
		{name: "a forged container", run: sendForged(forgeContainer)},
		{name: "nine sources", run: sendForged(forgeSources)},
		{name: "hostile texts", run: sendHostileTexts},
		{name: "SIGKILL and a quiet sample", isQuiet: true, run: killOperator},
		{
			name: "no API server", run: stopAPIServer,
			args: []string{"--leader-elect=true", "--leader-election-namespace=" + home},
		},
	}
}

// sendFullBodies has 40 senders with a stolen token.
func sendFullBodies(ctx context.Context, s *scene) error {
	ctx, cancel := context.WithTimeout(ctx, s.times.flood)
	defer cancel()
	var bodies [][]byte
	for i := range 4 {
		bodies = append(bodies, fullBody(s.namespace, i))
	}
	return s.floodWith(ctx, 40, func(i int) []byte { return bodies[i%len(bodies)] })
}

func sendLongBirths(ctx context.Context, s *scene) error {
	const each, all = 50, 2750
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.floodWith(ctx, 4, func(i int) []byte {
		if i*each >= all {
			return nil
		}
		return longBirths(s.namespace, i, each)
	})
}

func sendFakePods(ctx context.Context, s *scene) error {
	ctx, cancel := context.WithTimeout(ctx, s.times.flood)
	defer cancel()
	return s.floodWith(ctx, 8, func(i int) []byte { return fakeRecords(s.namespace, i, 1000, time.Now()) })
}

// sendFutureRecords sends records that are nearly as far ahead as they may be.
func sendFutureRecords(ctx context.Context, s *scene) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ahead := time.Now().Add(598 * time.Second)
	return s.floodWith(ctx, 4, func(i int) []byte {
		if i >= 20 {
			return nil
		}
		return fakeRecords(s.namespace, i, 1000, ahead)
	})
}

// sendForged sends records about pods that exist with a stolen token. The answer does not matter.
func sendForged(each func(target) []gossip.CPUSample) func(context.Context, *scene) error {
	return func(ctx context.Context, s *scene) error {
		for _, pods := range [][]target{s.old, s.new} {
			if _, err := s.postStolen(ctx, aboutAll(pods, each)); err != nil {
				return err
			}
		}
		return waitFor(ctx, settled)
	}
}

// sendHostileTexts sends records with hostile texts, about a pod with an owner of a hostile kind, and reads all that
// comes out.
func sendHostileTexts(ctx context.Context, s *scene) error {
	t, err := s.makePod(ctx, s.namespace, "hostile", metav1.OwnerReference{
		APIVersion: "example.com/v1", Kind: "Kind" + hostileText, Name: "owner", UID: "1", Controller: new(true),
	})
	if err != nil {
		return err
	}
	if err := waitFor(ctx, settled); err != nil { // until the operator knows the pod
		return err
	}
	history, _ := historyOf([]target{t})
	answer, err := s.postStolen(ctx, append(history, hostileRecords(t)...))
	if err != nil {
		return err
	}
	if err := findHostile(answer); err != nil {
		return fmt.Errorf("the answer has %w", err)
	}
	if err := waitFor(ctx, settled); err != nil {
		return err
	}
	return s.checkTexts(ctx)
}

// checkTexts looks at the objects, the Events and the log. The kill with a hostile name must have an object.
func (s *scene) checkTexts(ctx context.Context) error {
	var whispers v1alpha1.KernelWhisperList
	var births v1alpha1.PodBirthCertificateList
	var events corev1.EventList
	for what, list := range map[string]client.ObjectList{
		"a whisper": &whispers, "a certificate": &births, "an Event": &events,
	} {
		if err := s.client.List(ctx, list, client.InNamespace(s.namespace)); err != nil {
			return err
		}
		if err := findHostileJSON(list); err != nil {
			return fmt.Errorf("%s has %w", what, err)
		}
	}
	hasKill := false
	for _, w := range whispers.Items {
		hasKill = hasKill || w.Spec.Kind == v1alpha1.WhisperOOMKill
	}
	if !hasKill {
		return errors.New("an OOM kill is hidden by the name of its process")
	}
	log, err := os.ReadFile(s.operator.log)
	if err != nil {
		return err
	}
	if err := findHostile(string(log)); err != nil {
		return fmt.Errorf("the log has %w", err)
	}
	return nil
}

// killOperator kills the operator, starts another one, and sends it one quiet sample of each pod.
func killOperator(ctx context.Context, s *scene) error {
	s.operator.killProcess()
	s.peak = max(s.peak, s.operator.peak.Load())
	next, err := startOperator(ctx, s.program)
	if next != nil {
		s.operator = next
	}
	if err != nil {
		return err
	}
	var body []byte
	for _, t := range s.old {
		body = pixie.Append(body, t.quietSample(time.Now()))
	}
	if err := s.postHonestly(ctx, body, int64(len(s.old))); err != nil {
		return err
	}
	return waitFor(ctx, settled)
}

// stopAPIServer stops the API server, has the operator take records about new pods, and starts the server again.
func stopAPIServer(ctx context.Context, s *scene) error {
	if err := s.plane.StopAPIServer(); err != nil {
		return err
	}
	body, n := historyOf(s.new)
	posted := s.postHonestly(ctx, body, n)
	waited := waitFor(ctx, s.times.away)
	return errors.Join(posted, waited, s.plane.StartAPIServer())
}

// waitFor waits, or returns the error of a context that ends before.
func waitFor(ctx context.Context, length time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(length):
		return nil
	}
}
