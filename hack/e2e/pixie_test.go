//go:build e2e

package e2e_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/pxl"
)

// With a Pixie to ask, each script is run in it, and its rows are taken.
func TestTheOperatorPullsEachScriptFromPixie(t *testing.T) {
	t.Parallel()
	if os.Getenv("PX_API_KEY") == "" {
		t.Skip("no PX_API_KEY: nothing has been asked of a Pixie")
	}
	require.Eventually(t, func() bool {
		log, err := world.kubectl.Run(t.Context(), nil, "logs", "--namespace=kernel-gossip",
			"deployment/kernel-gossip-operator")
		pulled := 0
		for _, name := range pxl.Names() {
			for line := range strings.Lines(log) {
				if strings.Contains(line, `"msg":"Pulling from Pixie"`) && strings.Contains(line, `"script":"`+name+`"`) {
					pulled++
					break
				}
			}
		}
		return err == nil && pulled == len(pxl.Names())
	}, 5*time.Minute, time.Second)
}
