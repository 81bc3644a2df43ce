// Package deploy has the manifests of the operator: kustomize's base and overlays, and install.yaml, which is the base
// in one file. The operator's rights are generated from the markers in the code that needs them.
package deploy

import _ "embed"

//go:generate go tool -modfile=../../hack/controller-gen.mod controller-gen rbac:roleName=kernel-gossip-operator,fileName=rbac-generated.yaml paths=../... output:rbac:dir=base
//go:generate sh -c "(echo '# Rendered from base by go generate: do not edit. kubectl apply --server-side -f install.yaml' && go tool -modfile=../../hack/kustomize.mod kustomize build base) >install.yaml"

// Install is the content of install.yaml.
//
//go:embed install.yaml
var Install []byte
