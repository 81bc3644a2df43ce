package replay_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/hack/bench/load"
	"github.com/kernel-gossip/kernel-gossip/replay"
)

// All steps: from records to objects.
func BenchmarkRun(b *testing.B) {
	var text bytes.Buffer
	require.NoError(b, load.Load{Records: 100_000, Pods: 500, Seed: 1}.Write(&text))
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if code := replay.Run([]string{"-o", "json"}, bytes.NewReader(text.Bytes()), io.Discard, io.Discard); code != 1 {
			b.Fatal("exit code", code)
		}
	}
}
