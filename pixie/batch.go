package pixie

import (
	"io"
	"iter"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Batch is what some records say that stand one behind the other in the input. Within each list they are in their order.
type Batch struct {
	CPU     []gossip.CPUSample
	Births  []gossip.PodCreation
	Others  []gossip.Event // of all other kinds
	Refused []*RecordError
}

// Batches yields the same as Decode, many records at a time, for programs that read large captures: CPU samples and births, of which
// there are most, are not allocated one by one, and [Options.Workers] may decode at the same time. A batch is valid until the next one. Reading is
// up to a piece of text ahead of each worker. An error is final, and comes with no batch.
func (o Options) Batches(r io.Reader) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		err := o.scan(r, func(s *scanner, _ *Batch) error { return s.scanBatches(o.Workers, pieceSize, yield) })
		if !isEnd(err) {
			yield(nil, err)
		}
	}
}

// maxBatch is how many records a batch may have: more than a piece has, if they are good.
const maxBatch = pieceSize / 64

// scanBatches yields all that is left of the text, and returns why there is no more: io.EOF also when the caller has enough.
func (s *scanner) scanBatches(workers, size int, yield func(*Batch, error) bool) error {
	if workers > 1 && !s.decodeParallel(workers, size, yield) {
		return io.EOF
	}
	var b Batch
	for {
		b.truncateTo(batchLengths{})
		var err error
		for err == nil && b.len().sum() < maxBatch {
			err = s.addRecord(&b)
		}
		if b.len().sum() > 0 && !yield(&b, nil) {
			return io.EOF
		}
		if err != nil {
			return err
		}
	}
}

// batchLengths are the lengths of the lists.
type batchLengths struct{ cpu, births, others, refused int }

func (c batchLengths) sum() int { return c.cpu + c.births + c.others + c.refused }

func (b *Batch) len() batchLengths {
	return batchLengths{len(b.CPU), len(b.Births), len(b.Others), len(b.Refused)}
}

// truncateTo takes back what was added since the lists had these lengths.
func (b *Batch) truncateTo(to batchLengths) {
	b.CPU = b.CPU[:to.cpu]
	b.Births = b.Births[:to.births]
	clear(b.Others[to.others:])
	b.Others = b.Others[:to.others]
	clear(b.Refused[to.refused:])
	b.Refused = b.Refused[:to.refused]
}

// singleResult is what a batch of one record holds.
func (b *Batch) singleResult() (gossip.Event, error) {
	switch {
	case len(b.CPU) > 0:
		return b.CPU[0], nil
	case len(b.Births) > 0:
		return b.Births[0], nil
	case len(b.Others) > 0:
		return b.Others[0], nil
	default:
		return nil, b.Refused[0]
	}
}
