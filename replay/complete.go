package replay

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// captureFiles are the file extensions of captures, also of packed ones.
var captureFiles = []string{"ndjson", "jsonl", "json", "pb", "gz", "zst"}

// registerCompletions registers what a shell completes: files by their extensions, and the values of flags. A flag
// completes to a file name only if its value is a file.
func registerCompletions(root *cobra.Command) {
	for _, c := range append(root.Commands(), root) {
		endings := captureFiles
		switch c.Name() {
		case "diff":
			endings = append([]string{"yaml", "yml"}, captureFiles...) // results
		case "pxl-check":
			endings = []string{"pxl"}
		}
		c.ValidArgsFunction = cobra.FixedCompletions(endings, cobra.ShellCompDirectiveFilterFileExt)
	}
	var severities []string
	for s := gossip.SeverityInfo; s <= gossip.SeverityCritical; s++ {
		severities = append(severities, strings.ToLower(s.String()))
	}
	known := map[string][]string{
		"output": outputs, "severity": severities, "fail-on": severities, "color": colors, "by": groups,
	}
	files := map[string][]string{"pods": {"yaml", "yml", "json"}, "token-file": nil, "ca-file": nil}
	for _, c := range append(root.Commands(), root) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if endings, ok := files[f.Name]; ok {
				_ = c.MarkFlagFilename(f.Name, endings...) // the flag is there
				return
			}
			_ = c.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(known[f.Name], cobra.ShellCompDirectiveNoFileComp))
		})
	}
}
