package replay

import (
	"iter"
	"runtime"
	"sync"
)

// mapParallel applies work to items on all CPUs, and yields the results in the order of the items. Only a few items are
// in work at a time.
func mapParallel[In, Out any](items iter.Seq[In], work func(In) Out) iter.Seq[Out] {
	type job struct {
		item   In
		result chan Out
	}
	return func(yield func(Out) bool) {
		workers := runtime.GOMAXPROCS(0)
		todo := make(chan job, workers)
		var all sync.WaitGroup
		defer all.Wait()
		defer close(todo)
		for range workers {
			all.Go(func() {
				for j := range todo {
					j.result <- work(j.item)
				}
			})
		}
		var queue []chan Out
		for item := range items {
			result := make(chan Out, 1)
			todo <- job{item, result}
			if queue = append(queue, result); len(queue) > 2*workers {
				if !yield(<-queue[0]) {
					return
				}
				queue = queue[1:]
			}
		}
		for _, result := range queue {
			if !yield(<-result) {
				return
			}
		}
	}
}
