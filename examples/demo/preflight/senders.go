package preflight

import (
	"context"
	"net/http"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/door"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/install"
)

// recent is how old the newest event may be. The observer looks every ten seconds or more often.
const recent = 30 * time.Second

// pixieNamespace is where Pixie lives.
const pixieNamespace = "pl"

// checkObserver wants the observer on every node, and its account to be one that may send.
func checkObserver(ctx context.Context, s *install.Site) Result {
	var d appsv1.DaemonSet
	if err := s.Client.Get(ctx, client.ObjectKey{Namespace: install.ObserverNamespace, Name: install.Observer}, &d); err != nil {
		return fail(s.Recover, "%v", err)
	}
	if d.Status.NumberReady < d.Status.DesiredNumberScheduled || d.Status.DesiredNumberScheduled == 0 || d.Status.ObservedGeneration != d.Generation {
		return fail(s.Recover, "ready on %d of %s: %s", d.Status.NumberReady, plural(int(d.Status.DesiredNumberScheduled), "node"),
			podTrouble(ctx, s, install.ObserverNamespace, install.Observer))
	}
	return ok("ready on %s", plural(int(d.Status.NumberReady), "node"))
}

// checkSender asks the operator about the observer's own rights.
func checkSender(ctx context.Context, s *install.Site) Result {
	d, err := door.Open(ctx, s)
	if err != nil {
		return fail(s.Recover, "%v", err)
	}
	defer d.Close()
	token, err := d.ObserverToken(ctx)
	if err != nil {
		return fail(s.Recover, "%v", err)
	}
	if code, err := d.Knock(ctx, token); err != nil || code != http.StatusBadRequest {
		return fail(s.Recover, "the observer's account is answered %d (%v)", code, err)
	}
	return ok("the observer may send")
}

// checkEvents wants a recent event, whoever measured it; it waits for one as long as a check may last.
func checkEvents(ctx context.Context, s *install.Site) Result {
	remedy := "kubectl logs --namespace kernel-gossip-observer daemonset/kernel-gossip-observer --tail=20"
	d, err := door.Open(ctx, s)
	if err != nil {
		return fail(s.Recover, "%v", err)
	}
	defer d.Close()
	for {
		age, seen, err := newest(ctx, d)
		switch {
		case err != nil:
			return fail(s.Recover, "%v", err)
		case seen && age < -time.Second:
			return warn("date; see the lines about clocks", "the newest event is %s ahead of the operator's clock", -age)
		case seen && age <= recent:
			return ok("the newest event is %s old", max(0, age))
		}
		deadline, bounded := ctx.Deadline()
		if !bounded || time.Until(deadline) < 2*time.Second {
			if !seen {
				return fail(remedy, "the operator has not seen any event since it started")
			}
			return fail(remedy, "nobody sends: the newest event is %s old", age)
		}
		time.Sleep(time.Second)
	}
}

// newest is how old the newest event is that the operator has seen, and whether there is any.
func newest(ctx context.Context, d *door.Door) (age time.Duration, seen bool, err error) {
	seconds, err := d.Metric(ctx, "kernelgossip_newest_event_age_seconds")
	if err != nil || seconds == -1 {
		return 0, false, err
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Second), true, nil
}

// Arriving says whether events arrive.
func Arriving(ctx context.Context, s *install.Site) bool {
	d, err := door.Open(ctx, s)
	if err != nil {
		return false
	}
	defer d.Close()
	age, seen, err := newest(ctx, d)
	return err == nil && seen && age <= recent
}

// checkPixie looks at Pixie where it is installed. That its events arrive is the line about events.
func checkPixie(ctx context.Context, s *install.Site) Result {
	var ns corev1.Namespace
	if err := s.Client.Get(ctx, client.ObjectKey{Name: pixieNamespace}, &ns); err != nil {
		if client.IgnoreNotFound(err) == nil {
			return ok("not installed: the observer measures")
		}
		return fail("px deploy", "%v", err)
	}
	var pods corev1.PodList
	if err := s.Client.List(ctx, &pods, client.InNamespace(pixieNamespace)); err != nil {
		return fail("kubectl get pods --namespace pl", "%v", err)
	}
	ready := 0
	for _, p := range pods.Items {
		if p.Status.Phase == corev1.PodSucceeded {
			continue
		}
		if why := Waits(p); why != "" {
			return warn("kubectl describe pod --namespace pl "+p.Name, "%s: %s", p.Name, why)
		}
		ready++
	}
	if ready == 0 {
		return warn("px deploy", "the namespace pl has no pod")
	}
	return ok("%s ready", plural(ready, "pod"))
}
