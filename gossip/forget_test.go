package gossip_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

func TestForgetAndDropRemoveSubjects(t *testing.T) {
	a, f := observe(t, every5s(2, 40)...)
	a.Forget("shop", "api-0", "u0")
	_, ok := a.Finding(f.About)
	require.True(t, ok, "the records are of another pod of that name")

	a.Observe(sample(20*time.Second, 40, func(s *gossip.CPUSample) { s.PodUID = "u2" }))
	a.Forget("shop", "api-0", "u1")
	_, ok = a.Finding(f.About)
	require.True(t, ok, "a record of the next pod came before the news of the deletion")
	a.Forget("shop", "api-0", "u2")
	_, ok = a.Finding(f.About)
	require.False(t, ok)

	a.Observe(sample(0, 1))
	a.Drop(f.About)
	a.Drop(f.About)
	require.Zero(t, a.Stats().Subjects)
}
