package testcluster

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PullFromPixie makes the operator pull from Pixie if PX_API_KEY is set, with the same Secret and patch that users
// apply, and reports whether it does.
func PullFromPixie(ctx context.Context, k Kubectl, root string) (bool, error) {
	if os.Getenv("PX_API_KEY") == "" {
		return false, nil
	}
	values := map[string]string{}
	for key, variable := range map[string]string{
		"api-key": "PX_API_KEY", "cluster-id": "PX_CLUSTER_ID", "address": "PX_CLOUD_ADDR",
	} {
		if values[key] = os.Getenv(variable); values[key] == "" {
			return false, fmt.Errorf("PX_API_KEY is set, and %s is not", variable)
		}
	}
	secret, err := json.Marshal(corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "kernel-gossip", Name: "kernel-gossip-pixie"}, StringData: values,
	})
	if err != nil {
		return false, err
	}
	if _, err := k.Run(ctx, secret, "apply", "--server-side",
		"--filename=-"); err != nil { // arguments are visible to all
		return false, err
	}
	deployment := []string{"--namespace=kernel-gossip", "deployment/kernel-gossip-operator"}
	patch := "--patch-file=" + filepath.Join(root, "operator", "deploy", "components", "pixie-pull", "deployment.yaml")
	if _, err := k.Run(ctx, nil, append([]string{"patch", patch}, deployment...)...); err != nil {
		return false, err
	}
	_, err = k.Run(ctx, nil, append([]string{"rollout", "status", "--timeout=5m"}, deployment...)...)
	return err == nil, err
}
