package operator_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/operator"
)

// While the API server is away for 20 s, all records are taken, no subject is lost, and the lease is kept.
func TestOutageOfTheAPIServerLosesNothing(t *testing.T) {
	t.Parallel()
	c := ownCluster(t)
	k := admin(t, c)
	const pods = 40
	uids := make([]string, pods)
	for i := range pods {
		uids[i] = string(makePod(t, k, "outage", fmt.Sprintf("api-%d", i)).UID)
	}
	r := launch(t, c.Config, quick(in("outage"), func(o *operator.Options) {
		o.LeaderElection, o.LeaderElectionNamespace = true, "outage"
	}))
	r.listening(t)
	r.post(t, records("outage", "api-0", uids[0], 3, 45)...)
	whisper(t, k, "outage", "api-0", severity(v1alpha1.SeverityCritical))

	begin := time.Now()
	require.NoError(t, c.StopAPIServer())
	t.Logf("the API server took %s to stop", time.Since(begin))
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); {
		for i := range pods {
			r.post(t, records("outage", fmt.Sprintf("api-%d", i), uids[i], 3, 45)...)
		}
		time.Sleep(200 * time.Millisecond)
	}
	require.NoError(t, c.StartAPIServer())
	for i := range pods {
		whisper(t, k, "outage", fmt.Sprintf("api-%d", i), severity(v1alpha1.SeverityCritical))
	}
	require.Eventually(t, func() bool { return r.gauge(t, "kernelgossip_subjects_waiting") == 0 }, 40*time.Second,
		50*time.Millisecond)
	r.stop(t)
}

// An outage that costs the lease costs nothing that was acknowledged: the operator takes no more records, and keeps
// what it has until it leads again.
func TestALostLeaseLosesNothing(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	const pods = 20
	uids := make([]string, pods)
	for i := range pods {
		uids[i] = string(makePod(t, k, "lost", fmt.Sprintf("api-%d", i)).UID)
	}
	away, delay := throughProxy(t, c.Config)
	short := func(o *operator.Options) {
		operator.ShortLease(o)
		o.LeaderElectionNamespace = "lost"
	}
	r := start(t, away, in("lost"), short)
	r.post(t, records("lost", "api-0", uids[0], 3, 45)...)
	whisper(t, k, "lost", "api-0", severity(v1alpha1.SeverityCritical))

	var all []string
	for i := range pods {
		all = append(all, records("lost", fmt.Sprintf("api-%d", i), uids[i], 3, 45)...)
	}
	delay.Store(-1)
	r.post(t, all...)
	late := strings.Join(records("lost", "api-0", uids[0], 3, 45), "\n")
	require.Eventually(t, func() bool {
		a, err := r.tryPost(t.Context(), strings.NewReader(late))
		return err == nil && a.Code == 503 && strings.Contains(a.Error, "does not lead now")
	}, 20*time.Second, 100*time.Millisecond)
	time.Sleep(4 * time.Second) // until the lease has expired for others, too

	delay.Store(0)
	for i := range pods {
		whisper(t, k, "lost", fmt.Sprintf("api-%d", i), severity(v1alpha1.SeverityCritical))
	}
	require.Eventually(t, func() bool {
		a, err := r.tryPost(t.Context(), strings.NewReader(late))
		return err == nil && a.Code == 200
	}, 20*time.Second, 100*time.Millisecond)
	require.Contains(t, r.Log.String(), "Lost the lease")
	r.stop(t)
}

// A leader that another one has replaced ends: the objects say more than its memory.
func TestAReplacedLeaderEnds(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	makeNamespace(t, k, "replaced")
	away, delay := throughProxy(t, c.Config)
	short := func(o *operator.Options) {
		operator.ShortLease(o)
		o.LeaderElectionNamespace = "replaced"
	}
	first := start(t, away, in("replaced"), short)
	second := launch(t, c.Config, quick(in("replaced"), short))
	delay.Store(-1)
	second.listening(t)
	delay.Store(0)
	select {
	case err := <-first.done:
		first.done <- nil
		require.ErrorContains(t, err, "another replica leads now")
	case <-time.After(30 * time.Second):
		t.Fatal("two operators lead")
	}
}

// The operator may start before the API server: it waits, says so, and is not ready.
func TestTheOperatorWaitsForTheAPIServer(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "early", "api-0")
	away, delay := throughProxy(t, c.Config)
	delay.Store(-1)
	health := freeAddress(t, "127.0.0.1")
	r := launch(t, away, quick(in("early"), func(o *operator.Options) {
		operator.ShortLease(o)
		o.LeaderElectionNamespace, o.HealthAddress = "early", health
	}))
	code := func(path string) int {
		response, err := r.client.Get("http://" + health + path)
		if err != nil {
			return 0
		}
		defer func() { _ = response.Body.Close() }()
		return response.StatusCode
	}
	require.Eventually(t, func() bool { return code("/healthz") == 200 }, 20*time.Second, 20*time.Millisecond)
	require.Eventually(t, func() bool { return strings.Contains(r.Log.String(), "Waiting for the API server") },
		20*time.Second, 20*time.Millisecond)
	require.Equal(t, 500, code("/readyz"))
	delay.Store(0)
	r.listening(t)
	require.Eventually(t, func() bool { return code("/readyz") == 200 }, 10*time.Second, 20*time.Millisecond)
	r.post(t, records("early", "api-0", string(pod.UID), 3, 45)...)
	whisper(t, k, "early", "api-0", severity(v1alpha1.SeverityCritical))
}

// An API server that takes half a second for each request slows the writes, and nothing else.
func TestSlowAPIServerSlowsOnlyWrites(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	const pods = 8
	uids := make([]string, pods)
	for i := range pods {
		uids[i] = string(makePod(t, k, "slow", fmt.Sprintf("api-%d", i)).UID)
	}
	slow, delay := throughProxy(t, c.Config)
	r := start(t, slow, in("slow"))
	delay.Store(int64(500 * time.Millisecond))
	begin := time.Now()
	for i := range pods {
		r.post(t, records("slow", fmt.Sprintf("api-%d", i), uids[i], 3, 45)...)
	}
	require.Less(t, time.Since(begin), 5*time.Second, "posting waits for the API server")
	for i := range pods {
		whisper(t, k, "slow", fmt.Sprintf("api-%d", i), severity(v1alpha1.SeverityCritical))
	}
}

// Requests are refused whole while the limit of waiting subjects is reached, and taken again once there is room.
func TestRecordsAreRefusedWhileTooManySubjectsWait(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	const most = 5
	var all [][]string
	for i := range most + 1 {
		name := fmt.Sprintf("api-%d", i)
		all = append(all, records("pressure", name, string(makePod(t, k, "pressure", name).UID), 3, 45))
	}
	away, delay := throughProxy(t, c.Config)
	r := start(t, away, in("pressure"), func(o *operator.Options) { o.Analysis.MaxSubjects = most })
	delay.Store(-1)
	for _, lines := range all[:most] {
		r.post(t, lines...)
	}
	r.post(t, all[0]...) // it is waiting already
	a, err := r.tryPost(t.Context(), strings.NewReader(strings.Join(append(all[0], all[most]...), "\n")))
	require.NoError(t, err)
	require.Equal(t, 503, a.Code)
	require.Zero(t, a.Accepted)
	delay.Store(0)
	require.Eventually(t, func() bool {
		a, err := r.tryPost(t.Context(), strings.NewReader(strings.Join(all[most], "\n")))
		return err == nil && a.Code == 200
	}, 40*time.Second, 100*time.Millisecond)
	r.stop(t)
	var written v1alpha1.KernelWhisperList
	require.NoError(t, k.List(t.Context(), &written, client.InNamespace("pressure")))
	require.Len(t, written.Items, most+1)
}

// throughProxy returns a configuration that connects through a proxy. Each piece of data from the client waits for the
// delay; a negative delay breaks all connections and refuses new ones.
func throughProxy(t *testing.T, config *rest.Config) (*rest.Config, *atomic.Int64) {
	t.Helper()
	var delay atomic.Int64
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var running sync.WaitGroup
	target := strings.Trim(strings.TrimPrefix(config.Host, "https:"), "/")
	running.Go(func() {
		for {
			inner, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { forward(inner, target, &delay) })
		}
	})
	t.Cleanup(func() {
		delay.Store(-1)
		_ = listener.Close()
		running.Wait()
	})
	proxied := rest.CopyConfig(config)
	proxied.Host = "https://" + listener.Addr().String()
	return proxied, &delay
}

func forward(inner net.Conn, target string, delay *atomic.Int64) {
	defer func() { _ = inner.Close() }()
	outer, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer func() { _ = outer.Close() }()
	var both sync.WaitGroup
	pipe := func(to, from net.Conn, slow bool) {
		defer func() { _, _ = to.Close(), from.Close() }()
		buffer := make([]byte, 32<<10)
		for {
			if err := from.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
				return
			}
			n, err := from.Read(buffer)
			d := delay.Load()
			var timeout net.Error
			switch {
			case d < 0:
				return
			case err != nil && errors.As(err, &timeout) && timeout.Timeout():
				continue
			case err != nil:
				return
			}
			if slow {
				time.Sleep(time.Duration(d))
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
	}
	both.Go(func() { pipe(outer, inner, true) })
	both.Go(func() { pipe(inner, outer, false) })
	both.Wait()
}
