// Package ingest is the door of the operator: it takes records, decodes them, and hands the events on. It knows nothing
// of analysis, queues and objects, and links neither Kubernetes nor gRPC. A [Door] has three entrances, which share its
// limits:
//
//	Events               POST /webhook/pixie, /v1/events   one record, an array, or one record a line; plain, gzip, zstd
//	Metrics              POST /v1/metrics                  OTLP/HTTP as protobuf or JSON; plain, gzip, zstd
//	otlpgrpc.NewServer   MetricsService/Export             OTLP/gRPC; plain or gzip
//
// and [Door.Put] for records that the program fetched itself. An [Authenticator] decides who may send: [Tokens]
// compares with secrets, package tokenreview asks an API server, and [Local] is for loopback.
//
// # Answers
//
// Posted records are answered with a [webhook.Answer] in JSON: how many records were accepted, ignored (about
// namespaces that are not watched), unknown (about pods that do not exist, or not yet) and rejected, and the first
// errors, each with its line. Package webhook has the table of what a sender does after each code:
//
//	200  at least one record was accepted, ignored or unknown
//	400  no record is good, or the body breaks off or has none
//	401  unknown sender            403  the sender may not post
//	404  another path              405  no POST
//	408  the body came too slowly (Metrics: 503)
//	413  larger than MaxBody       415  another format
//	422  all records are from the future, and nothing else is wrong
//	429  too many requests at a time, or too many bytes
//	503  the records could not be kept, or the sender could not be authenticated, for now
//
// OpenTelemetry has its own words for these: see [Door.Metrics]. There, a request without a record is a success.
//
// A body is decoded to its end before its first event is handed on. So nothing is kept of a body that breaks off or is
// too large. The events of a long body are handed on in pieces of at most 1,024 events and about 1 MiB. If a piece
// cannot be kept (503), the pieces before it are: they are recognised as repeated when the body comes again.
//
// # Bounds
//
// A record is at most 1 MiB and a body 4 MiB after it was unpacked, 32 requests are worked on at a time, a request has
// 15 s to arrive, and [Connections] bounds the open connections, of 70 KiB at most, and shares them between addresses.
// A ResourceMetrics is at most 128 KiB. Senders are authenticated before their body is read, and a connection over HTTP
// ends with the answer to one that is not admitted.
//
// All requests together take at most [Options.MaxMemory]. A request takes what has arrived of it, as it was sent; one
// over gRPC takes twice MaxBody until it has arrived. Half of the memory is for decoders, 16 MiB for each: the window
// of zstd, names, a long record and a piece of events. There are at least one and at most one for each CPU, or two. A
// request without room is asked to come again before its memory is used.
package ingest
