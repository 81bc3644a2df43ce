package replay

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// How long work goes on in silence, and how often it tells of itself then.
const (
	patience = time.Second
	interval = 200 * time.Millisecond
)

// progress is standard error with a last line that tells how far the work has come. The line is for terminals only, and for work that
// takes longer than a moment; whatever else is written stands above it. A nil progress tells nobody.
type progress struct {
	out      io.Writer
	terminal bool
	now      func() time.Time

	mu    sync.Mutex // what reads may be another goroutine than what writes
	begin time.Time
	last  time.Time
	shown bool
}

func newProgress(errs io.Writer) *progress {
	return &progress{out: errs, terminal: isTerminal(errs), now: time.Now}
}

// Write writes text above the line.
func (p *progress) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	return p.out.Write(text)
}

// tell shows the line, if it is time to.
func (p *progress) tell(line func() string) {
	if p == nil || !p.terminal {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.begin.IsZero() {
		p.begin = now
	}
	if now.Sub(p.begin) < patience || now.Sub(p.last) < interval {
		return
	}
	p.clear()
	p.last, p.shown = now, true
	fmt.Fprint(p.out, line())
}

// done removes the line.
func (p *progress) done() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.begin = time.Time{}
}

func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.shown = false
	}
}

// track tells how much of a file has been read.
func (p *progress) track(name string, in io.Reader) io.Reader {
	if p == nil || !p.terminal {
		return in
	}
	t := &tracker{progress: p, in: in, name: name}
	if f, ok := in.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			t.size = info.Size()
		}
	}
	return t
}

type tracker struct {
	progress   *progress
	in         io.Reader
	name       string
	read, size int64 // size is 0 where it is not known
}

func (t *tracker) Read(b []byte) (int, error) {
	n, err := t.in.Read(b)
	t.read += int64(n)
	t.progress.tell(func() string {
		if t.size == 0 {
			return fmt.Sprintf("%s: %s read", t.name, megabytes(t.read))
		}
		return fmt.Sprintf("%s: %s of %s read, %d%%", t.name, megabytes(t.read), megabytes(t.size), 100*t.read/t.size)
	})
	return n, err
}

func megabytes(n int64) string { return fmt.Sprintf("%.0f MB", float64(n)/1e6) }
