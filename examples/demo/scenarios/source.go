package scenarios

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
)

// Source is where the pods of a scenario and the objects about them come from: a cluster ([Live]), or a recording. A
// role is the name of a pod in the scenario's manifest: web, worker, hog, client. What does not exist yet is nil
// without an error; what the source can never know is [ErrUnknown].
type Source interface {
	// Origin says where the figures come from: "measured in this run, …", "recorded 2026-11-22, Linux 6.18, …".
	Origin() string
	// Begin makes the pods of a scenario. "loss" begins the second act of network: from then on packets to the server get
	// lost.
	Begin(ctx context.Context, scenario string) error
	// Pod returns the pod of a role, as Kubernetes has it now.
	Pod(ctx context.Context, role string) (*corev1.Pod, error)
	// Certificate returns the birth certificate of the pod of a role.
	Certificate(ctx context.Context, role string) (*v1alpha1.PodBirthCertificate, error)
	// Whisper returns what the operator says about the pod of a role.
	Whisper(ctx context.Context, role string, kind v1alpha1.WhisperKind) (*v1alpha1.KernelWhisper, error)
	// Usage returns what the kubelet measured of the pod's first container.
	Usage(ctx context.Context, role string) (*Usage, error)
	// Latency returns how long the worker's newest pieces of work took, by its own log.
	Latency(ctx context.Context, role string) (*Latency, error)
	// Run runs a shell line, which calls kubectl, and returns what it printed.
	Run(ctx context.Context, line string) (string, error)
	// End deletes what Begin made, and what an earlier run left. It works after a scenario was cancelled, too.
	End(ctx context.Context) error
}

// ErrUnknown is returned for what a source can never know. The view goes without it, and says so.
var ErrUnknown = errors.New("the source does not know this")

// ifKnown returns nil for what the source can never know.
func ifKnown[T any](got *T, err error) (*T, error) {
	if errors.Is(err, ErrUnknown) {
		return nil, nil
	}
	return got, err
}

// Usage is what a metrics pipeline would show of a container.
type Usage struct {
	From   string // who measured, for the view: "kubelet's summary", which is stats/summary
	At     time.Time
	CPU    *resource.Quantity // cores, over the kubelet's own last interval; nil: not measured
	Memory *resource.Quantity // working set, bytes; nil: not measured
}

// Latency is how long pieces of work took. Each of them needs the same CPU time.
type Latency struct {
	Work   time.Duration // CPU time of each
	Median time.Duration // wall time
	Pieces int
}
