// Package vizier asks Pixie: it has PxL scripts run over Pixie's API, and turns the rows that they show into events.
//
//	c, err := vizier.New(vizier.Options{Address: "work.withpixie.ai:443", APIKey: key, ClusterID: id})
//	…
//	defer c.Close()
//	for event, err := range c.Execute(ctx, script) {
//		…
//	}
//
// Scripts are those of package pxl, or others whose tables are called kg_<type>_v1 and whose columns have the names of the contract
// (payload.md in package pixie). Each row goes the way that a line of px run -o json goes through [pixie.Decode].
//
// # Errors
//
// [Client.Execute] yields pairs like pixie.Decode: an event or an error. A [*pixie.RecordError] is about one row, and names table, row
// (from 1) and reason; the rows after it count. Any other error is final, and has a gRPC code ([google.golang.org/grpc/status.Code] tells it):
//
//   - Unavailable: Pixie, or the way to it, is down for now, or [ErrDeploying].
//   - Unauthenticated, PermissionDenied: the key, or what it may do.
//   - InvalidArgument: what the compiler says about the script, by line and column.
//   - FailedPrecondition: a probe cannot be deployed; it is named.
//   - Internal: an answer that makes no sense, such as rows of a table that was not described, or columns that are not the described
//     ones. What came before it stands.
//   - ResourceExhausted: a message above [Options.MaxMessage].
//   - Canceled, DeadlineExceeded: the context, or [Options.Timeout].
//
// The API key is in no error.
//
// # Probes
//
// A script with a line "import pxtrace" deploys probes, or keeps them until their TTL is over from now: run it again before that. While they
// are being deployed Pixie has no rows, and says so; Execute then asks again, up to [Options.Attempts] times, with growing waits.
// The same goes for every Unavailable before the first row.
//
// # Breaks
//
// When the stream breaks in the middle, the rows so far have been yielded, and the error is final. Pixie could go on with a query that
// broke, but does not say from which row. So run the script again: the scripts of package pxl show the same windows again for a
// while, and package gossip counts an identical record once.
//
// # Limits
//
// Memory is bounded by MaxMessage: one message at a time, of which 256 rows, or a few hundred KiB, are text. Its values take a few times its length, and up to forty
// times where they are empty ones of 128 bits, which nobody sends in earnest. A query has at most 64 tables of at most 256
// columns. Batches are asked for in the clear, within TLS: encryption from end to end is left unset.
//
// Nothing here has met a live Pixie: what it says and hears is what Pixie's sources say (commit 44d42f1), and what
// package viziertest does.
package vizier
