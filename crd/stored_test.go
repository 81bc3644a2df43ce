package crd_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// An object gives back what its finding had, in whole seconds.
func TestAnObjectRemembersItsFinding(t *testing.T) {
	f := hiddenThrottling()
	o := crd.New(crd.Report{Now: f})
	require.Equal(t, f.About, crd.Subject(o))
	require.Equal(t, podUID, crd.PodUID(o))
	require.Equal(t, f.Level, crd.Severity(o))
	require.Equal(t, f.Level, crd.SeverityNow(o))
	require.Equal(t, v1alpha1.ConditionThrottled, crd.Condition(o).Type)
	at := noon.Truncate(time.Second)
	want := gossip.History{
		First: at.Add(-10 * time.Second), Last: at, Worst: gossip.SeverityCritical, Transition: at.Add(-10 * time.Second),
	}
	require.Empty(t, cmp.Diff(want, crd.History(o)))

	b := podBirth()
	o = crd.New(crd.Report{Now: b})
	require.Equal(t, b.About, crd.Subject(o))
	require.Equal(t, b.Level, crd.Severity(o))
	require.Zero(t, crd.History(o))

	for _, nothing := range []crd.Object{nil, &v1alpha1.KernelWhisper{}, &v1alpha1.PodBirthCertificate{}} {
		require.Zero(t, crd.History(nothing))
		require.Nil(t, crd.Condition(nothing))
		require.Equal(t, gossip.SeverityUnknown, crd.Severity(nothing))
		require.Empty(t, crd.PodUID(nothing))
	}
}
