package gossip_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// History is kept from running sums, a finding is made from all buckets. The two agree at every instant, whatever
// enters the window, leaves it, or is too large to be added.
func TestHistoryOfRunningSumsEqualsHistoryOfAllBuckets(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 5))
		a := gossip.New(gossip.Options{})
		at := 0
		var before, want gossip.History // as of the instant before, and of this one
		var newest time.Time
		for range 300 {
			at += 1 + r.IntN(25)
			if r.IntN(40) == 0 {
				at += 600
			}
			s := sample(time.Duration(at)*time.Second, r.Int64N(30), func(s *gossip.CPUSample) {
				s.Periods.Value, s.UsageUsec.Known = 30+r.Int64N(70), r.IntN(9) > 0
				if seed%2 == 1 && r.IntN(40) == 0 { // three in a window are more than can be added
					s.Periods.Value = 1 << 62
				}
				if r.IntN(100) == 0 {
					s.Period = 0
				}
				if r.IntN(100) == 0 {
					s.UsageCores = gossip.Some(0.5)
				}
				if seed%5 == 2 { // a source without counters
					s.Periods.Known, s.ThrottledPeriods.Known = false, false
					s.ThrottledShare = gossip.Some(r.Float64() * 0.4)
				}
				if r.IntN(20) == 0 {
					s.Time = s.Time.Add(-time.Duration(r.IntN(500)) * time.Second)
				}
			})
			a.Observe(s)
			f, ok := a.Finding(s.Subject())
			require.True(t, ok)
			if now := f.Time(); now.After(newest) {
				newest, before = now, want
			}
			want = before
			trouble := f.Severity() >= gossip.SeverityInfo
			if trouble && want.First.IsZero() {
				want.First = newest
			}
			if trouble {
				want.Last = newest
			}
			want.Worst = max(want.Worst, f.Severity())
			got := f.Seen()
			got.Transition = time.Time{}
			require.Equal(t, want, got, "seed %d, second %d", seed, at)
		}
	}
}
