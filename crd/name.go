package crd

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// CertificateOf returns the subject of the certificate of a pod: the pod is its own workload there.
func CertificateOf(namespace, pod string) gossip.WorkloadSubject {
	return gossip.WorkloadSubject{
		Kind: gossip.KindPodBirth, Namespace: namespace, Workload: gossip.Workload{Kind: "Pod", Name: pod},
	}
}

// ownGroups are the API groups of the kinds that most workloads have.
var ownGroups = []string{"", "apps", "batch"}

// Name returns the name of a subject's object in its namespace. A certificate has the name of its pod. A whisper is
// named `<workload kind>.<workload name>.<container>.<kind>` in lower case, without a container where it is about whole
// pods. Where that might not be unique (a name with a dot, a kind of another group than apps and batch, or none) or is
// longer than the 253 characters that Kubernetes allows, it ends in a dash and ten hexadecimal digits of a SHA-256 of
// group, kinds, name and container.
func Name(about gossip.WorkloadSubject) string {
	w := about.Workload
	if about.Kind == gossip.KindPodBirth {
		return shortenName(gossip.CleanText(w.Name), w.Name)
	}
	kind := w.Kind
	if !gossip.IsKindName(kind) { // an owner reference may have any text
		kind = ""
	}
	parts := []string{kind, w.Name, about.Container, string(about.Kind)}
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	name := strings.ToLower(gossip.CleanText(strings.Join(parts, ".")))
	whole := strings.Join([]string{w.Group, w.Kind, w.Name, about.Container, string(about.Kind)}, "\x00")
	if kind == "" || strings.Contains(w.Name, ".") || !slices.Contains(ownGroups, w.Group) {
		return cutName(name, whole)
	}
	return shortenName(name, whole)
}

// shortenName returns a name that Kubernetes allows, with the hash of a whole text if it is too long.
func shortenName(name, whole string) string {
	if len(name) <= maxName {
		return name
	}
	return cutName(name, whole)
}

func cutName(name, whole string) string {
	const hash = 10
	sum := sha256.Sum256([]byte(whole))
	head := strings.ToValidUTF8(name[:min(len(name), maxName-hash-1)], "")
	// A label may end neither in a dash nor in a dot.
	return strings.TrimRight(head, "-.") + "-" + hex.EncodeToString(sum[:])[:hash]
}

// newLabels returns the labels by which objects are selected. They name what never changes.
func newLabels(about gossip.WorkloadSubject) map[string]string {
	labels := map[string]string{}
	for key, value := range map[string]string{
		v1alpha1.LabelWorkloadKind: about.Workload.Kind, v1alpha1.LabelWorkloadName: about.Workload.Name,
		v1alpha1.LabelKind: string(about.Kind),
	} {
		if value = labelValue(value); value != "" {
			labels[key] = value
		}
	}
	return labels
}

// labelValue returns a text as the value of a label: one that is too long is cut, and ends in a dash and six
// hexadecimal digits of its SHA-256. It is empty where Kubernetes would not accept the text.
func labelValue(text string) string {
	const kept, hash = 55, 6
	if len(validation.IsValidLabelValue(text)) == 0 {
		return text
	}
	if len(text) <= validation.LabelValueMaxLength {
		return ""
	}
	head := strings.TrimRight(text[:kept], "-_.")
	if head == "" || len(validation.IsValidLabelValue(head)) > 0 {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return head + "-" + hex.EncodeToString(sum[:])[:hash]
}
