package tokenreview_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/client-go/rest"

	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest/tokenreview"
)

// apiServer answers reviews, without a network.
type apiServer struct {
	knows atomic.Bool   // the token
	asked atomic.Int64  // about tokens
	holds chan struct{} // answers wait for it, if it is not nil
}

func (s *apiServer) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var answer any
	if strings.Contains(r.URL.Path, "tokenreviews") {
		s.asked.Add(1)
		if s.holds != nil {
			<-s.holds
		}
		var review authenticationv1.TokenReview
		err = json.Unmarshal(body, &review)
		if s.knows.Load() {
			review.Status.Authenticated, review.Status.Audiences = true, review.Spec.Audiences
		} else {
			review.Status.Error = "invalid bearer token"
		}
		answer = &review
	} else {
		var review authorizationv1.SubjectAccessReview
		err = json.Unmarshal(body, &review)
		review.Status.Allowed = true
		answer = &review
	}
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(answer)
	return &http.Response{
		StatusCode: http.StatusCreated, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(text)), Request: r,
	}, err
}

func (s *apiServer) reviewer(t *testing.T) *tokenreview.Reviewer {
	t.Helper()
	config := &rest.Config{
		Host: "http://api.example", QPS: -1, ContentConfig: rest.ContentConfig{ContentType: "application/json"},
	}
	out, err := tokenreview.New(config, &http.Client{Transport: s}, "kernel-gossip")
	require.NoError(t, err)
	return out
}

// A token that the API server knows is good for a minute, and one that it does not know is bad for ten seconds.
func TestAnswersAreKeptForTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &apiServer{}
		reviewer := server.reviewer(t)
		ask := func() error {
			_, err := reviewer.Authenticate(request())
			return err
		}
		require.ErrorIs(t, ask(), ingest.ErrUnauthenticated)
		server.knows.Store(true)
		time.Sleep(9 * time.Second)
		require.ErrorIs(t, ask(), ingest.ErrUnauthenticated)
		require.Equal(t, int64(1), server.asked.Load())
		time.Sleep(2 * time.Second)
		require.NoError(t, ask())

		server.knows.Store(false)
		time.Sleep(50 * time.Second)
		require.NoError(t, ask())
		time.Sleep(11 * time.Second)
		require.ErrorIs(t, ask(), ingest.ErrUnauthenticated)
	})
}

// Strangers of one address have 32 questions at the API server at a time, and do not stop senders of another one.
func TestOneAddressAsksABoundedNumberOfQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &apiServer{holds: make(chan struct{})}
		server.knows.Store(true)
		reviewer := server.reviewer(t)
		var refused, admitted atomic.Int64
		ask := func(from, token string) {
			r := request()
			r.RemoteAddr = from + ":1234"
			r.Header.Set("Authorization", "Bearer "+token)
			if _, err := reviewer.Authenticate(r); err != nil {
				refused.Add(1)
			} else {
				admitted.Add(1)
			}
		}
		for i := range 50 {
			go ask("10.0.0.1", fmt.Sprint("stranger-", i))
		}
		synctest.Wait()
		require.Equal(t, int64(18), refused.Load())
		require.Equal(t, int64(32), server.asked.Load())
		go ask("10.0.0.2", "observer")
		synctest.Wait()
		require.Equal(t, int64(33), server.asked.Load())
		close(server.holds)
		synctest.Wait()
		require.Equal(t, int64(33), admitted.Load())
		ask("10.0.0.1", "next")
		require.Equal(t, int64(34), admitted.Load())
	})
}
