// Package pixie turns payloads into events, and events into payloads ([Append]). A payload is JSON as the webhook
// receives it, as captures keep it, and as the px command prints it: the fields, their units and bounds are in
// payload.md beside this file, and in machine-readable form in payload.schema.json.
//
// # Formats
//
// The input is one JSON object, an array of objects, or objects one after another, on lines of their own (NDJSON) or
// pretty-printed. Several arrays, or arrays among objects, are read as well. It is plain, gzip (any number of members)
// or zstd; the first bytes decide. What is packed twice is refused. A byte order mark at the start is skipped; CRLF and
// blank lines do no harm. UTF-16 is refused as a whole.
//
// A record is an object with the fields of payload.md, or a row that Pixie wrote (px run -o json, table kg_<type>_v1).
// Rows have the member _tableName_. Both may be in one input, and both pass the same checks.
//
// An empty input has no events and no error: the caller decides whether that is a fault.
//
// # Errors
//
// [Decode] yields pairs in the order of the input. In each pair either the event or the error is nil, never both and
// never neither.
//
// A [*RecordError] means that one record, or something between records, was refused; decoding goes on. Record errors
// are bad JSON (syntax, a name that occurs twice, nesting deeper than 64), a record above [Options.MaxRecord], anything
// that is not an object where a record should be, an unknown type, a required field that is absent, empty or null, a
// value of the wrong JSON type, a value out of bounds, and CPU counters that do not fit into their window, because they
// are cumulative or mistimed. A record with several faults returns one of them.
//
// Any other error is final: the input could not be read or decompressed, or is larger than [Options.MaxBytes]. The
// events before it count. A record that is cut in two by the end of a failing input is covered by the final error.
//
// # Where a bad record ends
//
// Records are cut out of the text by their brackets and strings, and each is then decoded by itself, so a fault inside
// a record costs only that record, even in the middle of an array on one line. If brackets or quotes do not match, the
// record has no recognisable end, and reading goes on at the next line that begins with '{' and is indented no deeper
// than the broken record was. Inside an array a line that begins with ']' serves as well, outside of arrays a line that
// begins with '['. The error says where reading went on if that was not the next line, and if an array has no such line
// it says that the rest of the array is lost. Outside of arrays, text that belongs to no record costs its line.
//
// # Limits
//
// Memory is bounded for every input: the decoder holds one record of at most MaxRecord, a read-ahead of 64 KiB, some 3
// MiB of names that it has read before, and the window of the decompressor (zstd: at most 8 MiB, which is enough for
// all levels up to 19; larger windows are refused). Batches holds some thousand records more, and each worker as much
// again, with a piece of 256 KiB. A longer record streams by and is reported once; it ends where its brackets close, or
// before the next line that looks like the start of a record. Work grows in proportion to the input: looking again for
// records after a broken one happens at most once for each level of nesting.
//
// # From values to events
//
// Percentages become shares 0–1, durations become [time.Duration], times are UTC. A field that is absent or null
// becomes an absent [gossip.Optional], an empty string or a zero Period, never an invented figure. Integers are exact:
// 12.0 and 1.2e1 are 12, 12.5 is refused. nr_throttled above nr_periods is lowered to nr_periods, because the kernel's
// two counters are not read at one instant. image_pull_ns and init_ns may together exceed duration_ns: they overlap
// when init containers pull, and the analysis allows for that.
//
// Texts that a workload or a sender chooses freely are cleaned ([gossip.CleanText]) and never make a record a bad one:
// a process must not hide its OOM kill by its name. Namespaces, pods and containers have names that Kubernetes
// accepts, or the record is refused.
//
// # Speed
//
// A record in the form that senders write (no escapes, no signs, no exponents) is split in one pass by package plain.
// All others are split by a complete JSON parser, which is also the only one that words errors. The result is the same.
//
// [Options.Batches] yields many records at a time, and with [Options.Workers] it cuts the text into pieces of some
// lines, which are decoded in parallel. That is possible as long as each piece ends between two records. From the first
// piece that does not (records over several lines, an array, a broken record at its end) the goroutine of the caller
// decodes the rest alone, with the same result.
//
// Decoding is a function of the bytes: no call influences another, no goroutine outlives the iteration, and the package
// writes no log and reads no clock.
package pixie
