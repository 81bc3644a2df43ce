package replay

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// When the line appears, and how often it changes.
const (
	quietTime    = time.Second
	lineInterval = 200 * time.Millisecond
)

// progress is standard error with a last line that shows the progress of the work. The line appears only on terminals,
// and only for work that takes longer than quietTime; all other text is written above it. A nil progress shows nothing.
type progress struct {
	out      io.Writer
	terminal bool
	now      func() time.Time

	mu    sync.Mutex // one goroutine reads, another may write
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

// showLine shows the line, if the last one is old enough.
func (p *progress) showLine(line func() string) {
	if p == nil || !p.terminal {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.begin.IsZero() {
		p.begin = now
	}
	if now.Sub(p.begin) < quietTime || now.Sub(p.last) < lineInterval {
		return
	}
	p.clear()
	p.last, p.shown = now, true
	fmt.Fprint(p.out, line())
}

// removeLine removes the line.
func (p *progress) removeLine() {
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

// trackReader returns a reader that shows how much of a file has been read.
func (p *progress) trackReader(name string, in io.Reader) io.Reader {
	if p == nil || !p.terminal {
		return in
	}
	t := &progressReader{progress: p, in: in, name: name}
	if f, ok := in.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			t.size = info.Size()
		}
	}
	return t
}

type progressReader struct {
	progress   *progress
	in         io.Reader
	name       string
	read, size int64 // size is 0 if it is not known
}

func (t *progressReader) Read(b []byte) (int, error) {
	n, err := t.in.Read(b)
	t.read += int64(n)
	t.progress.showLine(func() string {
		if t.size == 0 {
			return fmt.Sprintf("%s: %s read", t.name, formatMegabytes(t.read))
		}
		return fmt.Sprintf("%s: %s of %s read, %d%%",
			t.name, formatMegabytes(t.read), formatMegabytes(t.size), 100*t.read/t.size)
	})
	return n, err
}

func formatMegabytes(n int64) string { return fmt.Sprintf("%.0f MB", float64(n)/1e6) }
