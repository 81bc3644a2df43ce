package gossip_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// findingsOfAllKinds returns the findings about one event of each kind.
func findingsOfAllKinds() []gossip.Finding {
	at := gossip.Origin{
		Time: time.Date(2026, 11, 22, 22, 0, 0, 0, time.UTC), Period: 15 * time.Second,
		Namespace: "shop", Pod: "api-0", PodUID: "u-1", Source: "cgroup",
	}
	in := at
	in.Container = "app"
	a := gossip.New(gossip.Options{})
	for _, e := range []gossip.Event{
		gossip.CPUSample{
			Origin: in, Periods: gossip.Some[int64](56), ThrottledPeriods: gossip.Some[int64](45),
			ThrottledUsec: gossip.Some[int64](3_600_000),
			LimitCores:    gossip.Some(0.2),
		},
		gossip.MemorySample{Origin: in, WorkingSet: gossip.Some[int64](95 << 20), LimitBytes: gossip.Some[int64](100 << 20)},
		gossip.OOMKill{Origin: in, VictimComm: "java", UsageBytes: gossip.Some[int64](100 << 20)},
		gossip.NetworkSample{
			Origin: at, Segments: gossip.Some[int64](2000), Retransmits: gossip.Some[int64](100),
			Latency: gossip.Some(90 * time.Millisecond),
		},
		gossip.PodCreation{
			Origin: at, Duration: 7 * time.Second, ImagePull: gossip.Some(1500 * time.Millisecond),
			Timeline: []gossip.Step{
				{Action: "sandbox"},
				{Offset: 4800 * time.Millisecond, Action: "network"},
				{Offset: 7 * time.Second, Action: "exec"},
			},
		},
	} {
		a.Observe(e)
	}
	var all []gossip.Finding
	for f := range a.Findings() {
		all = append(all, f)
	}
	return all
}

// reread writes a finding as JSON and reads it again.
func reread[F gossip.Finding](t *testing.T, f F) (text string, again gossip.Finding) {
	t.Helper()
	b, err := json.Marshal(f)
	require.NoError(t, err)
	var out F
	require.NoError(t, json.Unmarshal(b, &out))
	return string(b), out
}

func TestFindingsComeBackFromJSONAsTheyWere(t *testing.T) {
	all := findingsOfAllKinds()
	require.Len(t, all, 5)
	for _, f := range all {
		var text string
		var again gossip.Finding
		switch f := f.(type) {
		case gossip.CPUThrottling:
			text, again = reread(t, f)
		case gossip.MemoryPressure:
			f.Leak = gossip.Some(gossip.Leak{BytesPerSecond: 100, R2: 0.95, Until: 90 * time.Minute})
			text, again = reread(t, f)
			require.Empty(t, cmp.Diff(gossip.Finding(f), again), text)
			continue
		case gossip.OOMKilled:
			text, again = reread(t, f)
		case gossip.NetworkIssue:
			text, again = reread(t, f)
		case gossip.PodBirth:
			text, again = reread(t, f)
		}
		require.Empty(t, cmp.Diff(f, again), text)
		require.Contains(t, text, `"Level":"`+f.Severity().String()+`"`)
	}
}

func TestJSONOfAFindingUsesWordsInsteadOfNumbers(t *testing.T) {
	all := findingsOfAllKinds()
	of := slices.IndexFunc(all, func(f gossip.Finding) bool { return f.Subject().Kind == gossip.KindCPUThrottling })
	text, err := json.MarshalIndent(all[of], "", " ")
	require.NoError(t, err)
	for _, line := range []string{
		`"Level": "Critical"`, `"Worst": "Critical"`, `"Confidence": "High"`, `"Window": "15s"`, `"MeanWait": "80ms"`,
		`"CFSPeriod": "100ms"`, `"Calm": "0s"`, `"Paused": "0s"`,
		`"Threads": null`, `"Limit": 0.2`,
	} {
		require.Contains(t, string(text), line)
	}
}

func TestJSONUsesTheWordsOfTheAPI(t *testing.T) {
	for s := gossip.SeverityUnknown; s <= gossip.SeverityCritical; s++ {
		text, err := s.MarshalText()
		require.NoError(t, err)
		var again gossip.Severity
		require.NoError(t, again.UnmarshalText(text))
		require.Equal(t, s, again)
		require.Equal(t, s.String(), string(text))
	}
	var s gossip.Severity
	require.EqualError(
		t, s.UnmarshalText([]byte("critical")), `severity "critical" is none of Unknown, None, Info, Warning, High, Critical`,
	)
	_, err := gossip.Severity(7).MarshalText()
	require.EqualError(t, err, "Severity(7) is none of Unknown, None, Info, Warning, High, Critical")
	var c gossip.Confidence
	require.EqualError(t, c.UnmarshalText([]byte("")), `confidence "" is none of Low, Medium, High`)

	var o gossip.Optional[int64]
	require.Error(t, json.Unmarshal([]byte(`"x"`), &o))
	require.NoError(t, json.Unmarshal([]byte(`0`), &o))
	require.Equal(t, gossip.Some[int64](0), o, "0 is measured")
	require.NoError(t, json.Unmarshal([]byte(`null`), &o))
	require.Equal(t, gossip.Optional[int64]{}, o)
	var d gossip.Optional[time.Duration]
	require.Error(t, json.Unmarshal([]byte(`"80 ms"`), &d))
	require.Error(t, json.Unmarshal([]byte(`80`), &d))
}
