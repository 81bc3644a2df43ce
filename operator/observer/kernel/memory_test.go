package kernel

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

// What the memory controller says, in the format of each version: testdata/memory_*.txtar say which of it was recorded.
func TestReadMemory(t *testing.T) {
	recorded := Memory{
		WorkingSet: new(uint64(109899776 - 225280)), Limit: new(uint64(201326592)),
		MajorFaults: new(uint64(7)), LimitHits: new(uint64(0)), Killed: new(uint64(0)),
	}
	synthetic := Memory{
		WorkingSet: new(uint64(109899776 - 225280)), Limit: new(uint64(201326592)),
		MajorFaults: new(uint64(7)), LimitHits: new(uint64(31)), Killed: new(uint64(2)),
		Some: &Pressure{Avg10: 12.5, Avg60: 3.06}, Full: &Pressure{Avg10: 6.25, Avg60: 1.53},
	}
	vary := func(m Memory, change func(*Memory)) Memory { change(&m); return m }
	for name, tc := range map[string]struct {
		file   string
		change map[string]string // "": the file is not there
		want   Memory
		err    string
	}{
		"v1":                       {file: "memory_v1.txtar", want: recorded},
		"v1 without a limit":       {file: "memory_v1.txtar", change: map[string]string{"memory.limit_in_bytes": "9223372036854771712\n"}, want: vary(recorded, func(m *Memory) { m.Limit = new(uint64) })},
		"v1, pages of 64 KiB":      {file: "memory_v1.txtar", change: map[string]string{"memory.limit_in_bytes": "9223372036854710272\n"}, want: vary(recorded, func(m *Memory) { m.Limit = new(uint64) })},
		"v1 before oom_kill":       {file: "memory_v1.txtar", change: map[string]string{"memory.oom_control": "oom_kill_disable 0\nunder_oom 0\n"}, want: vary(recorded, func(m *Memory) { m.Killed = nil })},
		"v1 that counts hits":      {file: "memory_v1.txtar", change: map[string]string{"memory.failcnt": "5\n", "memory.memsw.failcnt": "31\n"}, want: vary(recorded, func(m *Memory) { m.LimitHits = new(uint64(36)) })},
		"v1 that counts no hits":   {file: "memory_v1.txtar", change: map[string]string{"memory.max_usage_in_bytes": "201093120\n"}, want: vary(recorded, func(m *Memory) { m.LimitHits = nil })},
		"v1 without swap's files":  {file: "memory_v1.txtar", change: map[string]string{"memory.memsw.failcnt": ""}, want: recorded},
		"v1 without any hits":      {file: "memory_v1.txtar", change: map[string]string{"memory.max_usage_in_bytes": ""}, want: vary(recorded, func(m *Memory) { m.LimitHits = nil })},
		"v1 of a container gone":   {file: "memory_v1.txtar", change: map[string]string{"memory.usage_in_bytes": ""}, err: "memory.usage_in_bytes"},
		"v2":                       {file: "memory_v2.txtar", want: synthetic},
		"v2 without a limit":       {file: "memory_v2.txtar", change: map[string]string{"memory.max": "max\n"}, want: vary(synthetic, func(m *Memory) { m.Limit = new(uint64) })},
		"v2 without PSI":           {file: "memory_v2.txtar", change: map[string]string{"memory.pressure": ""}, want: vary(synthetic, func(m *Memory) { m.Some, m.Full = nil, nil })},
		"v2 without events":        {file: "memory_v2.txtar", change: map[string]string{"memory.events": ""}, want: vary(synthetic, func(m *Memory) { m.LimitHits, m.Killed = nil, nil })},
		"v2 without a stat":        {file: "memory_v2.txtar", change: map[string]string{"memory.stat": ""}, want: vary(synthetic, func(m *Memory) { m.WorkingSet, m.MajorFaults = nil, nil })},
		"v2, cache above usage":    {file: "memory_v2.txtar", change: map[string]string{"memory.current": "4096\n"}, want: vary(synthetic, func(m *Memory) { m.WorkingSet = new(uint64) })},
		"v2 with words for values": {file: "memory_v2.txtar", change: map[string]string{"memory.events": "max many\n"}, err: "memory.events: max"},
		"v2 with another pressure": {file: "memory_v2.txtar", change: map[string]string{"memory.pressure": "some 12\n"}, err: "memory.pressure"},
	} {
		t.Run(name, func(t *testing.T) {
			archive, err := txtar.ParseFile(filepath.Join("testdata", tc.file))
			require.NoError(t, err)
			root := t.TempDir()
			tree, dir := Tree{filepath.Join(root, "cpu"), false}, filepath.Join(root, "memory", "pod", testID)
			if tc.file == "memory_v2.txtar" {
				tree, dir = Tree{root, true}, filepath.Join(root, "pod", testID)
			}
			content := map[string]string{}
			for _, f := range archive.Files {
				content[f.Name] = string(f.Data)
			}
			files(t, dir, content)
			for file, text := range tc.change {
				if text == "" {
					require.NoError(t, os.Remove(filepath.Join(dir, file)))
				} else {
					files(t, dir, map[string]string{file: text})
				}
			}
			got, err := tree.ReadMemory(filepath.Join(tree.root, "pod", testID))
			if tc.err != "" {
				require.ErrorContains(t, err, tc.err)
				return
			}
			require.NoError(t, err)
			require.NotZero(t, got.At)
			got.At = time.Time{}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMemoryDelta(t *testing.T) {
	at := time.Date(2026, 11, 24, 22, 14, 54, 0, time.UTC)
	a := Memory{At: at, WorkingSet: new(uint64(5)), Limit: new(uint64(100)), MajorFaults: new(uint64(7)), LimitHits: new(uint64(31)), Killed: new(uint64(2))}
	b := Memory{
		At: at.Add(10 * time.Second), WorkingSet: new(uint64(9)), Limit: new(uint64(100)), MajorFaults: new(uint64(7)), LimitHits: new(uint64(40)), Killed: new(uint64(3)),
		Some: &Pressure{12.5, 3.06}, Full: &Pressure{6.25, 1.53},
	}
	whole := MemoryPressure{
		WorkingSet: new(uint64(9)), Limit: new(uint64(100)), MajorFaults: new(uint64(0)), LimitHits: new(uint64(9)), OOMKills: new(uint64(1)),
		SomeAvg10: new(12.5), SomeAvg60: new(3.06), FullAvg10: new(6.25), FullAvg60: new(1.53),
	}
	whole.Subject = subjectOf("memory_pressure", b.At, testContainer().Pod, "cgroup")
	whole.PeriodSeconds, whole.ContainerName, whole.ContainerID = 10, "app", testID
	for name, tc := range map[string]struct {
		change func(a, b *Memory)
		want   func(*MemoryPressure)
		split  bool
	}{
		"all":                     {change: func(*Memory, *Memory) {}, want: func(*MemoryPressure) {}},
		"a counter fell":          {change: func(a, _ *Memory) { a.LimitHits = new(uint64(41)) }, split: true},
		"another limit":           {change: func(a, _ *Memory) { a.Limit = new(uint64(50)) }, split: true},
		"a limit where was none":  {change: func(a, _ *Memory) { a.Limit = new(uint64(0)) }, split: true},
		"nothing that is needed":  {change: func(_, b *Memory) { b.WorkingSet, b.Some = nil, nil }, split: true},
		"no counter of kills yet": {change: func(a, _ *Memory) { a.Killed = nil }, want: func(r *MemoryPressure) { r.OOMKills = nil }},
		"no pressure":             {change: func(_, b *Memory) { b.Some, b.Full = nil, nil }, want: func(r *MemoryPressure) { r.SomeAvg10, r.SomeAvg60, r.FullAvg10, r.FullAvg60 = nil, nil, nil, nil }},
	} {
		a, b, want := a, b, whole
		tc.change(&a, &b)
		got, ok := MemoryDelta(testContainer(), a, b)
		require.Equal(t, !tc.split, ok, name)
		if !ok {
			continue
		}
		tc.want(&want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
