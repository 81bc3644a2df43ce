package ingest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
)

// Without tokens, programs of this machine may send. A page in a browser of this machine may not, whether it posts from
// another origin or its name resolves to 127.0.0.1.
func TestPagesInABrowserMayNotSend(t *testing.T) {
	s := newSink()
	addr := serve(t, ingest.NewServer(ingest.New(ingest.Options{Take: s.take, Auth: &ingest.Local{}}).Events()), nil)
	_, port, _ := strings.Cut(addr, ":")
	for name, tc := range map[string]struct {
		host   string
		header map[string]string
		want   int
	}{
		"curl":             {host: addr, want: 200},
		"localhost":        {host: "localhost:" + port, want: 200},
		"no port":          {host: "LOCALHOST", want: 200},
		"IPv6":             {host: "[::1]:" + port, want: 200},
		"IPv6, no port":    {host: "[::1]", want: 200},
		"own page":         {host: addr, header: map[string]string{"Origin": "http://" + addr}, want: 200},
		"another origin":   {host: addr, header: map[string]string{"Origin": "https://evil.example"}, want: 403},
		"an opaque one":    {host: addr, header: map[string]string{"Origin": "null"}, want: 403},
		"cross-site":       {host: addr, header: map[string]string{"Sec-Fetch-Site": "cross-site"}, want: 403},
		"same-site":        {host: "localhost:" + port, header: map[string]string{"Sec-Fetch-Site": "same-site"}, want: 403},
		"rebound name":     {host: "evil.example:" + port, header: map[string]string{"Sec-Fetch-Site": "same-origin"}, want: 403},
		"rebound, no port": {host: "evil.example", want: 403},
		"looks local":      {host: "127.0.0.1.evil.example:" + port, want: 403},
		"localhost of it":  {host: "localhost.evil.example", want: 403},
	} {
		t.Run(name, func(t *testing.T) {
			before := s.analyzer.Stats().Observed
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+"/v1/events",
				strings.NewReader(record()))
			require.NoError(t, err)
			request.Host = tc.host
			for key, value := range tc.header {
				request.Header.Set(key, value)
			}
			response, err := clientFrom(t, "127.0.0.1").Do(request)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, tc.want, response.StatusCode)
			require.Equal(t, tc.want == 200, s.analyzer.Stats().Observed > before)
		})
	}
}
