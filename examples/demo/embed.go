package demo

import "embed"

// Manifests are those of the workloads, manifests/NAME.yaml: namespace, one for each scenario, and loss, which belongs to network.
//
//go:embed manifests/*.yaml
var Manifests embed.FS
