package recording

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/door"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/install"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/replay"
)

// Annotation is on the namespace of placed pods: its value is the capture's origin.
const Annotation = "kernel.gossip.io/recorded"

// place makes the namespace and the pods of a capture. It adds nothing to a namespace that is there already.
func place(ctx context.Context, site *install.Site, c *Capture) (testcluster.UIDs, error) {
	spaces, err := testcluster.ListedNamespaces(c.Pods)
	if err != nil {
		return nil, err
	}
	for _, name := range spaces {
		err := site.Client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name: name, Labels: map[string]string{install.Part: install.DemoPart}, Annotations: map[string]string{Annotation: c.Origin()},
		}})
		if apierrors.IsAlreadyExists(err) {
			return nil, fmt.Errorf("the recorded pods live in the namespace %s, which is there already and is not the demo's (kubectl get all --namespace %s)", name, name)
		}
		if err != nil {
			return nil, err
		}
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

// send is gossip-replay send, to the operator of the cluster, at once: a scenario waits for what the operator says, not for the past.
func send(ctx context.Context, site *install.Site, uids testcluster.UIDs, records []byte) error {
	var live bytes.Buffer
	if err := uids.Rewrite(&live, bytes.NewReader(records)); err != nil {
		return err
	}
	err := post(ctx, site, live.Bytes())
	if err != nil && ctx.Err() == nil { // a forwarded port may break; a record that came twice counts once
		err = post(ctx, site, live.Bytes())
	}
	return err
}

func post(ctx context.Context, site *install.Site, records []byte) error {
	d, err := door.Open(ctx, site)
	if err != nil {
		return fmt.Errorf("no way to the operator: %w", err)
	}
	defer d.Close()
	token, err := d.Token(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "kernel-gossip-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		return err
	}
	var out, errs bytes.Buffer
	if code := replay.Run([]string{"send", "--url", d.URL, "--token-file", file, "--speed", "max", "--attempts", "2", "-"}, bytes.NewReader(records), &out, &errs); code != 0 {
		return fmt.Errorf("gossip-replay send: exit %d: %s%s", code, &out, &errs)
	}
	return nil
}
