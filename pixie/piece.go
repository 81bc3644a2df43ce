package pixie

import "errors"

// pieceSize is how much text a worker decodes at a time.
const pieceSize = 256 << 10

// piece is a part of the text that was cut off without looking into it, and what it holds if it begins between two records.
type piece struct {
	buf  []byte
	text []byte
	at   place

	batch  Batch
	open   bool  // the piece does not end between two records, outside of arrays
	goodTo place // then the batch is of the text up to here
	done   chan struct{}
}

// errMore ends a piece.
var errMore = errors.New("the text goes on")

// decode decodes the piece.
func (p *piece) decode(r *record, most int) {
	p.open = false
	p.batch.cut(counts{})
	s := scanner{
		window: window{
			buf: p.text, end: len(p.text), keep: -1, max: most, err: errMore,
			base: p.at.offset, line: p.at.line, lineStart: p.at.offset - p.at.column,
		},
		fields: r,
	}
	for {
		if _, err := s.peek(); err != nil {
			return
		}
		begin, good := s.pos, p.batch.len()
		err := s.add(&p.batch)
		if err != nil || s.starved || s.array.open || good.sum() == maxBatch {
			p.batch.cut(good)
			p.open, p.goodTo = true, p.at.behind(p.text[:begin])
			return
		}
	}
}
