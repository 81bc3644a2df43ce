package recording

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/examples/demo"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/scenarios"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/replay"
)

// placePods makes the demo's namespace with the pods of a capture. It adds nothing to a namespace that exists.
func placePods(ctx context.Context, site *demo.Site, c *Capture) (testcluster.UIDs, error) {
	err := site.Client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: scenarios.Namespace, Annotations: map[string]string{"kernel.gossip.io/recorded": c.Origin()},
		Labels: map[string]string{scenarios.PartOf: scenarios.Part},
	}})
	if apierrors.IsAlreadyExists(err) {
		return nil, fmt.Errorf("the namespace %s of the recorded pods exists, and is not the demo's", scenarios.Namespace)
	}
	if err != nil {
		return nil, err
	}
	uids, leftOut, err := testcluster.Place(ctx, site.Client, bytes.NewReader(c.Pods))
	if len(leftOut) > 0 {
		err = errors.Join(err, errors.New(strings.Join(leftOut, "\n")))
	}
	if err != nil {
		return nil, fmt.Errorf("place the recorded pods: %w", err)
	}
	return uids, nil
}

// sendRecords is gossip-replay send, to the operator of the cluster, at once: a scenario waits for what the operator
// says, not for the past. A forwarded port may break, so it is tried twice: a record that came twice counts once.
func sendRecords(ctx context.Context, site *demo.Site, uids testcluster.UIDs, records []byte) error {
	var live bytes.Buffer
	if err := uids.Rewrite(&live, bytes.NewReader(records)); err != nil {
		return err
	}
	err := postRecords(ctx, site, live.Bytes())
	if err != nil && ctx.Err() == nil {
		err = postRecords(ctx, site, live.Bytes())
	}
	return err
}

func postRecords(ctx context.Context, site *demo.Site, records []byte) error {
	token, err := site.Token(ctx)
	if err != nil {
		return err
	}
	address, stop, err := site.Forward(ctx, demo.RecordsPort)
	if err != nil {
		return err
	}
	defer stop()
	file, err := os.CreateTemp("", "kernel-gossip-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	if _, err := file.WriteString(token); err != nil {
		return err
	}
	var out, errs bytes.Buffer
	args := []string{"send", "--url", "http://" + address + "/v1/events", "--speed=max", "--attempts=2", "--token-file"}
	if code := replay.Run(append(args, file.Name(), "-"), bytes.NewReader(records), &out, &errs); code != 0 {
		return fmt.Errorf("gossip-replay send: exit %d: %s%s", code, &out, &errs)
	}
	return file.Close()
}
