package replay

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// captureFiles are the endings that captures have, packed ones too.
var captureFiles = []string{"ndjson", "jsonl", "json", "pb", "gz", "zst"}

// complete tells shells what can follow: files by their endings, and the values of flags.
func complete(root *cobra.Command) {
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
	for flag, values := range map[string][]string{"output": outputs, "severity": severities} {
		_ = root.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	}
	_ = root.MarkFlagFilename("pods", "yaml", "yml", "json")
}
