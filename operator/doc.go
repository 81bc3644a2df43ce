// Package operator takes kernel events, over HTTP, as OpenTelemetry metrics and from Pixie's API, and keeps Kubernetes
// objects that say what they mean: KernelWhisper about a workload and PodBirthCertificate about a pod, with evidence,
// verdict, and the number to set. Its program is kernel-gossip-operator; [Run] is all of it, and [New] is for your own
// programs.
//
//	POST, OTLP, Pixie ─▶ ingest ─▶ Analyzer.Observe ─▶ queue of workloads ─▶ Reconcile: gossip.RollUp of the pods'
//	    findings and of the stored object ─▶ Rules.ForWorkload ─▶ crd.New ─▶ server-side apply
//
// gossip-replay has the same steps, so a capture that is posted here gives the objects that replay prints.
//
// # Level-triggered
//
// Events change memory only. The queue carries which subject changed, not what happened, and hands it out after
// WriteDelay: a subject with a burst of events is reconciled once. An object is written only if there is news
// (crd.News). A failed write is tried again with back-off, from what is known by then. The state of the world decides,
// never the order in which the operator learned it.
//
// # Records, pods and objects
//
// A record is acknowledged (200) once the analyzer has it. It is kept in memory, and its subject is written at the
// latest when the operator stops: a graceful stop refuses new records, writes the waiting subjects, and gives the lease
// back. A lost lease ends nothing: until it is held again no records are taken (503) and nothing is written, unless
// another replica has led meanwhile. If the limit of waiting subjects is reached, records about further subjects are
// refused with 503 until the API server catches up. What a killed process has not written yet is lost.
//
// A record that contradicts the cache is not observed, so that no sender can replace what is known of an existing pod.
// One with the UID of a pod that the cache does not have waits, in bounded room, until the pod appears; one with a
// container name or a container ID that its pod does not have waits for the pod's status, for 30 s. Findings about pods
// that do not exist are counted, logged once, and written as soon as the pod appears.
//
// The workload of a pod comes from its controllers, through the ReplicaSets and Jobs in the cache. A whisper belongs to
// its workload, and a certificate to its pod, so Kubernetes removes them with it; a workload that is created again
// under its name gets a new object. What pods showed outlives them in the whisper, which is the only memory of pods
// that are gone: each reconciliation reads it again with crd.Stored. After a restart, the worst windows, first seen and
// the last transition continue from there, and for one window no better condition than the stored one counts: the
// window began again, without the samples from before. Whispers of a version that named no workload are deleted once,
// when an operator begins to lead.
//
// # Time
//
// Verdicts know event time only. The wall clock ages objects: the condition of a whisper without a sample for one
// window becomes Unknown (NoRecentSamples), or False (NoKillInWindow) if it is about OOM kills. It is Unknown
// (NoPods) while its workload has no pods. Whispers that are not in trouble, and certificates, are deleted some
// time after their last write. Of the certificates of a workload only the newest are kept.
//
// # Pulling from Pixie
//
// With Options.PixiePull the leader runs the scripts of package pxl in Pixie, each on its own schedule. Runs overlap,
// so that nothing is lost; rows that an earlier run showed are left out, so that nothing counts twice. Pulling starts
// once records can be posted and stops before the last writes. Its failures do not stop the operator.
//
// # Who may send
//
// See package ingest. By default the API server decides about each sender (TokenReview with an audience,
// SubjectAccessReview on the path). Names in records are the sender's claim: a sender can claim anything about any pod
// that the operator watches.
package operator
