package recording

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A kill begins the second act, if nothing else does.
func TestARecordBelongsToTheActInWhichItEnds(t *testing.T) {
	const (
		early = `{"pod_name":"a","timestamp":"2026-11-25T10:00:00Z"}` + "\n"
		at    = `{"pod_name":"b","timestamp":"2026-11-25T11:00:05+01:00"}` + "\n"
		late  = `{"pod_name":"a","timestamp":"2026-11-25T10:00:06Z"}` + "\n"
		kill  = `{"type":"oom_kill","pod_name":"a","timestamp":"2026-11-25T10:00:04Z"}` + "\n"
	)
	second := time.Date(2026, 11, 25, 10, 0, 5, 0, time.UTC)
	for _, tc := range []struct {
		records, one, two string
		second            time.Time
	}{
		{records: early + late + at, second: second, one: early, two: late + at},
		{records: early + late + kill + at, one: early, two: late + kill + at},
		{records: early + late + kill + at, second: second, one: early + kill, two: late + at},
		{records: early + late + at, one: early + late + at},
	} {
		one, two, err := splitActs([]byte(tc.records), tc.second)
		require.NoError(t, err)
		require.Equal(t, []string{tc.one, tc.two}, []string{string(one), string(two)})
	}
	_, _, err := splitActs([]byte("{"), second)
	require.Error(t, err)
}

func TestWhatIsPlayedInTwoActsWasRecordedInTwo(t *testing.T) {
	for scenario, want := range map[string]bool{"birth": false, "throttle": true, "memory": true, "network": true} {
		c, err := Read(scenario)
		require.NoError(t, err)
		require.NotEmpty(t, c.one, scenario)
		require.Equal(t, want, len(c.two) > 0, scenario)
	}
}
