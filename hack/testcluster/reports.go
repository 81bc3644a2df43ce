package testcluster

import (
	"bytes"
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
)

// Reports are our objects as YAML, without what differs between clusters: metadata, UIDs, and the nodes of pods,
// because placed pods have none. The key is kind, namespace and name.
type Reports map[string]string

// PrintedReports returns the reports in the output of gossip-replay -o yaml.
func PrintedReports(text []byte) (Reports, error) {
	out := Reports{}
	for part := range bytes.SplitSeq(text, []byte("---\n")) {
		if part = bytes.TrimSpace(part); len(part) == 0 || string(part) == "# no objects" {
			continue
		}
		if err := out.add(part); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// LiveReports returns the reports in these namespaces of a cluster.
func LiveReports(ctx context.Context, c client.Client, namespaces ...string) (Reports, error) {
	out := Reports{}
	for _, namespace := range namespaces {
		var whispers v1alpha1.KernelWhisperList
		var certificates v1alpha1.PodBirthCertificateList
		for _, list := range []client.ObjectList{&whispers, &certificates} {
			if err := c.List(ctx, list, client.InNamespace(namespace)); err != nil {
				return nil, err
			}
		}
		var all []any
		for _, w := range whispers.Items {
			w.Kind = v1alpha1.KindKernelWhisper
			all = append(all, w)
		}
		for _, c := range certificates.Items {
			c.Kind = v1alpha1.KindPodBirthCertificate
			all = append(all, c)
		}
		for _, o := range all {
			text, err := yaml.Marshal(o)
			if err != nil {
				return nil, err
			}
			if err := out.add(text); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (r Reports) add(text []byte) error {
	var report struct {
		Kind     string            `json:"kind"`
		Metadata metav1.ObjectMeta `json:"metadata"`
		Spec     map[string]any    `json:"spec"`
		Status   map[string]any    `json:"status"`
	}
	if err := yaml.Unmarshal(text, &report); err != nil {
		return err
	}
	removeFields(report.Spec, "uid", "node")
	removeFields(report.Status, "uid", "node")
	body, err := yaml.Marshal(map[string]any{"spec": report.Spec, "status": report.Status})
	r[report.Kind+" "+report.Metadata.Namespace+"/"+report.Metadata.Name] = string(body)
	return err
}

// removeFields removes the fields of these names from a value of YAML, at any depth.
func removeFields(value any, names ...string) {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range names {
			delete(value, name)
		}
		for _, field := range value {
			removeFields(field, names...)
		}
	case []any:
		for _, element := range value {
			removeFields(element, names...)
		}
	}
}

// ListedNamespaces returns the namespaces of the objects in a kubectl list.
func ListedNamespaces(list []byte) ([]string, error) {
	items, err := readList(bytes.NewReader(list))
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var out []string
	for _, item := range items {
		if name := item.GetNamespace(); name != "" && !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	return out, nil
}
