package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
	"github.com/kernel-gossip/kernel-gossip/pixie"
)

func TestLimitsAreThoseOfTheManifest(t *testing.T) {
	l, err := readLimits("../../operator/deploy/base/deployment.yaml")
	require.NoError(t, err)
	require.Equal(t, memoryLimits{goMemory: "230MiB", bytes: 256 << 20}, l)
	_, err = parseLimits([]byte("spec: {template: {spec: {containers: [{name: a}]}}}"))
	require.ErrorContains(t, err, "no memory limit")
	_, err = parseLimits([]byte("spec: {}"))
	require.ErrorContains(t, err, "no container")
}

func TestAMinuteIsEnoughForTheShortForm(t *testing.T) {
	require.Equal(t, attackTimes{flood: 4 * time.Second, away: 3 * time.Second}, planTimes(time.Minute))
	require.Greater(t, planTimes(4*time.Minute).away, time.Minute, "the lease is lost")
}

func TestPeakMemoryIsReadFromTheStatus(t *testing.T) {
	n, err := parsePeak([]byte("Name:\toperator\nVmPeak:\t 9000 kB\nVmHWM:\t  2048 kB\nVmRSS:\t 1000 kB\n"))
	require.NoError(t, err)
	require.Equal(t, int64(2<<20), n)
	_, err = parsePeak([]byte("Name:\toperator\n"))
	require.Error(t, err)
}

func TestEachFaultFailsItsRow(t *testing.T) {
	good := outcome{
		attack: "idle", peak: 100 << 20, sent: 20, acknowledged: 20, verdicts: map[string]int{right: 20},
	}
	tests := []struct {
		name   string
		change func(*outcome)
		want   []string
	}{
		{name: "ok", change: func(*outcome) {}},
		{
			name: "memory", change: func(o *outcome) { o.peak = 257 << 20 },
			want: []string{"memory above the limit of 256 MiB"},
		},
		{
			name: "shut out", change: func(o *outcome) { o.acknowledged = 0 },
			want: []string{"the honest sender is shut out"},
		},
		{
			name: "lost", change: func(o *outcome) { o.verdicts = map[string]int{right: 18, "None": 1, "without": 1} },
			want: []string{"2 pods are not Critical"},
		},
		{
			name: "seen", change: func(o *outcome) { o.faults = []string{"the operator ended"} },
			want: []string{"the operator ended"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := good
			test.change(&o)
			faults := o.listFaults(256 << 20)
			require.Equal(t, test.want, faults)
			var row bytes.Buffer
			o.printRow(&row, faults)
			require.Equal(t, len(faults) > 0, strings.Contains(row.String(), "FAILED"), row.String())
			for _, fault := range faults {
				require.Contains(t, row.String(), fault)
			}
		})
	}
	require.Equal(t, "18 Critical, 1 None, 1 without", formatVerdicts(map[string]int{"without": 1, right: 18, "None": 1}))
}

// decodeAll decodes a body, which must have no bad record and no more bytes than the operator takes.
func decodeAll(t *testing.T, body []byte) []gossip.Event {
	t.Helper()
	var out []gossip.Event
	for event, err := range (pixie.Options{MaxBytes: ingest.DefaultMaxBody}).Decode(bytes.NewReader(body)) {
		require.NoError(t, err)
		out = append(out, event)
	}
	return out
}

// A body that the operator refuses attacks nothing.
func TestBodiesOfAttacksAreTaken(t *testing.T) {
	pod := target{namespace: "shop", name: "api-0", uid: "u", containerID: "id"}
	require.Greater(t, len(decodeAll(t, fullBody("shop", 1))), 25_000)
	births := decodeAll(t, longBirths("shop", 1, 50))
	require.Len(t, births, 50)
	require.Greater(t, gossip.SizeOf(births[0]), int64(64<<10))
	subjects := map[gossip.Subject]bool{}
	ahead := time.Now().Add(598 * time.Second)
	for _, event := range decodeAll(t, fakeRecords("shop", 1, 1000, ahead)) {
		subjects[event.Subject()] = true
		require.WithinDuration(t, ahead, event.From().Time, time.Second)
	}
	require.Len(t, subjects, 1000)
	require.Len(t, decodeAll(t, aboutAll([]target{pod}, forgeUID)), 12)
	require.Len(t, decodeAll(t, aboutAll([]target{pod}, forgeContainer)), 24)
	require.Len(t, decodeAll(t, aboutAll([]target{pod}, forgeSources)), 9)
	require.Len(t, decodeAll(t, hostileRecords(pod)), 2)
	body, n := historyOf([]target{pod})
	require.Len(t, decodeAll(t, body), int(n))
}

func TestHostileTextsAreFound(t *testing.T) {
	require.NoError(t, findHostile("a line\n\tand 'touch /tmp/pwned' in another one\n"))
	for _, text := range []string{hostileText, "\x1b", "a\u202eb", "\u200b", "\U000e0041", "\x07", "a\r\n", "a\n" + marker} {
		require.Error(t, findHostile(text), "%q", text)
		require.Error(t, findHostileJSON(map[string]any{"list": []any{1, text}}), "%q", text)
	}
	require.NoError(t, findHostileJSON(struct{ Name string }{"api-0"}))
}
