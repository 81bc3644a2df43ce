package recording

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// A record belongs to the act in which it ends, wherever it stands. A kill begins a second act, when nothing else does.
func TestActs(t *testing.T) {
	t.Parallel()
	const (
		early = `{"pod_name":"a","timestamp":"2026-11-25T10:00:00Z"}` + "\n"
		at    = `{"pod_name":"b","timestamp":"2026-11-25T11:00:05+01:00"}` + "\n"
		late  = `{"pod_name":"a","timestamp":"2026-11-25T10:00:06Z"}` + "\n"
		kill  = `{"type":"oom_kill","pod_name":"a","timestamp":"2026-11-25T10:00:04Z"}` + "\n"
	)
	second := time.Date(2026, 11, 25, 10, 0, 5, 0, time.UTC)
	one, two, err := acts([]byte(early+late+at), second)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(early, string(one)))
	require.Empty(t, cmp.Diff(late+at, string(two)))

	one, two, err = acts([]byte(early+late+kill+at), time.Time{})
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(early, string(one)))
	require.Empty(t, cmp.Diff(late+kill+at, string(two)))
	one, two, err = acts([]byte(early+late+kill+at), second)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(early+kill, string(one)))
	require.Empty(t, cmp.Diff(late+at, string(two)))

	one, two, err = acts([]byte(early+late+at), time.Time{})
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(early+late+at, string(one)))
	require.Empty(t, two)
	_, _, err = acts([]byte("{"), second)
	require.Error(t, err)
}

// What the demo plays in two acts was recorded in two.
func TestSecondActs(t *testing.T) {
	t.Parallel()
	for scenario, want := range map[string]bool{"birth": false, "throttle": true, "memory": true, "network": true} {
		c, err := Read(scenario)
		require.NoError(t, err)
		require.NotEmpty(t, c.one, scenario)
		require.Equal(t, want, len(c.two) > 0, scenario)
	}
}
