// Package testcluster starts Kubernetes clusters to test, measure and show the operator, and fills them.
//
//   - [Kind] is a whole cluster in Docker, in which [Install] installs operator and observer.
//   - [ControlPlane] is an API server with its etcd, as processes of this machine.
//   - [Place] makes the pods of a capture and their owners in either. [PrintedReports] and [LiveReports] are what
//     gossip-replay and the operator report about them.
//
// Package kubeassets is separate because it needs no Kubernetes client.
package testcluster
