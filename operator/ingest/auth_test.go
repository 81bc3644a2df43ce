package ingest_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
)

func request(token string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/v1/events", nil)
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	return r
}

// mount writes a folder as Kubernetes mounts a Secret: files are links into ..data, which is a link to a folder of one
// version.
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
		good := func(token string) bool {
			_, err := tokens.Authenticate(request(token))
			return err == nil
		}
		name, err := tokens.Authenticate(request("Bearer correct-horse-battery"))
		require.NoError(t, err)
		other, err := tokens.Authenticate(request("Bearer staple-staple-staple"))
		require.NoError(t, err)
		require.NotEqual(t, name, other, "each token is a sender")
		require.NotContains(t, name, "horse")
		require.True(t, good("Bearer correct-horse-battery"))
		require.True(t, good("bearer  staple-staple-staple"))
		for _, wrong := range []string{
			"", "Bearer", "Bearer ", "Basic correct-horse-battery", "Bearer correct-horse-batter",
			"Bearer wrong",
		} {
			_, err := tokens.Authenticate(request(wrong))
			require.ErrorIs(t, err, ingest.ErrUnauthenticated, wrong)
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
		"short": "at least 16", "": "at least 16", "two words are not a token": "one word",
		strings.Repeat("x", 1<<17): "longer than",
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
