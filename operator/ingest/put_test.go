package ingest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/webhook"
)

func from(at time.Time) string {
	return `{"type":"cpu_throttle","timestamp":"` + at.Format(time.RFC3339) +
		`","namespace":"shop","pod_name":"api-0","container_name":"app","throttle_percentage":50}`
}

// Take may keep the slice that it gets: what one request brought stays as it was when the next one comes.
func TestTakeMayKeepItsSlice(t *testing.T) {
	var kept [][]gossip.Event
	door := ingest.New(ingest.Options{Take: func(_ context.Context, events []gossip.Event) (ingest.Outcome, error) {
		kept = append(kept, events)
		return ingest.Outcome{}, nil
	}})
	for _, pod := range []string{"api-0", "api-1", "api-2"} {
		line := strings.ReplaceAll(from(time.Now().UTC()), "api-0", pod)
		_, err := door.Put(t.Context(), pixie.Decode(strings.NewReader(line)))
		require.NoError(t, err)
	}
	var pods []string
	for _, events := range kept {
		require.Len(t, events, 1)
		pods = append(pods, events[0].From().Pod)
	}
	require.Equal(t, []string{"api-0", "api-1", "api-2"}, pods)
}

// Fetched records have the same bounds and counts as posted ones.
func TestFetchedRecordsHaveTheSameBounds(t *testing.T) {
	s := newSink()
	counted := map[string]int{}
	door := ingest.New(ingest.Options{Take: s.take, Rejected: func(reason string, n int) { counted[reason] += n }})
	now := time.Now().UTC()
	put := func(lines ...string) (webhook.Answer, error) {
		return door.Put(t.Context(), pixie.Decode(strings.NewReader(strings.Join(lines, "\n"))))
	}
	got, err := put(from(now), `{"type":"cpu_throttle"}`, from(now.Add(time.Hour)), from(now.Add(-time.Minute)))
	require.NoError(t, err)
	require.Equal(t, []int{2, 0, 2}, []int{got.Accepted, got.Ignored, got.Rejected}, got.Errors)
	require.Contains(t, got.Errors[1], "ahead of this clock")
	if diff := cmp.Diff(map[string]int{"malformed": 1, "future": 1}, counted); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
	require.Equal(t, 1, s.analyzer.Stats().Subjects)

	for _, lines := range [][]string{{}, {"{}"}, {from(now.Add(time.Hour))}} {
		got, err = put(lines...)
		require.NoError(t, err)
		require.Zero(t, got.Accepted)
		require.Equal(t, len(lines), got.Rejected)
	}

	s.full = true
	_, err = put("{}", from(now))
	require.EqualError(t, err, "full")
	require.Equal(t, 1, counted["unavailable"])

	_, err = door.Put(t.Context(), func(yield func(gossip.Event, error) bool) { yield(nil, errors.New("gone")) })
	require.EqualError(t, err, "gone")
}
