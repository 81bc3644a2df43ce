package operator_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/operator"
)

// withLimit returns records with a CPU limit of their own.
func withLimit(cores string, lines []string) []string {
	var all []string
	for _, line := range lines {
		all = append(all, strings.Replace(line, `"nr_periods"`, `"limit_cores":`+cores+`,"nr_periods"`, 1))
	}
	return all
}

// After its limit was raised, a whisper says what that did. A restart of the operator changes nothing of that, though
// the samples from before it are gone.
func TestAWhisperSaysWhatAChangeDid(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "changed", "api-0")
	uid := string(pod.UID)
	short := func(o *operator.Options) { o.Analysis.Window = time.Minute }
	r := start(t, c.Config, in("changed"), short)
	end := time.Now().Add(-10 * time.Minute)
	r.post(t, withLimit("0.1", recordsUntil(end, "changed", "api-0", uid, 24, 45))...)
	r.post(t, withLimit("1", recordsUntil(end.Add(9*time.Minute), "changed", "api-0", uid, 108, 0))...)
	w := whisper(t, k, "changed", "api-0", func(w *v1alpha1.KernelWhisper) bool { return w.Status.LastChange.After == "0%" })
	change := w.Status.LastChange
	require.Equal(t, "cpu limit 100m → 1 core", change.What)
	require.Equal(t, "throttled in 90% of periods", change.Before)
	require.Equal(t, "1 of 1", change.Pods)
	require.WithinRange(t, change.Time.Time, end.Add(-time.Second), end.Add(time.Minute))
	require.Equal(t, v1alpha1.SeverityNone, w.Status.Severity, "the change ended the horizon")
	r.stop(t)

	r = start(t, c.Config, in("changed"), short)
	r.post(t, withLimit("1", recordsUntil(time.Now().Add(2*time.Minute), "changed", "api-0", uid, 24, 15))...)
	after := whisper(t, k, "changed", "api-0", severity(v1alpha1.SeverityWarning))
	require.Equal(t, w.UID, after.UID)
	require.Equal(t, change, after.Status.LastChange)
}
