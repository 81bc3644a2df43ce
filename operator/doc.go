// Package operator listens to kernel events, over HTTP, as OpenTelemetry metrics and from Pixie's API, and keeps Kubernetes objects that
// say what they mean: KernelWhisper and PodBirthCertificate, with evidence, verdict, and the number to set. Its program is
// kernel-gossip-operator; [Run] is all of it, and [New] is for programs of your own.
//
//	POST, OTLP, Pixie ─▶ ingest ─▶ Analyzer.Observe ─▶ queue of subjects ─▶ Reconcile: Finding ─▶ Rules.For ─▶ crd.New ─▶ server-side apply
//
// The steps are those of gossip-replay, so a capture that is posted here gives the objects that replay prints.
//
// # Level-triggered
//
// Events change memory only. The queue carries which subject changed, not what happened, and hands it out after WriteDelay: a burst
// of events about a subject costs one look at it. A write must carry news (crd.News), else there is none. A failed write is tried again with
// back-off, from what is known by then. The state of the world decides, never the order in which one heard of it.
//
// # Records, pods and objects
//
// A record is acknowledged (200) once the analyzer has it; it is kept in memory, and its subject is written at the latest when
// the operator is told to stop: a graceful stop refuses new records, writes what is waiting, and gives the lease back. When more subjects
// are waiting than are kept, records about further ones are refused with 503 until the API server catches up. What a process that
// is killed had not written yet is lost.
//
// A record with the UID of a pod that the cache does not have is not observed: it waits, in bounded room, until the pod
// appears, so that no sender can push out what is known of a pod that exists. Findings about pods that do not exist are
// counted, logged once, and written as soon as the pod appears. Objects belong to their pod, so Kubernetes removes them
// with it; a pod that is created again under its name gets an object of its own. After a restart, first seen, worst
// severity and last transition go on from the stored objects, and for one window a stored verdict is not replaced by
// Unknown.
//
// # Time
//
// Verdicts know event time only. The wall clock ages objects: a whisper without a sample for one window becomes Unknown
// (NoRecentSamples), or False (NoKillInWindow) where it is about OOM kills, and whispers that are not in trouble, and certificates, are
// deleted some time after their last write.
//
// # Pulling from Pixie
//
// With Options.PixiePull the leader runs the scripts of package pxl in Pixie, each on its own schedule. Runs overlap, so that nothing is
// lost; what a row of a run before said is left out, so that nothing counts twice. It starts once records can be posted, stops before the last
// writes, and no failure of it is one of the operator.
//
// # Who may send
//
// See package ingest. The default asks the API server about each sender (TokenReview with an audience, SubjectAccessReview on the
// path). Names in records are the sender's claim: whoever may post can tell stories about any pod that the operator watches.
package operator
