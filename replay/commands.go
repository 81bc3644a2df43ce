package replay

import (
	"fmt"
	"strings"

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
				writeCommands(&b, s.subjectLine(), r, printed)
			}
		}
	}
	return strings.TrimSuffix(b.String(), "\n\n")
}

// writeCommands writes the commands of one recommendation, each with a comment that says when to use it.
func writeCommands(b *strings.Builder, about string, r recommend.Recommendation, printed map[string]bool) {
	undo, pods := "to undo it", "pod"
	switch n := len(r.Resize); {
	case n > 1:
		undo, pods = "to undo all of it", "pods"
	case n == 1 && r.Patch != "":
		undo = "to undo both"
	}
	fmt.Fprintf(b, "# %s: %s\n", about, r.Action)
	for _, c := range []struct {
		what     string
		commands []string
	}{
		{what: "now, in the running " + pods + " (kubectl 1.32 and Kubernetes 1.33, or newer)", commands: r.Resize},
		{what: "so that it lasts", commands: []string{r.Patch}},
		{what: undo, commands: r.Rollback},
	} {
		printNew(b, c.what, c.commands, printed)
	}
	fmt.Fprintf(b, "# %s\n\n", r.Risk)
}

// printNew prints commands after a comment, and those that were printed before only as a comment.
func printNew(b *strings.Builder, what string, commands []string, printed map[string]bool) {
	titled := false
	for _, command := range commands {
		switch {
		case command == "":
			continue
		case printed[command] && titled:
			fmt.Fprintln(b, "# and a command from above")
			continue
		case printed[command]:
			fmt.Fprintf(b, "# %s: the same command as above\n", what)
			continue
		case !titled:
			fmt.Fprintf(b, "# %s\n", what)
		}
		titled, printed[command] = true, true
		fmt.Fprintln(b, command)
	}
}
