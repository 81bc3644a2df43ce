package operator

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
)

// A workload with many short pods would fill its namespace with certificates, so of each workload only the newest stay:
// as many as show what its births are like, and more of those that were late, because these are read. Both are ours.
const (
	maxInTime = 10
	maxLate   = 20
)

// listWorkloadCertificates returns the certificates of the pods of a workload, which the labels of one of them name;
// none if the labels do not name it.
func (p publisher) listWorkloadCertificates(
	ctx context.Context, one *v1alpha1.PodBirthCertificate,
) ([]v1alpha1.PodBirthCertificate, error) {
	workload := client.MatchingLabels{}
	for _, key := range []string{v1alpha1.LabelWorkloadKind, v1alpha1.LabelWorkloadName} {
		value := one.Labels[key]
		if value == "" {
			return nil, nil
		}
		workload[key] = value
	}
	var list v1alpha1.PodBirthCertificateList
	if err := p.client.List(ctx, &list, client.InNamespace(one.Namespace), workload); err != nil {
		return nil, fmt.Errorf("certificates beside %s/%s: %w", one.Namespace, one.Name, err)
	}
	return list.Items, nil
}

// findSurplus returns the certificates of a workload beyond those that are kept: the newest ones that were in time, and
// the newest others.
func findSurplus(all []v1alpha1.PodBirthCertificate) (surplus []*v1alpha1.PodBirthCertificate) {
	var inTime, late []*v1alpha1.PodBirthCertificate
	for i := range all {
		c := &all[i]
		switch condition := crd.Condition(c); {
		case condition == nil: // it is being made, or an operator died before it wrote the status
		case condition.Status == metav1.ConditionTrue:
			inTime = append(inTime, c)
		default:
			late = append(late, c)
		}
	}
	for _, list := range []struct {
		of   []*v1alpha1.PodBirthCertificate
		most int
	}{{of: inTime, most: maxInTime}, {of: late, most: maxLate}} {
		slices.SortFunc(list.of, func(a, b *v1alpha1.PodBirthCertificate) int {
			return cmp.Or(compareTimes(b.Status.BornTime, a.Status.BornTime), strings.Compare(a.Name, b.Name))
		})
		surplus = append(surplus, list.of[min(len(list.of), list.most):]...)
	}
	return surplus
}

// compareTimes orders times; one that is not known is the earliest.
func compareTimes(a, b *metav1.Time) int {
	var none metav1.Time
	return cmp.Or(a, &none).Compare(cmp.Or(b, &none).Time)
}

// isSurplus reports whether a certificate that does not exist yet would be deleted at once, because its workload has
// enough newer ones.
func (p publisher) isSurplus(ctx context.Context, wanted *v1alpha1.PodBirthCertificate) (bool, error) {
	all, err := p.listWorkloadCertificates(ctx, wanted)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(findSurplus(append(all, *wanted)), func(c *v1alpha1.PodBirthCertificate) bool {
		return c.Name == wanted.Name
	}), nil
}

// deleteSurplus deletes the certificates of a workload that are too many. It is called again when the cache has a
// certificate that was written, so what the cache does not show yet is deleted later.
func (r *reconciler) deleteSurplus(ctx context.Context, one *v1alpha1.PodBirthCertificate) error {
	all, err := r.publisher.listWorkloadCertificates(ctx, one)
	if err != nil {
		return err
	}
	for _, c := range findSurplus(all) {
		c.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(v1alpha1.KindPodBirthCertificate))
		if err := r.publisher.deleteObject(ctx, c); err != nil {
			return err
		}
		r.journal.logSurplus(ctx, c)
	}
	return nil
}
