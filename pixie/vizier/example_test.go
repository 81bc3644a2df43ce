package vizier_test

import (
	"context"
	"fmt"
	"time"

	"github.com/kernel-gossip/kernel-gossip/pixie/vizier"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/viziertest"
	"github.com/kernel-gossip/kernel-gossip/pxl"
)

// A script is run, and its rows come as events. The server is one for tests; with Pixie itself, Address is its cloud's,
// and there are no RootCAs.
func ExampleClient_Execute() {
	server, err := viziertest.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	server.Answer(viziertest.Show(throttled(45)))

	client, err := vizier.New(vizier.Options{
		Address: server.Address, RootCAs: server.RootCAs, APIKey: viziertest.Key, ClusterID: viziertest.Cluster,
		Wait: time.Millisecond,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	script, err := pxl.Script("cpu_throttle_detector")
	if err != nil {
		fmt.Println(err)
		return
	}
	for event, err := range client.Execute(context.Background(), script) {
		if err != nil {
			fmt.Println(err) // of one row, or the last
			continue
		}
		fmt.Println(event.Subject())
	}
	// Output: CPUThrottling shop/api-0/app
}
