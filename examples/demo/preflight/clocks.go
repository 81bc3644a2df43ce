package preflight

import (
	"context"
	"net/http"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/install"
)

// maxSkew is what clocks may differ from the API server's.
const maxSkew = 2 * time.Second

// checkClock compares this machine with the API server's Date, which has whole seconds.
func checkClock(ctx context.Context, s *install.Site) Result {
	remedy := "sudo timedatectl set-ntp true"
	c, err := rest.HTTPClientFor(s.Config)
	if err != nil {
		return fail(remedy, "%v", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(s.Config.Host, "/")+"/version", nil)
	if err != nil {
		return fail(remedy, "%v", err)
	}
	before := time.Now()
	answer, err := c.Do(r)
	if err != nil {
		return fail(remedy, "%v", err)
	}
	defer answer.Body.Close()
	took := time.Since(before)
	date, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return warn(remedy, "the API server does not tell its time")
	}
	// What was cut off is half a second on average; a slow answer tells less.
	apart := before.Add(took / 2).Sub(date.Add(time.Second / 2))
	return judgeSkew("this machine is", apart-max(-took/2, min(took/2, apart)), remedy)
}

// judgeSkew judges a difference that is known to about a second.
func judgeSkew(who string, apart time.Duration, remedy string) Result {
	apart = apart.Round(time.Second)
	switch {
	case apart > maxSkew:
		return fail(remedy, "%s %s ahead of the API server", who, apart)
	case apart < -maxSkew:
		return fail(remedy, "%s %s behind the API server", who, -apart)
	}
	return ok("%s within %s of the API server", who, maxSkew)
}

// checkNodeClocks compares what a kubelet wrote into its node's lease, by its own clock, with when the API server took it.
func checkNodeClocks(ctx context.Context, s *install.Site) Result {
	var leases coordinationv1.LeaseList
	if err := s.Client.List(ctx, &leases, client.InNamespace(corev1.NamespaceNodeLease)); err != nil {
		return fail("kubectl get leases --namespace kube-node-lease", "%v", err)
	}
	told := 0
	for _, l := range leases.Items {
		for _, m := range l.ManagedFields {
			if m.Manager != "kubelet" || m.Time == nil || l.Spec.RenewTime == nil {
				continue
			}
			told++
			apart := l.Spec.RenewTime.Sub(m.Time.Add(time.Second / 2))
			r := judgeSkew("node "+l.Name+" is", apart, "set the clock of "+l.Name)
			if r.Verdict == Fail && apart < 0 { // what was long on its way looks the same
				return warn(r.Remedy, "%s, or it is slow to write to it", r.Detail)
			}
			if r.Verdict == Fail {
				return r
			}
		}
	}
	if told == 0 {
		return warn("kubectl get leases --namespace kube-node-lease --show-managed-fields --output yaml", "no lease of a node tells both times: not measured")
	}
	return ok("%s within %s of the API server, by their leases", plural(told, "node"), maxSkew)
}
