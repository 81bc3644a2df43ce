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

// analysis is one run over captures: it decodes and observes them, and then gives their findings.
type analysis struct {
	pods     catalogs
	settings gossip.Options
	errs     io.Writer
	progress *progress // of reading

	lanes *lanes
	recordCount
}

// recordCount counts good records.
type recordCount struct {
	chosen          timeRange
	records, counts int   // all, and those that count
	first, last     int64 // oldest and newest time of all, Unix nanoseconds
}

// add counts a record, and reports whether it is one of those that count.
func (c *recordCount) add(at int64) bool {
	if c.records == 0 {
		c.first, c.last = at, at
	}
	c.first, c.last = min(c.first, at), max(c.last, at)
	c.records++
	if !c.chosen.containsTime(at) {
		return false
	}
	c.counts++
	return true
}

// spansDays reports whether the records are of several days, in UTC.
func (c *recordCount) spansDays() bool {
	const day = int64(24 * time.Hour)
	return c.first/day != c.last/day
}

// checkRange returns an error if no record counts.
func (c *recordCount) checkRange() error {
	if err := c.chosen.checkOrder(); err != nil {
		return err
	}
	if c.counts == 0 {
		return fmt.Errorf("no record%s: the capture is of %s to %s", &c.chosen,
			formatTime(time.Unix(0, c.first)), formatTime(time.Unix(0, c.last)))
	}
	return nil
}

// readCapture observes one capture, in any format. It reports a bad record as NAME:LINE and goes on. It returns an
// error if the capture could not be read to its end, or if the file is no capture.
func (c *analysis) readCapture(name string, in io.Reader) error {
	if c.lanes == nil {
		c.lanes = newLanes(c.pods, c.settings)
	}
	text, head, err := openText(c.progress.trackReader(name, in))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer func() { _ = text.Close() }()
	c.lanes.start()
	defer c.lanes.wait()
	bad := refusals{errs: c.errs, name: name, head: head}
	return bad.finishFile(c.observeText(text, &bad))
}

// observeText observes the records of a text.
func (c *analysis) observeText(text *unpackedText, bad *refusals) error {
	for batch, err := range readBatches(text.Reader) {
		if err != nil {
			return err
		}
		if batch.Len() > 0 {
			bad.noteGoodRecord()
		}
		for _, one := range batch.Refused {
			bad.add(one)
		}
		if batch.Len() > 0 {
			c.chosen.beginWith(&batch.Events)
		}
		c.lanes.add(&batch.Events, &c.recordCount)
	}
	return nil
}

// readCaptures observes all captures. The name "-" is in; a directory is replaced by the captures in it. A capture that
// cannot be read does not stop the others; the errors are joined.
func (c *analysis) readCaptures(names []string, in io.Reader) error {
	defer c.progress.removeLine()
	names, err := expandDirectories(names)
	trouble := []error{err}
	for _, name := range names {
		if name == "-" {
			trouble = append(trouble, c.readCapture("stdin", in))
			continue
		}
		f, err := os.Open(name)
		if err == nil {
			err = errors.Join(c.readCapture(name, f), f.Close())
		}
		trouble = append(trouble, err)
	}
	return errors.Join(trouble...)
}

// reportUncounted writes to stderr how many records and subjects were not counted, so that nothing is dropped in
// silence.
func reportUncounted(errs io.Writer, lanes []gossip.Stats) {
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

// catalogs are the pods of the --pods files, one catalog for each file.
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

// findPod returns the pod from the first file that has it. If no file has this UID, it returns the newer pod of the
// same name, marked Replaced. If no file has the name, it returns the zero Pod.
func (c catalogs) findPod(s gossip.Subject, uid string) gossip.Pod {
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
