package pixie

import (
	"io"
	"iter"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Batch is the result of records that follow one another in the input: events, and the records that were refused. Each
// list is in the order of the input.
type Batch struct {
	gossip.Events
	Refused []*RecordError
}

// Batches yields the same as Decode, many records at a time. It is for programs that read large captures: events are
// not allocated one by one, and [Options.Workers] may decode in parallel. Reading is ahead by up to a piece of text for
// each worker. An error is final and comes with no batch.
//
// A batch is valid until the next one, which uses its memory again. Until then the caller may change it.
func (o Options) Batches(r io.Reader) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		err := o.scan(r, func(s *scanner, _ *Batch) error { return s.scanBatches(o.Workers, pieceSize, yield) })
		if !isEnd(err) {
			yield(nil, err)
		}
	}
}

// maxBatch is the most records that a batch may have. The good records of a piece are fewer.
const maxBatch = pieceSize / 64

// scanBatches yields the rest of the text, and returns why it ended: io.EOF also if yield asked to stop.
func (s *scanner) scanBatches(workers, size int, yield func(*Batch, error) bool) error {
	if workers > 1 && !s.decodeParallel(workers, size, yield) {
		return io.EOF
	}
	var b Batch
	for {
		b.truncateTo(batchLengths{})
		var err error
		records := 0 // each is an event or a fault
		for ; err == nil && records < maxBatch; records++ {
			err = s.addRecord(&b)
		}
		if b.listLengths().sum() > 0 && !yield(&b, nil) {
			return io.EOF
		}
		if err != nil {
			return err
		}
	}
}

// batchLengths are the lengths of the lists of a batch.
type batchLengths struct{ cpu, memory, kills, network, births, refused int }

func (c batchLengths) sum() int { return c.cpu + c.memory + c.kills + c.network + c.births + c.refused }

func (b *Batch) listLengths() batchLengths {
	return batchLengths{len(b.CPU), len(b.Memory), len(b.Kills), len(b.Network), len(b.Births), len(b.Refused)}
}

// truncateTo removes what was added since the lists had these lengths.
func (b *Batch) truncateTo(length batchLengths) {
	b.CPU = b.CPU[:length.cpu]
	b.Memory = b.Memory[:length.memory]
	b.Kills = b.Kills[:length.kills]
	b.Network = b.Network[:length.network]
	b.Births = b.Births[:length.births]
	clear(b.Refused[length.refused:])
	b.Refused = b.Refused[:length.refused]
}

// removeLast removes the last event of a type.
func (b *Batch) removeLast(kind string) {
	switch kind {
	case cpuThrottle:
		b.CPU = b.CPU[:len(b.CPU)-1]
	case memoryPressure:
		b.Memory = b.Memory[:len(b.Memory)-1]
	case oomKill:
		b.Kills = b.Kills[:len(b.Kills)-1]
	case networkIssue:
		b.Network = b.Network[:len(b.Network)-1]
	case podCreation:
		b.Births = b.Births[:len(b.Births)-1]
	}
}

// singleResult returns the event or the error of a batch of one record.
func (b *Batch) singleResult() (gossip.Event, error) {
	switch {
	case len(b.CPU) > 0:
		return b.CPU[0], nil
	case len(b.Memory) > 0:
		return b.Memory[0], nil
	case len(b.Kills) > 0:
		return b.Kills[0], nil
	case len(b.Network) > 0:
		return b.Network[0], nil
	case len(b.Births) > 0:
		return b.Births[0], nil
	}
	return nil, b.Refused[0]
}
