// Package vizier queries Pixie: it runs PxL scripts over Pixie's API, and turns the rows that they show into events.
//
//	c, err := vizier.New(vizier.Options{Address: "work.withpixie.ai:443", APIKey: key, ClusterID: id})
//	…
//	defer c.Close()
//	for event, err := range c.Execute(ctx, script) {
//		…
//	}
//
// Scripts come from package pxl, or are others with tables named kg_<type>_v1 and columns named as in payload.md of
// package pixie. Each row is read by [pixie.Decode], like a line of px run -o json.
//
// # Errors
//
// [Client.Execute] yields pairs like pixie.Decode: an event or an error. A [*pixie.RecordError] is about one row, and
// names table, row (from 1) and reason; the rows after it count. Any other error is final, and has a gRPC code (see
// [google.golang.org/grpc/status.Code]):
//
//   - Unavailable: Pixie, or the way to it, is down for now, or [ErrDeploying].
//   - Unauthenticated, PermissionDenied: the key, or what it may do.
//   - InvalidArgument: what the compiler says about the script, by line and column.
//   - FailedPrecondition: a probe cannot be deployed; it is named.
//   - Internal: an answer that makes no sense, such as rows of a table that was not described, or columns that are not
//     the described ones. Rows before it count.
//   - ResourceExhausted: a message above [Options.MaxMessage].
//   - Canceled, DeadlineExceeded: the context, or [Options.Timeout].
//
// The API key is in no error.
//
// # Probes
//
// A script with a line "import pxtrace" deploys probes, or keeps them for another TTL from now on: run it again before
// that is over. While they are being deployed Pixie has no rows, and says so; Execute then tries again, up to
// [Options.Attempts] times, with growing waits. It does the same for every Unavailable before the first row.
//
// # Breaks
//
// If the stream breaks in the middle, the rows so far have been yielded, and the error is final. Pixie could continue a
// broken query, but does not say from which row. So run the script again: the scripts of package pxl show the same
// windows again for a while, and package gossip counts an identical record once.
//
// # Limits
//
// Memory is bounded by MaxMessage. One message is in memory at a time, and 256 of its rows, or a few hundred KiB, are
// text at a time. The values of a message take a few times its length, and up to forty times if they are empty values
// of 128 bits, which no real sender has. A query has at most 64 tables of at most 256 columns. Batches are requested
// without encryption from end to end, within TLS.
//
// This package has not met a live Pixie: it follows Pixie's sources (commit 44d42f1), as package viziertest does.
package vizier
