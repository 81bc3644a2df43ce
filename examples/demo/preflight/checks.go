package preflight

import (
	"context"
	"slices"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/install"
)

// Checks is the list, for a site.
func Checks(s *install.Site) []Check {
	with := func(f func(context.Context, *install.Site) Result) func(context.Context) Result {
		return func(ctx context.Context) Result { return f(ctx, s) }
	}
	needs := func(names ...string) []string { return names }
	return slices.Concat(tools(s), cluster(s), []Check{
		{Name: "pod security", Needs: needs("cluster"), Run: with(checkPodSecurity)},
		{Name: "definitions", Needs: needs("cluster"), Run: with(checkDefinitions)},
		{Name: "installation", Needs: needs("cluster"), Run: with(checkInstallation)},
		{Name: "operator", Needs: needs("cluster"), Run: with(checkOperator)},
		{Name: "leader", Needs: needs("operator"), Run: with(checkLeader)},
		{Name: "ingest", Needs: needs("kubectl", "operator"), Run: with(checkIngest)},
		{Name: "observer", Needs: needs("cluster"), Run: with(checkObserver)},
		{Name: "sender", Needs: needs("ingest", "observer"), Run: with(checkSender)},
		{Name: "events", Needs: needs("ingest"), Run: with(checkEvents)},
		{Name: "pixie", Needs: needs("cluster"), Run: with(checkPixie)},
		{Name: "images", Needs: needs("nodes"), Run: with(checkImages)},
		{Name: "workloads", Needs: needs("definitions"), Run: with(checkWorkloads)},
	})
}
