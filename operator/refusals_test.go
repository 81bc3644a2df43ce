package operator_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
)

// An API server that is too busy answers 429, also to a write of ours that it would take a second later. Everything is
// written in the end, each object once.
func TestAnAPIServerThatIsTooBusyLosesNothing(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	const pods, refusals = 10, 60
	var refused atomic.Int32
	config := rest.CopyConfig(c.Config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPatch && strings.Contains(r.URL.Path, "/kernelwhispers/") && refused.Add(1) <= refusals {
				const busy = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"TooManyRequests","code":429}`
				return &http.Response{
					StatusCode: http.StatusTooManyRequests, Header: http.Header{"Content-Type": {"application/json"}},
					Body: io.NopCloser(strings.NewReader(busy)), Request: r,
				}, nil
			}
			return next.RoundTrip(r)
		})
	})
	r := start(t, config, in("busy"))
	for i := range pods {
		name := fmt.Sprintf("api-%d", i)
		pod := makePod(t, k, "busy", name)
		r.post(t, records("busy", name, string(pod.UID), 3, 45)...)
	}
	for i := range pods {
		whisper(t, k, "busy", fmt.Sprintf("api-%d", i), severity(v1alpha1.SeverityCritical))
	}
	require.Greater(t, refused.Load(), int32(refusals))
	var all v1alpha1.KernelWhisperList
	require.NoError(t, k.List(t.Context(), &all, client.InNamespace("busy")))
	require.Len(t, all.Items, pods)
	r.stop(t)
}

// An API server that is killed has made what it did not answer. Each verdict is there, and no Event is there twice.
func TestLostAnswersMakeNothingTwice(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	const pods, lost = 10, 15
	var written atomic.Int32
	config := rest.CopyConfig(c.Config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			answer, err := next.RoundTrip(r)
			ours := strings.Contains(r.URL.Path, "/kernelwhispers/") || strings.HasSuffix(r.URL.Path, "/events")
			if err == nil && ours && r.Method != http.MethodGet && written.Add(1) <= lost {
				_ = answer.Body.Close()
				return nil, errors.New("the connection breaks")
			}
			return answer, err
		})
	})
	r := start(t, config, in("unanswered"))
	for i := range pods {
		name := fmt.Sprintf("api-%d", i)
		pod := makePod(t, k, "unanswered", name)
		r.post(t, records("unanswered", name, string(pod.UID), 3, 45)...)
	}
	for i := range pods {
		whisper(t, k, "unanswered", fmt.Sprintf("api-%d", i), severity(v1alpha1.SeverityCritical))
	}
	var all v1alpha1.KernelWhisperList
	require.NoError(t, k.List(t.Context(), &all, client.InNamespace("unanswered")))
	require.Len(t, all.Items, pods)
	require.Greater(t, written.Load(), int32(lost))
	var events eventsv1.EventList
	require.Eventually(t, func() bool {
		require.NoError(t, k.List(t.Context(), &events, client.InNamespace("unanswered")))
		return len(events.Items) > 0
	}, 10*time.Second, 50*time.Millisecond)
	r.stop(t)
	require.NoError(t, k.List(t.Context(), &events, client.InNamespace("unanswered")))
	about := map[string]int{}
	for _, e := range events.Items {
		about[e.Regarding.Name+" "+e.Reason]++
	}
	for of, n := range about {
		require.Equal(t, 1, n, of)
	}
}
