// Command burst is the workload of the captures in examples/captures: threads that need a known amount of CPU time at a
// known rate.
//
//	burst --threads 1 --cpu 96ms --every 3s     one thread, 96 ms of CPU every 3 s
//	burst --threads 2 --cpu 64ms --every 1s     two threads, each 64 ms every second
//	burst --busy                                one thread that never rests
//	burst --sleep                               a process that does nothing
//	burst --bursts 1 --cpu 20ms                 one burst, then exit (for init containers)
//	burst --cpu 96ms --eases-after 12m          an incident that ends: after 12 min each burst is a twentieth
//
// A burst ends when its thread has used the CPU time, by the kernel's own account of that thread
// (CLOCK_THREAD_CPUTIME_ID): "96 ms of work" is 96 ms whether or not the kernel lets the thread run. The wall time of
// each burst is therefore how long a request of that size would have waited; every tenth burst of a thread prints the
// median and the 99th percentile so far.
//
// GOMAXPROCS is set to the number of threads, so the process has few threads that it does not need, whatever machine it
// runs on.
package main

import (
	"flag"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

type load struct {
	cpu, every, offset, easesAfter time.Duration
	bursts                         int
}

func main() {
	var l load
	threads := flag.Int("threads", 1, "threads that burst, each on its own")
	flag.DurationVar(&l.cpu, "cpu", 96*time.Millisecond, "CPU time of one burst")
	flag.DurationVar(&l.every, "every", 3*time.Second, "time from the start of one burst to the next")
	flag.DurationVar(&l.offset, "offset", 0, "wait before the first burst")
	flag.IntVar(&l.bursts, "bursts", 0, "number of bursts before the end (0: no end)")
	flag.DurationVar(&l.easesAfter, "eases-after", 0,
		"time after which a burst needs a twentieth of the CPU time (0: never)")
	busy := flag.Bool("busy", false, "burn CPU without a rest instead")
	sleep := flag.Bool("sleep", false, "do nothing instead")
	flag.Parse()

	runtime.GOMAXPROCS(*threads)
	if *sleep {
		time.Sleep(1<<63 - 1)
	}
	var wg sync.WaitGroup
	for i := range *threads {
		wg.Go(func() {
			runtime.LockOSThread()
			if *busy {
				for {
					burnCPU(time.Second)
				}
			}
			l.run(i)
		})
	}
	wg.Wait()
}

// run bursts on the calling thread at a fixed rate. A burst that took longer than the interval delays the next one;
// none is made up for.
func (l load) run(thread int) {
	time.Sleep(l.offset)
	var walls []time.Duration
	next := time.Now()
	ease := next.Add(l.easesAfter)
	for n := 1; l.bursts == 0 || n <= l.bursts; n++ {
		start, cpu := time.Now(), l.cpu
		if l.easesAfter > 0 && start.After(ease) {
			cpu /= 20
		}
		used := burnCPU(cpu)
		wall := time.Since(start)
		walls = append(walls, wall)
		fmt.Printf(
			"thread=%d burst=%d cpu=%s wall=%s\n",
			thread,
			n,
			used.Round(time.Microsecond),
			wall.Round(time.Microsecond),
		)
		if n%10 == 0 || n == l.bursts {
			fmt.Printf(
				"thread=%d bursts=%d wall_p50=%s wall_p99=%s\n",
				thread,
				n,
				percentileOf(walls, 50),
				percentileOf(walls, 99),
			)
		}
		if n == l.bursts {
			return
		}
		next = next.Add(l.every)
		if now := time.Now(); next.Before(now) {
			next = now
		}
		time.Sleep(time.Until(next))
	}
}

// burnCPU uses the CPU until this thread has used d more, and returns the time that it used.
func burnCPU(d time.Duration) time.Duration {
	start := threadCPU()
	x := uint32(1)
	for {
		for range 20000 { // about 10 µs between two readings of the clock
			x ^= x << 13
			x ^= x >> 17
			x ^= x << 5
		}
		if used := threadCPU() - start; used >= d && x != 0 {
			return used
		}
	}
}

// threadCPU is the CPU time of the calling thread.
func threadCPU() time.Duration {
	const clockThreadCPUTimeID = 3
	var ts syscall.Timespec
	if _, _, errno := syscall.RawSyscall(
		syscall.SYS_CLOCK_GETTIME,
		clockThreadCPUTimeID,
		uintptr(unsafe.Pointer(&ts)),
		0,
	); errno != 0 {
		panic(errno) // the clock is always there
	}
	return time.Duration(ts.Nano())
}

// percentileOf is the nearest-rank percentile of walls.
func percentileOf(walls []time.Duration, p int) time.Duration {
	s := slices.Sorted(slices.Values(walls))
	rank := (len(s)*p + 99) / 100
	return s[max(rank, 1)-1].Round(time.Microsecond)
}
