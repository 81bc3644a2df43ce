// Package otlp turns OpenTelemetry metrics into events: metrics that Pixie's px.export sends, that a Collector's file
// exporter keeps, that any OpenTelemetry SDK exports. It knows the messages, and no transport.
//
// # What makes an event
//
// One ResourceMetrics is one event. Its fields are gauges of one point each, named kernel_gossip.<type>.<field>; types,
// fields, units and bounds are in payload.md beside package pixie, and the same code checks them. Around them:
//
//	resource attribute   k8s.namespace.name    namespace
//	                     k8s.pod.name          pod_name; also as namespace/name, which is what Pixie's pod columns hold
//	                     k8s.pod.uid           pod_uid
//	                     k8s.container.name    container_name
//	                     k8s.node.name         node
//	                     container.id          container_id
//	                     kernel_gossip.source  source
//	attribute of points  period_seconds        period_seconds; as a text too, because PxL can only write texts
//	                     scope, victim_comm    the same, of oom_kill
//	time of points       timestamp; if the points differ by a little, as the points of an SDK do, the newest
//
// There is no gauge for the syscalls and the timeline of a birth. A kill without any known figure is a gauge
// kernel_gossip.oom_kill.<x> with any unknown field x, which says the type. The service.name, which Pixie demands,
// means nothing here: Pixie copies a row for each service of a pod, and copies count once.
//
// Everything else is ignored: other attributes, gauges of ours with unknown fields, metrics that are not ours beside
// ours. A ResourceMetrics without any point is nothing. NaN, and a point without a value, leave the field absent: it
// was not measured. Pixie writes NaN for 0/0. Infinity is an error.
//
// # Formats
//
// [Options.Decode] reads files: ExportMetricsServiceRequests in protobuf, one after the other; as OTLP/JSON, usually
// one a line; and in frames, which are four bytes of length, the highest first, and a request, as the Collector's file
// exporter writes them with format: proto or compression: zstd. Any of them may be packed with gzip or zstd as a whole.
// The first bytes decide: see [Is]. Servers know the format by the content type, and call [Options.Protobuf] or
// [Options.JSON].
//
// # Errors
//
// A bad ResourceMetrics costs only itself: its error is a [*pixie.RecordError] around a [*ResourceError], which says
// where in the request it is. It is bad if it has two types, a metric of ours that is not a gauge (sums are not deltas
// of a window), more than one point in a gauge, or a value that package pixie refuses. If it has points, but none of
// ours, like the metrics of the docker_stats and kubeletstats receivers, the reason is a [*ForeignError]: a program
// that reads many of them shows the first and counts the others. A line that is not a request, a request that breaks
// off, and a frame that cannot be unpacked are record errors too; what was before the break counts. Any other error is
// final: the input could not be read, or is not protobuf where that was expected.
//
// # Limits
//
// A ResourceMetrics is decoded by itself and has at most MaxRecord bytes. Requests of any length stream by, in protobuf
// and in JSON.
package otlp
