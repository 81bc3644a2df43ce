package kernel

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/readings"
)

// The files of the memory controller, in the format of each version: testdata/memory_*.txtar say which of them were
// recorded.
func TestMemoryFilesThatAreMissingAreAbsentFigures(t *testing.T) {
	some := gossip.Some[int64]
	percent := func(x float64) gossip.Optional[float64] { return gossip.Some(x / 100) }
	recorded := readings.Memory{
		WorkingSet: some(109899776 - 225280), LimitBytes: some(201326592),
		MajorFaults: some(7), LimitHits: some(0), OOMKills: some(0),
	}
	synthetic := readings.Memory{
		WorkingSet: some(109899776 - 225280), LimitBytes: some(201326592),
		MajorFaults: some(7), LimitHits: some(31), OOMKills: some(2),
		SomeAvg10: percent(12.5), SomeAvg60: percent(3.06), FullAvg10: percent(6.25), FullAvg60: percent(1.53),
	}
	var absent gossip.Optional[int64]
	vary := func(m readings.Memory, change func(*readings.Memory)) readings.Memory { change(&m); return m }
	for name, tc := range map[string]struct {
		file   string
		change map[string]string // "": the file is not there
		want   readings.Memory
		err    string
	}{
		"v1": {file: "memory_v1.txtar", want: recorded},
		"v1 without a limit": {
			file: "memory_v1.txtar", change: map[string]string{"memory.limit_in_bytes": "9223372036854771712\n"},
			want: vary(recorded, func(m *readings.Memory) { m.LimitBytes = some(0) }),
		},
		"v1, pages of 64 KiB": {
			file: "memory_v1.txtar", change: map[string]string{"memory.limit_in_bytes": "9223372036854710272\n"},
			want: vary(recorded, func(m *readings.Memory) { m.LimitBytes = some(0) }),
		},
		"v1 before oom_kill": {
			file: "memory_v1.txtar", change: map[string]string{"memory.oom_control": "oom_kill_disable 0\nunder_oom 0\n"},
			want: vary(recorded, func(m *readings.Memory) { m.OOMKills = absent }),
		},
		"v1 that counts hits": {
			file: "memory_v1.txtar", change: map[string]string{"memory.failcnt": "5\n", "memory.memsw.failcnt": "31\n"},
			want: vary(recorded, func(m *readings.Memory) { m.LimitHits = some(36) }),
		},
		"v1 that counts no hits": {
			file: "memory_v1.txtar", change: map[string]string{"memory.max_usage_in_bytes": "201093120\n"},
			want: vary(recorded, func(m *readings.Memory) { m.LimitHits = absent }),
		},
		"v1 without swap's files": {
			file: "memory_v1.txtar", change: map[string]string{"memory.memsw.failcnt": ""},
			want: recorded,
		},
		"v1 without any hits": {
			file: "memory_v1.txtar", change: map[string]string{"memory.max_usage_in_bytes": ""},
			want: vary(recorded, func(m *readings.Memory) { m.LimitHits = absent }),
		},
		"v1 of a container gone": {
			file: "memory_v1.txtar", change: map[string]string{"memory.usage_in_bytes": ""},
			err: "memory.usage_in_bytes",
		},
		"v2": {file: "memory_v2.txtar", want: synthetic},
		"v2 without a limit": {
			file: "memory_v2.txtar", change: map[string]string{"memory.max": "max\n"},
			want: vary(synthetic, func(m *readings.Memory) { m.LimitBytes = some(0) }),
		},
		"v2 without PSI": {
			file: "memory_v2.txtar", change: map[string]string{"memory.pressure": ""},
			want: vary(synthetic, func(m *readings.Memory) {
				var none gossip.Optional[float64]
				m.SomeAvg10, m.SomeAvg60, m.FullAvg10, m.FullAvg60 = none, none, none, none
			}),
		},
		"v2 without events": {
			file: "memory_v2.txtar", change: map[string]string{"memory.events": ""},
			want: vary(synthetic, func(m *readings.Memory) { m.LimitHits, m.OOMKills = absent, absent }),
		},
		"v2 without a stat": {
			file: "memory_v2.txtar", change: map[string]string{"memory.stat": ""},
			want: vary(synthetic, func(m *readings.Memory) { m.WorkingSet, m.MajorFaults = absent, absent }),
		},
		"v2, cache above usage": {
			file: "memory_v2.txtar", change: map[string]string{"memory.current": "4096\n"},
			want: vary(synthetic, func(m *readings.Memory) { m.WorkingSet = some(0) }),
		},
		"v2 with words for values": {
			file: "memory_v2.txtar", change: map[string]string{"memory.events": "max many\n"},
			err: "memory.events: max",
		},
		"v2 with another pressure": {
			file: "memory_v2.txtar", change: map[string]string{"memory.pressure": "some 12\n"},
			err: "memory.pressure",
		},
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
			writeFiles(t, dir, content)
			for file, text := range tc.change {
				if text == "" {
					require.NoError(t, os.Remove(filepath.Join(dir, file)))
				} else {
					writeFiles(t, dir, map[string]string{file: text})
				}
			}
			got, err := tree.ReadMemory(filepath.Join(tree.root, "pod", testID))
			if tc.err != "" {
				require.ErrorContains(t, err, tc.err)
				return
			}
			require.NoError(t, err)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
