// Package ingest is the door of the operator: it takes records, decodes them, and hands the events on. It knows nothing
// of analysis, queues and objects, and links neither Kubernetes nor gRPC. A [Door] has three entrances, which share its
// limits:
//
//	Events               POST /webhook/pixie, /v1/events   one record, an array, or one record a line; plain, gzip or zstd
//	Metrics              POST /v1/metrics                  OTLP/HTTP as protobuf or JSON; plain, gzip or zstd
//	otlpgrpc.NewServer   MetricsService/Export             OTLP/gRPC; plain or gzip
//
// and [Door.Put] for records that the program fetched itself. Who may send is an [Authenticator]'s to say: [Tokens]
// knows secrets, and package tokenreview asks an API server.
//
// # Answers
//
// To records posted, all answers are JSON: how many records were accepted, ignored (about namespaces that are not
// watched), unknown (about pods that do not exist, or not yet) and rejected, and the first errors, each with its line.
// Whether to come again is in the code:
//
//	200  at least one record was taken
//	400  none was good, or the body broke off: do not send it again
//	401  who are you?       403  I know you, and you may not
//	413  larger than MaxBody       415  another format
//	422  all that was wrong is that every record is from the future
//	429  too many requests at a time: come again
//	503  the records, or you, could not be dealt with now: come again
//
// OpenTelemetry has words of its own for these: see [Door.Metrics]. There, a request without a record is good too.
//
// A body is decoded to its end before its first event is handed on, so a body that breaks off, or is too large, leaves nothing behind.
//
// # Bounds
//
// A record is at most 1 MiB and a body 4 MiB after it was unpacked, 32 requests are worked on at a time, a request has 15 s to arrive, and 4,096
// connections may be open (over gRPC 1,024). A ResourceMetrics is at most 128 KiB. Memory is then bounded by some 10 MiB for each request. Senders prove who they are before their body
// is read.
package ingest
