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
)

// cluster follows the pods of some namespaces through one long-lived kubectl,
// which costs the node less than asking again before every read.
type cluster struct {
	kubeconfig string
	namespaces []string

	mu  sync.Mutex
	byU map[string]*pod      // newest state by UID; deleted pods stay
	ids map[string]container // every container run that was ever seen, by ID
}

func (c *cluster) command(ctx context.Context, args ...string) *exec.Cmd {
	if c.kubeconfig != "" {
		args = append([]string{"--kubeconfig", c.kubeconfig}, args...)
	}
	cmd := exec.CommandContext(ctx, "kubectl", args...)
	cmd.Stderr = os.Stderr
	return cmd
}

// output runs kubectl to its end.
func (c *cluster) output(args ...string) ([]byte, error) {
	out, err := c.command(context.Background(), args...).Output()
	if err != nil {
		return nil, fmt.Errorf("kubectl %s: %w", strings.Join(args, " "), err)
	}
	return out, nil
}

// watch begins to follow the pods and returns when it knows the present ones.
func (c *cluster) watch(ctx context.Context) error {
	c.byU, c.ids = map[string]*pod{}, map[string]container{}
	var list struct {
		Items []*pod `json:"items"`
	}
	out, err := c.output("get", "pods", "-A", "-o", "json")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, &list); err != nil {
		return fmt.Errorf("kubectl get pods: %w", err)
	}
	for _, p := range list.Items {
		c.learn(p)
	}
	cmd := c.command(ctx, "get", "pods", "-A", "-o", "json", "--watch", "--output-watch-events")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("kubectl get pods --watch: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("kubectl get pods --watch: %w", err)
	}
	go func() {
		err := c.follow(stdout)
		if werr := cmd.Wait(); err == nil {
			err = werr
		}
		if ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "record: the watch on pods ended:", err)
		}
	}()
	return nil
}

func (c *cluster) follow(events io.Reader) error {
	dec := json.NewDecoder(events)
	for {
		var e struct {
			Object *pod `json:"object"`
		}
		if err := dec.Decode(&e); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("watch event: %w", err)
		}
		c.learn(e.Object)
	}
}

func (c *cluster) learn(p *pod) {
	if p == nil || !slices.Contains(c.namespaces, p.Metadata.Namespace) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byU[p.Metadata.UID] = p
	for _, s := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		if _, id, ok := strings.Cut(s.ContainerID, "://"); ok {
			c.ids[id] = container{p, s.Name, id}
		}
	}
}

// containers lists every container run seen so far, in a stable order.
func (c *cluster) containers() []container {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []container
	for _, r := range c.ids {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b container) int {
		return strings.Compare(a.pod.Metadata.Namespace+"/"+a.pod.Metadata.Name+"/"+a.name+"/"+a.id,
			b.pod.Metadata.Namespace+"/"+b.pod.Metadata.Name+"/"+b.name+"/"+b.id)
	})
	return all
}

// objects is what gossip-replay takes with --pods: one kubectl list in YAML.
// kubectl leaves managedFields out by itself.
func (c *cluster) objects() ([]byte, error) {
	var items bytes.Buffer
	for _, ns := range c.namespaces {
		out, err := c.output("get", "pods,replicasets,jobs,horizontalpodautoscalers,limitranges", "-n", ns, "-o", "yaml")
		if err != nil {
			return nil, err
		}
		_, list, _ := strings.Cut(string(out), "\nitems:\n")
		list, _, ok := strings.Cut(list, "\nkind: List\n")
		if ok {
			items.WriteString(list + "\n")
		}
	}
	return fmt.Appendf(nil, "apiVersion: v1\nitems:\n%skind: List\nmetadata:\n  resourceVersion: \"\"\n", items.String()), nil
}

// pods are the newest states by UID; those of deleted pods too.
func (c *cluster) pods() map[string]*pod {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.byU)
}

// names are the names of the pod's containers by ID.
func (c *cluster) names(p *pod) map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := map[string]string{}
	for id, r := range c.ids {
		if r.pod.Metadata.UID == p.Metadata.UID {
			names[id] = r.name
		}
	}
	return names
}
