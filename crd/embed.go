package crd

import (
	"embed"
	"io/fs"
)

//go:generate go tool -modfile=../hack/controller-gen.mod controller-gen object paths=./v1alpha1/... crd output:crd:dir=.

//go:embed kernel.gossip.io_*.yaml
var definitions embed.FS

// CRDs returns the CustomResourceDefinitions of both kinds as YAML, one document each, in order of their file names.
func CRDs() [][]byte {
	var list [][]byte
	names, _ := fs.Glob(definitions, "*.yaml") // fails only for a bad pattern
	for _, name := range names {
		if b, err := definitions.ReadFile(name); err == nil { // it is embedded, so it exists
			list = append(list, b)
		}
	}
	return list
}
