package crd_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// raisedLimit returns a change of the CPU limit of three of forty pods, with shares of throttled periods.
func raisedLimit(change ...func(*gossip.WorkloadChange)) *gossip.WorkloadChange {
	c := &gossip.WorkloadChange{
		Time: noon, Changed: 3, Seen: 40, Complete: true, Comparable: true,
		From: gossip.Setting{Limit: gossip.Some(0.1)}, To: gossip.Setting{Limit: gossip.Some(1.0)},
		Before: throttledFigures(0.81), After: throttledFigures(0),
	}
	for _, f := range change {
		f(c)
	}
	return c
}

func throttledFigures(share float64) gossip.ChangeFigures {
	f := hiddenThrottling()
	f.Throttled, f.Level = gossip.Some(0.99), gossip.SeverityCritical // of the worst pod
	if share == 0 {
		f.Level = gossip.SeverityNone
	}
	return gossip.ChangeFigures{Worst: f, Share: gossip.Some(share)}
}

// changed returns the report on a pod with a change.
func changed(now gossip.Finding, c *gossip.WorkloadChange) crd.Report {
	r := reportOf(now)
	r.Finding.Change = c
	return r
}

func lastChangeOf(now gossip.Finding, c *gossip.WorkloadChange) v1alpha1.LastChange {
	return crd.New(changed(now, c)).(*v1alpha1.KernelWhisper).Status.LastChange
}

func TestTheLastChangeSaysWhatItDid(t *testing.T) {
	cpu := hiddenThrottling()
	memory := gossip.MemoryPressure{Report: gossip.Report{About: gossip.Subject{Kind: gossip.KindMemoryPressure}}}
	kills := gossip.OOMKilled{Report: gossip.Report{About: gossip.Subject{Kind: gossip.KindOOMKill}}}
	pressure := func(reason gossip.Reason, share float64) gossip.ChangeFigures {
		f := memory
		f.Reason = reason
		return gossip.ChangeFigures{Worst: f, Share: gossip.Some(share)}
	}
	memoryChange := func(c *gossip.WorkloadChange) {
		c.From.Limit, c.To.Limit = gossip.Some(128*1048576.0), gossip.Some(256*1048576.0)
	}
	for name, tc := range map[string]struct {
		now                 gossip.Finding
		change              func(*gossip.WorkloadChange)
		what, before, after string
	}{
		"it helped": {
			now: cpu, what: "cpu limit 100m → 1 core", before: "throttled in 81% of periods", after: "0%",
		},
		"it helped a little": {
			now: cpu, change: func(c *gossip.WorkloadChange) { c.After = throttledFigures(0.12) },
			what: "cpu limit 100m → 1 core", before: "throttled in 81% of periods", after: "throttled in 12% of periods",
		},
		"not a window yet": {
			now: cpu, change: func(c *gossip.WorkloadChange) { c.Complete = false },
			what: "cpu limit 100m → 1 core", before: "throttled in 81% of periods", after: "0% so far",
		},
		"no sample yet": {
			now: cpu, change: func(c *gossip.WorkloadChange) { c.After = gossip.ChangeFigures{} },
			what: "cpu limit 100m → 1 core", before: "throttled in 81% of periods", after: "not measured yet",
		},
		"nothing before": {
			now: cpu, change: func(c *gossip.WorkloadChange) { c.Before = gossip.ChangeFigures{} },
			what: "cpu limit 100m → 1 core", before: "not measured", after: "0%",
		},
		"another load": {
			now: cpu, change: func(c *gossip.WorkloadChange) { c.Comparable = false },
			what: "cpu limit 100m → 1 core", before: "throttled in 81% of periods", after: "0%, no comparable load",
		},
		"the limit was removed, a request set, and the image changed": {
			now: cpu, change: func(c *gossip.WorkloadChange) {
				c.To = gossip.Setting{Limit: gossip.Some(0.0), Request: gossip.Some(2.0), Image: "b"}
				c.From.Request, c.From.Image = gossip.Some(0.0), "a"
			},
			what: "cpu limit 100m → none, cpu request none → 2 cores, image changed", before: "throttled in 81% of periods",
			after: "0%",
		},
		"memory": {
			now: memory, change: func(c *gossip.WorkloadChange) {
				memoryChange(c)
				c.Before, c.After = pressure(gossip.ReasonNearLimit, 0.94), pressure(gossip.ReasonBelowThreshold, 0.47)
			},
			what: "memory limit 128Mi → 256Mi", before: "near its memory limit (94% of the limit)",
			after: "no memory pressure (47% of the limit)",
		},
		"kills in memory": {
			now: memory, change: func(c *gossip.WorkloadChange) {
				memoryChange(c)
				c.Before, c.After = pressure(gossip.ReasonOOMKilled, 1), pressure(gossip.ReasonBelowThreshold, 0.47)
				c.Before.Kills = 7
			},
			what: "memory limit 128Mi → 256Mi", before: "7 processes killed: out of memory (100% of the limit)",
			after: "no memory pressure (47% of the limit)",
		},
		"kills": {
			now: kills, change: func(c *gossip.WorkloadChange) {
				memoryChange(c)
				c.Before, c.After = gossip.ChangeFigures{Worst: kills, Kills: 7}, gossip.ChangeFigures{Worst: kills}
			},
			what: "memory limit 128Mi → 256Mi", before: "killed 7 processes", after: "no kill for a whole window",
		},
		"figures that cannot be": {
			now: cpu, change: func(c *gossip.WorkloadChange) {
				c.From.Limit, c.To.Limit = gossip.Some(math.NaN()), gossip.Some(math.Inf(1))
			},
			what: "cpu limit unknown → 1G", before: "throttled in 81% of periods", after: "0%",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := raisedLimit()
			if tc.change != nil {
				tc.change(c)
			}
			got := lastChangeOf(tc.now, c)
			require.Equal(t, []string{tc.what, tc.before, tc.after}, []string{got.What, got.Before, got.After})
			require.Equal(t, "3 of 40", got.Pods)
			require.True(t, got.Time.Time.Equal(noon.Truncate(time.Second)))
		})
	}
	require.Nil(t, lastChangeOf(cpu, nil).Time)
}

// A limit that was right from the first record after the restart on: there is no trouble but before the change.
func TestAChangeThatEndedTroubleHasAnObject(t *testing.T) {
	healthy := hiddenThrottling()
	healthy.Level, healthy.History = gossip.SeverityNone, gossip.History{}
	require.False(t, crd.HasObject(changed(healthy, nil).Finding))
	require.True(t, crd.HasObject(changed(healthy, raisedLimit()).Finding))
	calm := raisedLimit(func(c *gossip.WorkloadChange) { c.Before = throttledFigures(0) })
	require.False(t, crd.HasObject(changed(healthy, calm).Finding))
	unknown := raisedLimit(func(c *gossip.WorkloadChange) { c.Before = gossip.ChangeFigures{} })
	require.False(t, crd.HasObject(changed(healthy, unknown).Finding))
}

func TestAChangeIsNewsAndSoIsWhatItDid(t *testing.T) {
	object := func(c *gossip.WorkloadChange) crd.Object {
		return crd.New(changed(hiddenThrottling(), c))
	}
	early := func(share float64) *gossip.WorkloadChange {
		return raisedLimit(func(c *gossip.WorkloadChange) { c.After, c.Complete = throttledFigures(share), false })
	}
	silent := raisedLimit(func(c *gossip.WorkloadChange) { c.After = gossip.ChangeFigures{} })
	for name, tc := range map[string]struct {
		before, after *gossip.WorkloadChange
		want          bool
	}{
		"it appears":            {after: silent, want: true},
		"it stays":              {before: raisedLimit(), after: raisedLimit()},
		"the first figure":      {before: silent, after: early(0.2), want: true},
		"the figure moves":      {before: early(0.2), after: early(0.4)},
		"the figure is final":   {before: early(0.2), after: raisedLimit(), want: true},
		"it is older than kept": {before: raisedLimit()},
		"another one": {
			before: raisedLimit(), want: true,
			after: raisedLimit(func(c *gossip.WorkloadChange) { c.To.Limit = gossip.Some(2.0) }),
		},
		"the same, later": {
			before: raisedLimit(), want: true,
			after: raisedLimit(func(c *gossip.WorkloadChange) { c.Time = c.Time.Add(time.Hour) }),
		},
	} {
		require.Equal(t, tc.want, crd.News(object(tc.before), object(tc.after)), name)
	}
}

// A program that begins again does not know the change, but the object does.
func TestAStoredChangeIsKept(t *testing.T) {
	object := func(c *gossip.WorkloadChange) crd.Object {
		return crd.New(changed(hiddenThrottling(), c))
	}
	changeIn := func(o crd.Object) v1alpha1.LastChange { return o.(*v1alpha1.KernelWhisper).Status.LastChange }
	stored, none, oldest := object(raisedLimit()), object(nil), noon.Add(-time.Hour)
	require.Equal(t, changeIn(stored), changeIn(crd.KeepChange(stored, none, oldest)))
	require.Nil(t, changeIn(none).Time, "the argument stays as it was")
	newer := object(raisedLimit(func(c *gossip.WorkloadChange) { c.To.Limit = gossip.Some(2.0) }))
	require.Equal(t, newer, crd.KeepChange(stored, newer, oldest))
	require.Equal(t, none, crd.KeepChange(stored, none, noon.Add(time.Hour)), "it is too old")
	silent := object(raisedLimit(func(c *gossip.WorkloadChange) { c.After = gossip.ChangeFigures{} }))
	require.Equal(t, none, crd.KeepChange(silent, none, oldest), "it was never measured, and may have been taken back")
	require.Equal(t, none, crd.KeepChange(nil, none, oldest))
	birth := crd.New(reportOf(podBirth()))
	require.Equal(t, birth, crd.KeepChange(birth, birth, oldest))
}
