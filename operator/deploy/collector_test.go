package deploy_test

import (
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// No Collector runs here: the test checks that the file is YAML in which each used component is configured and each
// configured component is used.
func TestCollectorConfigurationUsesWhatItConfigures(t *testing.T) {
	text, err := os.ReadFile("collector.yaml")
	require.NoError(t, err)
	var config struct {
		Extensions, Receivers, Processors, Exporters map[string]any

		Service struct {
			Extensions []string
			Pipelines  map[string]struct{ Receivers, Processors, Exporters []string }
		}
	}
	require.NoError(t, yaml.UnmarshalStrict(text, &config))
	used := config.Service.Pipelines["metrics"]
	for what, pair := range map[string]struct {
		configured map[string]any
		used       []string
	}{
		"extensions": {config.Extensions, config.Service.Extensions},
		"receivers":  {config.Receivers, used.Receivers},
		"processors": {config.Processors, used.Processors},
		"exporters":  {config.Exporters, used.Exporters},
	} {
		require.NotEmpty(t, pair.used, what)
		require.ElementsMatch(t, slices.Collect(maps.Keys(pair.configured)), pair.used, what)
	}
}
