package replay

import (
	"fmt"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// commandList returns every command, each whole and on its own line, ready to paste, in the order of the table. Pods of
// one owner may have the same command; it is printed once. A number without a command has the reason why there is none.
func commandList(rows []tableRow) string {
	var b strings.Builder
	printed := make(map[string]bool)
	for _, s := range rows {
		for _, r := range s.chosenAdvice() {
			if hasCommand(r) || r.Target != nil {
				writeCommands(&b, s.finding.Subject(), r, printed)
			}
		}
	}
	return strings.TrimSuffix(b.String(), "\n\n")
}

// writeCommands writes the commands of one recommendation, each with a comment that says when to use it.
func writeCommands(b *strings.Builder, s gossip.Subject, r recommend.Recommendation, printed map[string]bool) {
	undo := "to undo it"
	if r.Resize != "" && r.Patch != "" {
		undo = "to undo both"
	}
	fmt.Fprintf(b, "# %s/%s %s: %s\n", s.Namespace, s.Pod, s.Container, r.Action)
	for _, c := range []struct{ what, command string }{
		{"now, in the running pod (kubectl 1.32 and Kubernetes 1.33, or newer)", r.Resize},
		{"so that it lasts", r.Patch},
		{undo, r.Rollback},
	} {
		switch {
		case c.command == "":
		case printed[c.command]:
			fmt.Fprintf(b, "# %s: the same command as above\n", c.what)
		default:
			printed[c.command] = true
			fmt.Fprintf(b, "# %s\n%s\n", c.what, c.command)
		}
	}
	fmt.Fprintf(b, "# %s\n\n", r.Risk)
}
