package replay

import (
	"iter"
	"runtime"
	"sync"
)

// blockSize is how many items are worked on at a time: enough that handing them over costs nothing.
const blockSize = 64

// inParallel works on blocks of items on all CPUs, and yields the results in the order of the items. A few blocks are under way at a time.
func inParallel[In, Out any](items iter.Seq[In], work func([]In) Out) iter.Seq[Out] {
	type block struct {
		items  []In
		result chan Out
	}
	return func(yield func(Out) bool) {
		workers := runtime.GOMAXPROCS(0)
		todo := make(chan block, workers)
		var all sync.WaitGroup
		defer all.Wait()
		defer close(todo)
		for range workers {
			all.Go(func() {
				for b := range todo {
					b.result <- work(b.items)
				}
			})
		}
		var queue []block
		for b := range blocks(items) {
			next := block{b, make(chan Out, 1)}
			todo <- next
			if queue = append(queue, next); len(queue) > 2*workers {
				if !yield(<-queue[0].result) {
					return
				}
				queue = queue[1:]
			}
		}
		for _, b := range queue {
			if !yield(<-b.result) {
				return
			}
		}
	}
}

// blocks cuts items into blocks.
func blocks[In any](items iter.Seq[In]) iter.Seq[[]In] {
	return func(yield func([]In) bool) {
		var block []In
		for item := range items {
			if block = append(block, item); len(block) == blockSize {
				if !yield(block) {
					return
				}
				block = nil
			}
		}
		if len(block) > 0 {
			yield(block)
		}
	}
}
