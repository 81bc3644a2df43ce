package tokenreview_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/client-go/rest"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest/tokenreview"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// request posts one good record with a token.
func request() *http.Request {
	record := fmt.Sprintf(`{"type":"cpu_throttle","timestamp":%q,"namespace":"shop","pod_name":"api-0",`+
		`"container_name":"app",`+
		`"nr_periods":50,"nr_throttled":40}`, time.Now().UTC().Format(time.RFC3339Nano))
	r := httptest.NewRequest(http.MethodPost, "/v1/events", strings.NewReader(record))
	r.Header.Set("Authorization", "Bearer x")
	return r
}

// The server of this test is an API server that is away, refuses to answer, or does not know audiences. The tests of
// package operator use a real one.
func TestOnlyAProofAdmitsASender(t *testing.T) {
	var asked atomic.Int64
	for name, tc := range map[string]struct {
		review func(*authenticationv1.TokenReview)
		status int
		want   error
		code   int
	}{
		"known": {review: func(r *authenticationv1.TokenReview) {
			r.Status.Authenticated, r.Status.Audiences = true, r.Spec.Audiences
			r.Status.User.Username = "observer"
		}, code: 200},
		"no audience in the answer": {review: func(r *authenticationv1.TokenReview) {
			r.Status.Authenticated, r.Status.User.Username = true, "observer"
		}, want: ingest.ErrUnauthenticated, code: 401},
		"unknown": {
			review: func(r *authenticationv1.TokenReview) { r.Status.Error = "no" },
			want:   ingest.ErrUnauthenticated, code: 401,
		},
		"forbidden":  {status: http.StatusForbidden, code: 503},
		"broken":     {status: http.StatusInternalServerError, code: 503},
		"no API":     {status: -1, code: 503},
		"not listed": {review: nil, status: http.StatusTeapot, code: 503},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				body, _ := io.ReadAll(r.Body)
				w.Header().Set("Content-Type", "application/json")
				switch {
				case tc.status != 0:
					w.WriteHeader(tc.status)
				case strings.Contains(r.URL.Path, "tokenreviews"):
					var review authenticationv1.TokenReview
					_ = json.Unmarshal(body, &review)
					tc.review(&review)
					_ = json.NewEncoder(w).Encode(&review)
				default:
					var review authorizationv1.SubjectAccessReview
					_ = json.Unmarshal(body, &review)
					review.Status.Allowed = review.Spec.NonResourceAttributes.Verb == "post" &&
						review.Spec.NonResourceAttributes.Path == "/v1/events"
					_ = json.NewEncoder(w).Encode(&review)
				}
			}))
			defer server.Close()
			config := &rest.Config{Host: server.URL, ContentConfig: rest.ContentConfig{ContentType: "application/json"}}
			if tc.status == -1 {
				config.Host = "http://127.0.0.1:1"
			}
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			review, err := tokenreview.New(config, client, "kernel-gossip")
			require.NoError(t, err)
			_, err = review.Authenticate(request())
			if tc.want != nil {
				require.ErrorIs(t, err, tc.want)
			}
			require.Equal(t, tc.code == 200, err == nil, err)

			take := func(context.Context, []gossip.Event) (ingest.Outcome, error) { return ingest.Outcome{}, nil }
			response := httptest.NewRecorder()
			ingest.New(ingest.Options{Take: take, Auth: review}).Events().ServeHTTP(response, request())
			require.Equal(t, tc.code, response.Code, response.Body)
			if tc.code == 200 {
				before := asked.Load()
				_, err := review.Authenticate(request())
				require.NoError(t, err)
				require.Equal(t, before, asked.Load(), "the answer is remembered")
			}
		})
	}
}
