package ingest

import (
	"bytes"
	"errors"
	"io"
	"runtime"

	"golang.org/x/sync/semaphore"
)

// decoderMemory is the most memory that decoding a body takes, besides the body: 8 MiB for the window of zstd, 3 MiB of
// names, 3 MiB for a long record as text and as an event, and a piece of the events.
const decoderMemory = 16 << 20

// A piece is the events of a body that are in memory at a time. A body of one piece is taken whole or not at all.
const (
	maxPiece      = 1024    // events
	maxPieceBytes = 1 << 20 // by gossip.SizeOf
)

// Chunks are the parts in which a body is received, bytes.
const (
	firstChunk = 4 << 10 // where the sender does not say how long its body is
	maxChunk   = 64 << 10
)

// errNoRoom is why a body is refused while others take up the memory.
var errNoRoom = errors.New("too many bytes at a time")

// memory is what all requests of a door share. A body counts by what has arrived of it, as it was sent: a slow sender
// takes no more than it has sent. It is unpacked and decoded by one of few decoders. A decoder never waits for a
// sender, so a body soon has one.
type memory struct {
	bodies   *semaphore.Weighted // bytes
	decoders *semaphore.Weighted
}

// LeastMemory returns the least Options.MaxMemory for bodies of a greatest length: one is decoded while another
// arrives.
func LeastMemory(maxBody int64) int64 { return decoderMemory + 2*maxBody }

// newMemory divides a number of bytes: half of them, or what the largest body leaves, are for decoders.
func newMemory(total, maxBody int64) memory {
	total = max(total, LeastMemory(maxBody))
	decoders := min(max(1, total/2/decoderMemory), int64(max(2, runtime.GOMAXPROCS(0))))
	return memory{
		bodies:   semaphore.NewWeighted(max(2*maxBody, total-decoders*decoderMemory)),
		decoders: semaphore.NewWeighted(decoders),
	}
}

// reservation is the part of the memory that one body has.
type reservation struct {
	of    *semaphore.Weighted
	bytes int64
}

// growBy reserves more bytes, and returns errNoRoom if there are not as many.
func (r *reservation) growBy(n int64) error {
	if !r.of.TryAcquire(n) {
		return errNoRoom
	}
	r.bytes += n
	return nil
}

// shrinkTo gives back all but a number of bytes.
func (r *reservation) shrinkTo(n int64) {
	if n < r.bytes {
		r.of.Release(r.bytes - n)
		r.bytes = n
	}
}

// content is a body as it was sent, in parts.
type content [][]byte

// newReader returns a reader of the whole body.
func (c content) newReader() io.Reader {
	parts := make([]io.Reader, len(c))
	for i, part := range c {
		parts[i] = bytes.NewReader(part)
	}
	return io.MultiReader(parts...)
}

// receiveBody reads a body, with room that is reserved before it is needed. length is negative if it is not known.
func receiveBody(body io.Reader, length int64, held *reservation) (out content, err error) {
	size := int64(firstChunk)
	if length >= 0 {
		size = min(length+1, maxChunk) // one more, to see the end
	}
	for ; err == nil; size = min(2*size, maxChunk) {
		if err := held.growBy(size); err != nil {
			return nil, err
		}
		chunk, n := make([]byte, size), 0
		for n < len(chunk) && err == nil {
			var more int
			more, err = body.Read(chunk[n:])
			n += more
		}
		out = append(out, chunk[:n])
	}
	if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return out, nil
}
