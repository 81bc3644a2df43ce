package kube

import (
	"cmp"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Workload is the part that advice needs of an object that makes pods from a template. It reads the JSON of a
// Deployment, StatefulSet, DaemonSet, ReplicaSet or CronJob.
type Workload struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              WorkloadSpec `json:"spec"`
}

// WorkloadSpec has the fields of all five kinds. Fields that a kind does not have are empty.
type WorkloadSpec struct {
	Template       PodTemplate    `json:"template"`
	JobTemplate    JobTemplate    `json:"jobTemplate"`
	UpdateStrategy UpdateStrategy `json:"updateStrategy"`
	Paused         bool           `json:"paused"`
}

// PodTemplate is the part of a pod template that advice is about.
type PodTemplate struct {
	Spec struct {
		Containers     []TemplateContainer          `json:"containers"`
		InitContainers []TemplateContainer          `json:"initContainers"`
		Resources      *corev1.ResourceRequirements `json:"resources"`
	} `json:"spec"`
}

// TemplateContainer is the part of a container in a pod template that advice is about.
type TemplateContainer struct {
	Name          string                         `json:"name"`
	Resources     corev1.ResourceRequirements    `json:"resources"`
	RestartPolicy *corev1.ContainerRestartPolicy `json:"restartPolicy"`
}

// JobTemplate holds the pod template of a CronJob.
type JobTemplate struct {
	Spec struct {
		Template PodTemplate `json:"template"`
	} `json:"spec"`
}

// UpdateStrategy says how a StatefulSet or DaemonSet applies a change of its template to its pods.
type UpdateStrategy struct {
	Type string `json:"type"`
}

// podTemplate returns the template, from the place where the kind has it.
func (w *Workload) podTemplate() PodTemplate {
	if len(w.Spec.Template.Spec.Containers) == 0 {
		return w.Spec.JobTemplate.Spec.Template
	}
	return w.Spec.Template
}

// uidOf returns the UID of the workload that w is, or, where w is its newest ReplicaSet, that controls w.
func (w *Workload) uidOf(workload gossip.Workload) string {
	if w.Kind == workload.Kind {
		return string(w.UID)
	}
	if ref := controllerOf(w); ref != nil && ref.Kind == workload.Kind {
		return string(ref.UID)
	}
	return ""
}

// readTemplate returns the template of a workload; nil where that is not known. An object with another UID has only the
// name of the workload: it was made after that was deleted.
func readTemplate(p *corev1.Pod, workload *gossip.Workload, o Objects) *gossip.Template {
	if o.Workload == nil || !workload.Known() || workload.IsPod() {
		return nil
	}
	w := o.Workload(p.Namespace, *workload)
	if w == nil || !sameUID(w.uidOf(*workload), workload.UID) {
		return nil
	}
	if workload.UID == "" {
		workload.UID = w.uidOf(*workload)
	}
	template := w.podTemplate()
	t := gossip.Template{
		Containers: templateContainers(template),
		Maker:      makerOf(w, *workload),
		Waits:      w.Spec.Paused || w.Spec.UpdateStrategy.Type == string(appsv1.OnDeleteDaemonSetStrategyType),
	}
	if whole := template.Spec.Resources; whole != nil {
		r := resourcesOf(*whole)
		t.CPURequest, t.CPULimit, t.MemoryRequest, t.MemoryLimit = r.CPURequest, r.CPULimit, r.MemoryRequest, r.MemoryLimit
	}
	return &t
}

// templateContainers returns a template's containers. A request that a template does not give is absent: the API server
// sets defaults in pods only.
func templateContainers(t PodTemplate) []gossip.Container {
	var out []gossip.Container
	add := func(c TemplateContainer, role gossip.Role) {
		r := resourcesOf(c.Resources)
		out = append(out, gossip.Container{
			Name: c.Name, Role: role,
			CPURequest: r.CPURequest, CPULimit: r.CPULimit, MemoryRequest: r.MemoryRequest, MemoryLimit: r.MemoryLimit,
		})
	}
	for _, c := range t.Spec.Containers {
		add(c, gossip.RoleMain)
	}
	for _, c := range t.Spec.InitContainers {
		add(c, roleOf(c.RestartPolicy))
	}
	return out
}

func resourcesOf(r corev1.ResourceRequirements) gossip.Resources {
	return gossip.Resources{
		CPURequest:    positiveCores(r.Requests[corev1.ResourceCPU]),
		CPULimit:      positiveCores(r.Limits[corev1.ResourceCPU]),
		MemoryRequest: positiveBytes(r.Requests[corev1.ResourceMemory]),
		MemoryLimit:   positiveBytes(r.Limits[corev1.ResourceMemory]),
	}
}

// The labels and annotations that tools set on the objects that they make, as each tool documents them.
const (
	helmRelease       = "meta.helm.sh/release-name"
	fluxHelmRelease   = "helm.toolkit.fluxcd.io/name"
	fluxKustomization = "kustomize.toolkit.fluxcd.io/name"
	argoTracking      = "argocd.argoproj.io/tracking-id"
	argoInstance      = "argocd.argoproj.io/instance"
	managedBy         = "app.kubernetes.io/managed-by"
	instance          = "app.kubernetes.io/instance"
)

// showKind returns a kind, or "controller" for a text that is no kind.
func showKind(kind string) string {
	if gossip.IsKindName(kind) {
		return kind
	}
	return "controller"
}

// makerOf names what makes a workload: its own controller (an object of an operator), or the tool that marked it.
func makerOf(w *Workload, of gossip.Workload) string {
	if ref := metav1.GetControllerOfNoCopy(w); ref != nil && !(ref.Kind == of.Kind && ref.Name == of.Name) {
		return showKind(ref.Kind) + " " + ref.Name
	}
	labels, annotations := w.Labels, w.Annotations
	application, _, _ := strings.Cut(annotations[argoTracking], ":")
	for _, mark := range []struct{ tool, name string }{
		{"Flux HelmRelease ", labels[fluxHelmRelease]},
		{"Flux Kustomization ", labels[fluxKustomization]},
		{"Argo CD application ", cmp.Or(application, labels[argoInstance], annotations[argoInstance])},
		{"Helm release ", annotations[helmRelease]},
	} {
		if mark.name != "" {
			return mark.tool + mark.name
		}
	}
	tool := labels[managedBy]
	if name := labels[instance]; tool != "" && name != "" {
		return tool + " (" + name + ")"
	}
	return tool
}
