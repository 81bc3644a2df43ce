// Package pixie turns payloads into events, and events into payloads ([Append]). A payload is JSON as the webhook receives it, as captures keep it, and as the px command
// prints it: the fields, their units and bounds are in payload.md beside this file, and in machine-readable form in payload.schema.json.
//
// # Formats
//
// The input is one JSON object, an array of objects, or objects one after another, on lines of their own (NDJSON) or pretty-printed.
// Several arrays, or arrays among objects, are read as well. It comes plain, as gzip (any number of members) or as zstd; the first
// bytes tell which. A byte order mark at the start is skipped; CRLF and blank lines do no harm. UTF-16 is refused as a whole.
//
// A record is an object of the contract, or a row that Pixie wrote (px run -o json, table kg_<type>_v1). Each tells which it is: rows have
// the member _tableName_. Both may stand in one input, and both go through the same checks.
//
// An empty input has no events and no error: whether that is a fault is for the caller to say.
//
// # Errors
//
// [Decode] yields pairs in the order of the input. In each pair either the event or the error is nil, never both and never neither.
//
// A [*RecordError] says that one record, or something between records, was refused; decoding goes on. Record errors are
// bad JSON (syntax, invalid UTF-8, a name that occurs twice, nesting deeper than 64), a record above
// [Options.MaxRecord], anything that is not an object where a record should be, an unknown type, a required field that
// is absent, empty or null, a value of the wrong JSON type, a value out of bounds, and CPU counters that do not fit
// into their window, which are cumulative or mistimed. A record with several faults returns one of them.
//
// Any other error is final: the input could not be read or decompressed, or is larger than [Options.MaxBytes]. The events before it
// stand. A record that the end of a failing input cuts in two is covered by the final error.
//
// # Where a bad record ends
//
// Records are cut out of the text by their brackets and strings, and each is then decoded by itself, so a fault inside a record costs
// that record only, even in the middle of an array on one line. Where brackets or quotes do not match, there is no end to find, and
// reading goes on at the next line that begins with '{' and is indented no deeper than the broken record was; in an array a line
// that begins with ']' serves as well, outside of one a line that begins with '['. The error says where reading went on, if that was
// not the next line, and when an array has no such line it says that the rest of the array is lost. Outside of arrays, text that
// belongs to no record costs its line.
//
// # Limits
//
// Memory is bounded, whatever the input: the decoder holds one record of at most MaxRecord, a read-ahead of 64 KiB, some 3 MiB of names
// that it has read before, and the window of the decompressor (zstd: at most 8 MiB, which all levels up to 19 keep to; larger windows
// are refused). Batches holds some thousand records more, and each worker as much again, with a piece of 256 KiB. A longer record
// streams by and is reported once; it ends where its brackets close, or before the next line that looks like the start of a record.
// Work grows in proportion to the input: looking again for records behind a broken one happens at most once for each level of nesting.
//
// # Where values end
//
// Percentages become shares 0–1, durations become [time.Duration], times are UTC. A field that is absent or null is an absent
// [gossip.Optional], an empty string or a zero Period, never a made-up figure. Integers are exact: 12.0 and 1.2e1 are 12, 12.5 is
// refused. nr_throttled above nr_periods is lowered to nr_periods, because the kernel's two counters are not read at one instant.
// image_pull_ns and init_ns may together exceed duration_ns: they overlap when init containers pull, and analysis copes with that.
//
// # Speed
//
// A record in the form that senders write (no escapes, no signs, no exponents) is split in one pass, which reads its numbers and knows
// the names that it has read before; every other goes the strict way, which knows all of JSON and is the only one that words errors. What
// comes out is the same.
//
// [Options.Batches] yields many records at a time, and with [Options.Workers] the text is cut into pieces of some lines, which are
// decoded at the same time. That goes well as long as each piece ends between two records; from the first that does not (records over
// several lines, an array, a broken record at its end) the rest is decoded by the caller's goroutine alone, with the same result.
//
// Decoding is a function of the bytes: nothing of one call shows in another, no goroutine outlives the iteration, and the package
// writes no log and asks for no time.
package pixie
