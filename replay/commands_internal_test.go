package replay

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// Each command is on a line of its own, also where several pods get one.
func TestCommandsForSeveralPodsAreLines(t *testing.T) {
	const about = "shop/Deployment api app"
	both := recommend.Recommendation{
		Action: "Raise it.", Resize: []string{"kubectl a", "kubectl b"}, Patch: "kubectl owner",
		Rollback: []string{"kubectl undo a", "kubectl undo b", "kubectl undo owner"}, Risk: "Looking changes nothing.",
	}
	other := recommend.Recommendation{
		Action: "Raise it.", Resize: []string{"kubectl c"}, Patch: "kubectl owner",
		Rollback: []string{"kubectl undo c", "kubectl undo owner"}, Risk: "Looking changes nothing.",
	}
	var b strings.Builder
	printed := map[string]bool{}
	writeCommands(&b, about, both, printed)
	writeCommands(&b, about, other, printed)
	require.Empty(t, cmp.Diff(`# shop/Deployment api app: Raise it.
# now, in the running pods (kubectl 1.32 and Kubernetes 1.33, or newer)
kubectl a
kubectl b
# so that it lasts
kubectl owner
# to undo all of it
kubectl undo a
kubectl undo b
kubectl undo owner
# Looking changes nothing.

# shop/Deployment api app: Raise it.
# now, in the running pod (kubectl 1.32 and Kubernetes 1.33, or newer)
kubectl c
# so that it lasts: the same command as above
# to undo both
kubectl undo c
# and a command from above
# Looking changes nothing.

`, b.String()))
}
