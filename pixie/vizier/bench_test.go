package vizier_test

import (
	"testing"

	"github.com/kernel-gossip/kernel-gossip/pixie/vizier"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/vizierpb"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/viziertest"
)

// BenchmarkExecute is a run that shows 10,000 rows, as many as Pixie shows at most, in batches of 1,000: over TLS, on
// loopback.
func BenchmarkExecute(b *testing.B) {
	s, err := viziertest.Start()
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	table := throttled(make([]int64, 10_000)...)
	messages := []*vizierpb.ExecuteScriptResponse{table.Describe("x")}
	for from := 0; from < 10_000; from += 1000 {
		messages = append(messages, table.Batch("x", from, from+1000))
	}
	s.Answer(viziertest.Send(messages...))
	c, err := vizier.New(vizier.Options{
		Address: s.Address, RootCAs: s.RootCAs, APIKey: viziertest.Key, ClusterID: viziertest.Cluster,
	})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	for b.Loop() {
		rows := 0
		for _, err := range c.Execute(b.Context(), "") {
			if err != nil {
				b.Fatal(err)
			}
			rows++
		}
		if rows != 10_000 {
			b.Fatal(rows)
		}
	}
}
