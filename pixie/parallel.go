package pixie

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"sync"
	"sync/atomic"
)

// pieceSize is the length of the text, in bytes, that a worker decodes at a time.
const pieceSize = 256 << 10

// decodeParallel decodes pieces of the text in parallel and yields their batches in order. It stops at the first piece
// that does not end on a record boundary outside of arrays, because the next piece then begins inside a record or an
// array, and leaves the scanner after the last batch: the caller continues sequentially. It reports false if yield
// asked to stop.
func (s *scanner) decodeParallel(workers, size int, yield func(*Batch, error) bool) bool {
	if s.err != nil {
		return true // all of the text is in memory already
	}
	reader := pieceReader{
		r: s.r, size: size, unread: bytes.Clone(s.buf[s.pos:s.end]), at: s.placeAt(s.pos),
		workers: pieceWorkers{limit: workers, maxRecord: s.max, work: make(chan *piece, workers)},
	}
	defer reader.workers.shutDown()
	for p := range reader.decodedPieces() {
		if p.batch.listLengths().sum() > 0 && !yield(&p.batch, nil) {
			return false
		}
		if p.open {
			break
		}
	}
	s.buffer = reader.restOfText(s.buf, s.max)
	return true
}

// piece is a part of the text, and the records in it if it begins between two records.
type piece struct {
	buf  []byte
	text []byte
	at   place

	batch  Batch
	open   bool          // the piece does not end between two records, outside of arrays
	goodTo place         // of an open piece: the batch has the records up to here
	done   chan struct{} // has room for one, so that a worker never waits
}

// errMore ends the text of a piece.
var errMore = errors.New("the text goes on")

// decodeRecords decodes the records of the piece, up to one that may go on in the next piece.
func (p *piece) decodeRecords(r *record, maxRecord int) {
	p.open = false
	p.batch.truncateTo(batchLengths{})
	s := scanner{buffer: bufferAt(p.at, p.text, maxRecord), fields: r}
	s.end, s.err = len(p.text), errMore
	for {
		if _, err := s.peek(); err != nil {
			return
		}
		begin, good := s.pos, p.batch.listLengths()
		err := s.addRecord(&p.batch)
		if err != nil || s.starved || s.array.open || good.sum() == maxBatch {
			p.batch.truncateTo(good)
			p.open, p.goodTo = true, p.at.advancedBy(p.text[:begin])
			return
		}
	}
}

// pieceReader cuts the text into pieces, reads ahead of the piece that is needed next, and has the pieces decoded.
type pieceReader struct {
	r       io.Reader
	size    int    // of a piece
	unread  []byte // has been read from r, and is in no piece yet
	at      place  // of unread
	err     error  // of r; nil while there may be more
	workers pieceWorkers

	queue []*piece // in the order of the text; the first is needed next
	free  []*piece // for reuse
}

// decodedPieces yields the pieces in order, after they have been decoded. A piece at which the caller stops stays at
// the head of the queue.
func (a *pieceReader) decodedPieces() iter.Seq[*piece] {
	return func(yield func(*piece) bool) {
		for {
			for len(a.queue) <= a.workers.limit && a.err == nil {
				p := a.readPiece()
				a.queue = append(a.queue, p)
				a.workers.startDecoding(p)
			}
			if len(a.queue) == 0 {
				return
			}
			p := a.queue[0]
			<-p.done
			if !yield(p) {
				return
			}
			a.queue, a.free = a.queue[1:], append(a.free, p)
		}
	}
}

// readPiece reads a piece of whole lines, or of a part of a line that is longer than a piece. At the end of the text it
// may be empty.
func (a *pieceReader) readPiece() *piece {
	p := a.unusedPiece()
	n := copy(p.buf, a.unread)
	a.unread = a.unread[n:]
	for n < len(p.buf) && a.err == nil {
		more, err := read(a.r, p.buf[n:])
		n, a.err = n+more, err
	}
	whole := n
	if line := bytes.LastIndexByte(p.buf[:n], '\n') + 1; line > 0 && a.err == nil {
		whole = line
	}
	p.text, p.at = p.buf[:whole], a.at
	a.unread = append(bytes.Clone(p.buf[whole:n]), a.unread...)
	a.at = a.at.advancedBy(p.text)
	return p
}

func (a *pieceReader) unusedPiece() *piece {
	if n := len(a.free); n > 0 {
		p := a.free[n-1]
		a.free = a.free[:n-1]
		return p
	}
	return &piece{buf: make([]byte, a.size), done: make(chan struct{}, 1)}
}

// restOfText returns a buffer that continues after the last record that was yielded: with the rest of an open piece,
// the pieces after it, and what no piece has read.
func (a *pieceReader) restOfText(buf []byte, maxRecord int) buffer {
	at := a.at
	var texts []io.Reader
	for i, p := range a.queue {
		text := p.text
		if i == 0 {
			at = p.goodTo
			text = text[at.offset-p.at.offset:]
		}
		texts = append(texts, bytes.NewReader(text))
	}
	texts = append(texts, bytes.NewReader(a.unread), a)
	rest := bufferAt(at, buf, maxRecord)
	rest.r = io.MultiReader(texts...)
	return rest
}

// Read reads what no piece has read.
func (a *pieceReader) Read(buf []byte) (int, error) {
	if a.err != nil {
		return 0, a.err
	}
	return a.r.Read(buf)
}

// pieceWorkers are the goroutines that decode pieces. They start one by one, as there are pieces to decode.
type pieceWorkers struct {
	limit     int // number of goroutines
	maxRecord int // bytes
	work      chan *piece

	started int
	running sync.WaitGroup
	stopped atomic.Bool
}

// startDecoding hands a piece to a worker, which sends on done after it.
func (w *pieceWorkers) startDecoding(p *piece) {
	w.work <- p
	if w.started < w.limit {
		w.started++
		w.running.Go(w.decodePieces)
	}
}

func (w *pieceWorkers) decodePieces() {
	space := workspaces.Get().(*workspace)
	defer space.returnToPool()
	for p := range w.work {
		if !w.stopped.Load() {
			p.decodeRecords(space.record, w.maxRecord)
		}
		p.done <- struct{}{}
	}
}

// shutDown ends the workers, also if the caller of the iteration panics. The order matters:
//
//  1. It sets stopped, so that pieces in the channel are passed over instead of decoded.
//  2. It closes the channel, so that each worker ends after its last piece. A worker never waits for a reader of done,
//     which has room for the one message of a piece.
//  3. It waits for the workers: no goroutine outlives the iteration, and none writes to a piece after it.
func (w *pieceWorkers) shutDown() {
	w.stopped.Store(true)
	close(w.work)
	w.running.Wait()
}
