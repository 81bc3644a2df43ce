package pixie

import (
	"errors"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

const (
	// pieceSize is how much text a worker decodes at a time.
	pieceSize = 256 << 10
	// maxPairs is how many pairs a piece may have. Records are longer than 64 bytes: where there are more of them, they are mostly faults.
	maxPairs = pieceSize / 64
)

// piece is a part of the text that was cut off without looking into it, and what it holds if it begins between two records.
type piece struct {
	buf  []byte
	text []byte
	at   place

	pairs  []pair
	open   bool  // the piece does not end between two records, outside of arrays
	goodTo place // then the pairs are those up to here
	done   chan struct{}
}

type pair struct {
	event gossip.Event
	err   error
}

// errMore ends a piece.
var errMore = errors.New("the text goes on")

// decode decodes the piece.
func (p *piece) decode(r *record, most int) {
	p.open = false
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
		begin := s.here()
		event, err := s.pair()
		if s.starved || s.array.open || len(p.pairs) == maxPairs {
			p.open, p.goodTo = true, begin
			return
		}
		p.pairs = append(p.pairs, pair{event, err})
	}
}
