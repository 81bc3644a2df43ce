package pixie

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
)

// ahead yields what the pieces of the text hold, as long as each of them ends where a record ends, outside of arrays: a piece that
// begins there and ends there says the same by itself. It returns true where that is no longer so, or the text ends: then the scanner
// stands behind what was yielded, and goes on alone.
func (s *scanner) ahead(workers, size int, yield func(*Batch, error) bool) bool {
	if s.err != nil {
		return true
	}
	most := s.max // workers that start late must not look at the scanner
	a := ahead{r: s.r, size: size, rest: bytes.Clone(s.buf[s.pos:s.end]), at: s.here(s.pos)}
	var all sync.WaitGroup
	var stopped atomic.Bool
	work := make(chan *piece, workers)
	defer all.Wait()
	defer close(work)
	defer stopped.Store(true)
	for started := 0; ; {
		for len(a.queue) <= workers && a.err == nil {
			work <- a.next()
			if started < workers {
				started++
				all.Go(func() { decodePieces(work, most, &stopped) })
			}
		}
		if len(a.queue) == 0 {
			s.window = a.window(s.window)
			return true
		}
		p := a.queue[0]
		<-p.done
		if p.batch.len().sum() > 0 && !yield(&p.batch, nil) {
			return false
		}
		if p.open {
			s.window = a.window(s.window)
			return true
		}
		a.queue, a.free = a.queue[1:], append(a.free, p)
	}
}

func decodePieces(work <-chan *piece, most int, stopped *atomic.Bool) {
	w := workspaces.Get().(*workspace)
	defer w.release()
	for p := range work {
		if !stopped.Load() {
			p.decode(&w.record, most)
		}
		p.done <- struct{}{}
	}
}

// ahead reads the text ahead, and cuts it into pieces.
type ahead struct {
	r    io.Reader
	size int    // of a piece
	rest []byte // was read, and is in no piece yet
	at   place  // of rest
	err  error  // of the reader; nil while there may be more

	queue []*piece // in the order of the text, from the one that is yielded next
	free  []*piece // to be used again
}

// next reads a piece: whole lines, if it has any. It may be empty, at the end.
func (a *ahead) next() *piece {
	var p *piece
	if n := len(a.free); n > 0 {
		p, a.free = a.free[n-1], a.free[:n-1]
	} else {
		p = &piece{buf: make([]byte, a.size), done: make(chan struct{}, 1)}
	}
	n := copy(p.buf, a.rest)
	a.rest = a.rest[n:]
	for n < len(p.buf) && a.err == nil {
		var got int
		got, a.err = read(a.r, p.buf[n:])
		n += got
	}
	whole := n
	if line := bytes.LastIndexByte(p.buf[:n], '\n') + 1; line > 0 && a.err == nil {
		whole = line
	}
	p.text, p.at = p.buf[:whole], a.at
	a.rest = append(bytes.Clone(p.buf[whole:n]), a.rest...)
	a.at = a.at.behind(p.text)
	a.queue = append(a.queue, p)
	return p
}

// behind is the place behind a text that begins here.
func (p place) behind(text []byte) place {
	p.offset += int64(len(text))
	if n := bytes.Count(text, []byte{'\n'}); n > 0 {
		p.line += n
		p.column = -int64(bytes.LastIndexByte(text, '\n') + 1)
	}
	p.column += int64(len(text))
	return p
}

// window stands where the pieces are no use any more.
func (a *ahead) window(w window) window {
	at := a.at
	var texts []io.Reader
	for i, p := range a.queue {
		if i == 0 {
			at = p.goodTo
			p.text = p.text[at.offset-p.at.offset:]
		}
		texts = append(texts, bytes.NewReader(p.text))
	}
	texts = append(texts, bytes.NewReader(a.rest), a)
	return window{
		r: io.MultiReader(texts...), buf: w.buf, keep: -1, max: w.max,
		base: at.offset, line: at.line, lineStart: at.offset - at.column,
	}
}

// Read reads what no piece has read.
func (a *ahead) Read(buf []byte) (int, error) {
	if a.err != nil {
		return 0, a.err
	}
	return a.r.Read(buf)
}
