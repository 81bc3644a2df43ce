package door

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// The addresses are those of IPv4, whatever kubectl says besides, and both are waited for.
func TestForwarded(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		said string
		want map[string]string
	}{
		"both": {
			"Forwarding from 127.0.0.1:40001 -> 8080\nForwarding from [::1]:40001 -> 8080\nForwarding from 127.0.0.1:40002 -> 8443\nHandling connection for 40001\n",
			map[string]string{"8080": "127.0.0.1:40001", "8443": "127.0.0.1:40002"},
		},
		"one, and the end": {"Forwarding from 127.0.0.1:40001 -> 8080\n", map[string]string{"8080": "127.0.0.1:40001"}},
		"nothing":          {"", map[string]string{}},
		"something else":   {"Forwarding from 10.0.0.1:40001 -> 8080\nerror: pod is pending\n", map[string]string{}},
	} {
		require.Empty(t, cmp.Diff(tc.want, forwarded(strings.NewReader(tc.said))), name)
	}
}
