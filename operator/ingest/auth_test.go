package ingest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/client-go/rest"

	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
)

func request(token string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/v1/events", nil)
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	return r
}

// mount writes a folder as Kubernetes mounts a Secret: files are links into ..data, which is a link to a folder of a time.
func mount(t *testing.T, dir, version string, tokens map[string]string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, version), 0o700))
	for name, token := range tokens {
		require.NoError(t, os.WriteFile(filepath.Join(dir, version, name), []byte(token), 0o600))
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			require.NoError(t, os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)))
		}
	}
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "..tmp")))
	require.NoError(t, os.Symlink(version, filepath.Join(dir, "..tmp")))
	require.NoError(t, os.Rename(filepath.Join(dir, "..tmp"), filepath.Join(dir, "..data")))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		if _, kept := tokens[e.Name()]; !kept && !strings.HasPrefix(e.Name(), "..") {
			require.NoError(t, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
}

func TestTokensAreReloaded(t *testing.T) {
	dir := t.TempDir()
	mount(t, dir, "..1", map[string]string{"pixie": "correct-horse-battery\n", "observer": "staple-staple-staple"})
	synctest.Test(t, func(t *testing.T) {
		var said []string
		tokens, err := ingest.NewTokens(dir, funcr.New(func(_, line string) { said = append(said, line) }, funcr.Options{}))
		require.NoError(t, err)
		good := func(token string) bool { return tokens.Authenticate(request(token)) == nil }
		require.True(t, good("Bearer correct-horse-battery"))
		require.True(t, good("bearer  staple-staple-staple"))
		for _, wrong := range []string{"", "Bearer", "Bearer ", "Basic correct-horse-battery", "Bearer correct-horse-batter", "Bearer wrong"} {
			require.ErrorIs(t, tokens.Authenticate(request(wrong)), ingest.ErrUnauthenticated, wrong)
		}

		mount(t, dir, "..2", map[string]string{"pixie": "another-horse-battery"})
		require.True(t, good("Bearer correct-horse-battery"), "not read again yet")
		time.Sleep(11 * time.Second)
		require.False(t, good("Bearer correct-horse-battery"))
		require.False(t, good("Bearer staple-staple-staple"))
		require.True(t, good("Bearer another-horse-battery"))

		mount(t, dir, "..3", map[string]string{"pixie": "short"})
		for range 3 {
			time.Sleep(11 * time.Second)
			require.True(t, good("Bearer another-horse-battery"), "what was read last stays good")
		}
		require.Len(t, said, 1)
		require.Contains(t, said[0], "at least 16 characters")
	})
}

func TestTokensAreRefused(t *testing.T) {
	dir := t.TempDir()
	_, err := ingest.NewTokens(filepath.Join(dir, "missing"), funcr.New(nil, funcr.Options{}))
	require.ErrorContains(t, err, "missing")
	_, err = ingest.NewTokens(dir, funcr.New(nil, funcr.Options{}))
	require.ErrorContains(t, err, "no token")
	for content, why := range map[string]string{
		"short": "at least 16", "": "at least 16", "two words are not a token": "one word", strings.Repeat("x", 1<<17): "longer than",
	} {
		file := filepath.Join(dir, "token")
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		for _, path := range []string{dir, file} {
			_, err := ingest.NewTokens(path, funcr.New(nil, funcr.Options{}))
			require.ErrorContains(t, err, why)
			require.ErrorContains(t, err, file)
		}
	}
}

// reviewer stands in for an API server that is away, refuses to answer, or knows nothing of audiences. A real one answers in the
// tests of package operator.
func TestReview(t *testing.T) {
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
		"unknown":    {review: func(r *authenticationv1.TokenReview) { r.Status.Error = "no" }, want: ingest.ErrUnauthenticated, code: 401},
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
					review.Status.Allowed = review.Spec.NonResourceAttributes.Verb == "post" && review.Spec.NonResourceAttributes.Path == "/v1/events"
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
			review, err := ingest.NewReview(config, client, "kernel-gossip")
			require.NoError(t, err)
			err = review.Authenticate(request("Bearer x"))
			if tc.want != nil {
				require.ErrorIs(t, err, tc.want)
			}
			require.Equal(t, tc.code == 200, err == nil, err)

			h := ingest.New(ingest.Options{Take: newSink().take, Auth: review}).Events()
			got := post(t, h, bytes.NewReader([]byte(record())), "Authorization", "Bearer x")
			require.Equal(t, tc.code, got.Code, got.Error)
			if tc.code == 200 {
				before := asked.Load()
				require.NoError(t, review.Authenticate(request("Bearer x")))
				require.Equal(t, before, asked.Load(), "the answer is remembered")
			}
		})
	}
}
