package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"

	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
	"github.com/kernel-gossip/kernel-gossip/operator/observer/kernel"
)

// cluster follows the pods of some namespaces through one long-lived kubectl, which costs the node less than asking
// again before every read.
type cluster struct {
	kubeconfig string
	namespaces []string

	mu    sync.Mutex
	byUID map[string]*kernel.Pod // newest state by UID; deleted pods stay
}

// newCommand is a command of kubectl.
func (c *cluster) newCommand(ctx context.Context, args ...string) *exec.Cmd {
	if c.kubeconfig != "" {
		args = append([]string{"--kubeconfig", c.kubeconfig}, args...)
	}
	cmd := exec.CommandContext(ctx, "kubectl", args...)
	cmd.Stderr = os.Stderr
	return cmd
}

// runKubectl returns what kubectl prints.
func (c *cluster) runKubectl(args ...string) ([]byte, error) {
	out, err := c.newCommand(context.Background(), args...).Output()
	if err != nil {
		return nil, fmt.Errorf("kubectl %s: %w", strings.Join(args, " "), err)
	}
	return out, nil
}

// watchPods begins to follow the pods and returns when it knows the present ones.
func (c *cluster) watchPods(ctx context.Context) error {
	c.byUID = map[string]*kernel.Pod{}
	var list struct {
		Items []*kernel.Pod `json:"items"`
	}
	out, err := c.runKubectl("get", "pods", "-A", "-o", "json")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, &list); err != nil {
		return fmt.Errorf("kubectl get pods: %w", err)
	}
	for _, p := range list.Items {
		c.updatePod(p)
	}
	cmd := c.newCommand(ctx, "get", "pods", "-A", "-o", "json", "--watch", "--output-watch-events")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("kubectl get pods --watch: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("kubectl get pods --watch: %w", err)
	}
	go func() {
		err := c.readEvents(stdout)
		if werr := cmd.Wait(); err == nil {
			err = werr
		}
		if ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "record: the watch on pods ended:", err)
		}
	}()
	return nil
}

// readEvents reads watch events until they end.
func (c *cluster) readEvents(events io.Reader) error {
	dec := json.NewDecoder(events)
	for {
		var e struct {
			Object *kernel.Pod `json:"object"`
		}
		if err := dec.Decode(&e); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("watch event: %w", err)
		}
		c.updatePod(e.Object)
	}
}

// updatePod keeps the newest state of a pod, and the container runs of its earlier states.
func (c *cluster) updatePod(p *kernel.Pod) {
	if p == nil || !slices.Contains(c.namespaces, p.Metadata.Namespace) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.byUID[p.Metadata.UID]; old != nil {
		p.Earlier = slices.Concat(old.Earlier, old.Running())
	}
	c.byUID[p.Metadata.UID] = p
}

// listObjects is what gossip-replay takes with --pods: one kubectl list in YAML. kubectl leaves managedFields out by
// itself.
func (c *cluster) listObjects() ([]byte, error) {
	var items bytes.Buffer
	for _, ns := range c.namespaces {
		out, err := c.runKubectl("get", kube.Kinds, "-n", ns, "-o", "yaml")
		if err != nil {
			return nil, err
		}
		_, list, _ := strings.Cut(string(out), "\nitems:\n")
		list, _, ok := strings.Cut(list, "\nkind: List\n")
		if ok {
			items.WriteString(list + "\n")
		}
	}
	const list = "apiVersion: v1\nitems:\n%skind: List\nmetadata:\n  resourceVersion: \"\"\n"
	return fmt.Appendf(nil, list, items.String()), nil
}

// listPods are the newest states of all pods, deleted ones too.
func (c *cluster) listPods() []*kernel.Pod {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Values(c.byUID))
}

// listEvents are the newest events of all namespaces. The kubelet's have the times of images.
func (c *cluster) listEvents() ([]kernel.Event, error) {
	var list struct {
		Items []kernel.Event `json:"items"`
	}
	out, err := c.runKubectl("get", "events", "-A", "-o", "json")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(out, &list); err != nil {
		return nil, fmt.Errorf("kubectl get events: %w", err)
	}
	return list.Items, nil
}
