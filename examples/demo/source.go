package demo

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
)

// Source is where a scenario's pods, and what is said about them, come from: a cluster ([Live]), or a recording. A role is the name of a pod
// in the scenario's manifest: web, worker, hog, client. What is not there yet is nil without an error; what the source can never tell is
// [ErrNotTold].
type Source interface {
	// Origin says where the figures come from: "measured in this run, …", "recorded 2026-11-22, Linux 6.18, …".
	Origin() string
	// Begin makes the pods of a scenario, and lets the kernel speak of them. The second act of network is "loss": from then on packets on
	// the client's way are lost.
	Begin(ctx context.Context, scenario string) error
	// Pod is the pod of a role, as Kubernetes has it now.
	Pod(ctx context.Context, role string) (*corev1.Pod, error)
	// Certificate is the birth certificate of the pod of a role.
	Certificate(ctx context.Context, role string) (*v1alpha1.PodBirthCertificate, error)
	// Whisper is what the operator says of the pod of a role.
	Whisper(ctx context.Context, role string, kind v1alpha1.WhisperKind) (*v1alpha1.KernelWhisper, error)
	// Usage is what the kubelet measured of the pod's first container.
	Usage(ctx context.Context, role string) (*Usage, error)
	// Latency is how long the worker's newest pieces of work took, by its own log.
	Latency(ctx context.Context, role string) (*Latency, error)
	// Run runs a shell line, which calls kubectl, and returns what it printed.
	Run(ctx context.Context, line string) (string, error)
	// End takes away what Begin made, and what an earlier run left. It works when the scenario was cancelled too.
	End(ctx context.Context) error
}

// ErrNotTold is returned for what a source can never tell. The view goes without it, and says so.
var ErrNotTold = errors.New("the source does not tell this")

// Usage is what a metrics pipeline would show of a container.
type Usage struct {
	From   string // who measured, for the view: "kubelet's summary", which is stats/summary
	At     time.Time
	CPU    *resource.Quantity // cores, over the kubelet's own last interval; nil: not measured
	Memory *resource.Quantity // working set, bytes; nil: not measured
}

// Latency is how long pieces of work took, each of which needs the same CPU time.
type Latency struct {
	Work   time.Duration // CPU time of each
	Median time.Duration // wall time
	Pieces int
}
