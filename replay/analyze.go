package replay

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// capture is captures on their way through the four steps.
type capture struct {
	pods     catalogs
	errs     io.Writer
	progress *progress // of reading

	lanes   *lanes
	records int   // good ones
	first   int64 // of the oldest record, Unix nanoseconds
}

// read observes one capture, in any format. A bad record is reported as NAME:LINE and costs nothing else; the error is
// about a capture that could not be read to its end, or is none.
func (c *capture) read(name string, in io.Reader) error {
	if c.lanes == nil {
		c.lanes = newLanes(c.pods)
	}
	text, head, err := open(c.progress.track(name, in))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer func() { _ = text.Close() }()
	c.lanes.start()
	defer c.lanes.wait()
	bad := refused{errs: c.errs, name: name, head: head}
	return bad.end(c.observe(text, &bad))
}

// observe observes the records of a text.
func (c *capture) observe(text *unpacked, bad *refused) error {
	for batch, err := range batches(text.Reader) {
		if err != nil {
			return err
		}
		if len(batch.CPU)+len(batch.Births)+len(batch.Others) > 0 {
			bad.accept()
		}
		for _, one := range batch.Refused {
			bad.add(one)
		}
		for i := range batch.CPU {
			s := &batch.CPU[i]
			c.count(s.Time)
			c.lanes.addCPU(s)
		}
		for i := range batch.Births {
			c.count(batch.Births[i].Time)
			c.lanes.addBirth(&batch.Births[i])
		}
		for _, event := range batch.Others {
			from := event.From()
			c.count(from.Time)
			c.lanes.add(event, from)
		}
	}
	return nil
}

// count counts a good record.
func (c *capture) count(at time.Time) {
	if at := at.UnixNano(); c.records == 0 || at < c.first {
		c.first = at
	}
	c.records++
}

// readAll observes all captures; "-" is in, and a directory is the captures in it. One that cannot be read does not
// keep the others from being heard.
func (c *capture) readAll(names []string, in io.Reader) error {
	defer c.progress.done()
	names, err := inDirectories(names)
	trouble := []error{err}
	for _, name := range names {
		if name == "-" {
			trouble = append(trouble, c.read("stdin", in))
			continue
		}
		f, err := os.Open(name)
		if err == nil {
			err = errors.Join(c.read(name, f), f.Close())
		}
		trouble = append(trouble, err)
	}
	return errors.Join(trouble...)
}

// note says on stderr what did not count, so that nothing is dropped in silence.
func note(errs io.Writer, lanes []gossip.Stats) {
	var s gossip.Stats
	for _, l := range lanes {
		s.Repeated += l.Repeated
		s.Dropped += l.Dropped
		s.Evicted += l.Evicted
	}
	for _, n := range []struct {
		count int64
		what  string
	}{
		{s.Repeated, "repeated and counted once"},
		{s.Dropped, "dropped: too late for their window, or of an earlier pod or container"},
		{s.Evicted, "subjects left out: there are more than are kept"},
	} {
		if n.count > 0 {
			fmt.Fprintf(errs, "gossip-replay: %d %s\n", n.count, n.what)
		}
	}
}

// catalogs is what the --pods files know.
type catalogs []kube.Pods

// readPods reads the --pods files.
func readPods(files []string) (catalogs, error) {
	var all catalogs
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		text, err := pixie.Unpack(f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, errors.Join(err, f.Close()))
		}
		pods, err := kube.Read(text)
		_ = text.Close()
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, pods)
	}
	return all, nil
}

// find returns what the first file that knows the pod says of it, or else what is known of a newer pod with its name;
// the zero Pod if no file knows either.
func (c catalogs) find(s gossip.Subject, uid string) gossip.Pod {
	for _, pods := range c {
		if p, ok := pods.Pod(s.Namespace, s.Pod, uid); ok {
			return p
		}
	}
	for _, pods := range c {
		if p, ok := pods.Pod(s.Namespace, s.Pod, ""); ok {
			p.Replaced = true
			return p
		}
	}
	return gossip.Pod{}
}

// enrichAll completes events with what is known of their pods.
func (c catalogs) enrichAll(b *batch) {
	for i, s := range b.cpu {
		if s, ok := gossip.Enrich(s, c.find(s.Subject(), s.PodUID)).(gossip.CPUSample); ok {
			b.cpu[i] = s
		}
	}
	for i, e := range b.others {
		b.others[i] = gossip.Enrich(e, c.find(e.Subject(), e.From().PodUID))
	}
}
