// Command strain is the workload of the captures of memory and network in examples/captures.
//
//	strain leak --from 24Mi --every-second 256Ki     memory that only grows
//	strain pool leak --from 8Mi --every-second 4Mi   a parent of a worker that does that; 10 s after its end, the next
//	strain serve :8080                               accepts connections and reads from them
//	strain stream 10.0.0.7:8080                      sends 1000 bytes every 5 ms, each in a segment of its own
//	strain connect 10.0.0.7:9 --every 500ms          opens a connection, and closes it
//
// Memory is mapped and written, page by page, so the kernel charges exactly the sizes of the flags.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

func main() {
	err := errors.New("usage: strain leak|pool|serve|stream|connect …")
	if len(os.Args) > 2 {
		switch args := os.Args[2:]; os.Args[1] {
		case "leak":
			err = leakMemory(args)
		case "pool":
			err = runPool(args)
		case "serve":
			err = serve(args)
		case "stream":
			err = streamSegments(args)
		case "connect":
			err = openConnections(args)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "strain:", err)
		os.Exit(1)
	}
}

func leakMemory(args []string) error {
	f := flag.NewFlagSet("leak", flag.ContinueOnError)
	from := f.String("from", "8Mi", "memory at the start")
	grow := f.String("every-second", "0", "what it grows by")
	if err := f.Parse(args); err != nil {
		return err
	}
	start, err := parseSize(*from)
	if err != nil {
		return err
	}
	step, err := parseSize(*grow)
	if err != nil {
		return err
	}
	if err := takeMemory(start); err != nil {
		return err
	}
	for range time.Tick(time.Second) {
		if err := takeMemory(step); err != nil {
			return err
		}
	}
	return nil
}

func parseSize(text string) (int, error) {
	q, err := resource.ParseQuantity(text)
	return int(q.Value()), err
}

// takeMemory maps memory and writes to each page. It never gives it back.
func takeMemory(n int) error {
	if n == 0 {
		return nil
	}
	b, err := syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return err
	}
	for i := 0; i < n; i += os.Getpagesize() {
		b[i] = 1
	}
	return nil
}

// runPool runs one worker after the other.
func runPool(args []string) error {
	for {
		worker := exec.Command(os.Args[0], args...)
		worker.Stderr = os.Stderr
		fmt.Println("the worker ended:", worker.Run())
		time.Sleep(10 * time.Second)
	}
}

func serve(args []string) error {
	l, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() { _, _ = io.Copy(io.Discard, c); _ = c.Close() }()
	}
}

func streamSegments(args []string) error {
	c, err := net.DialTimeout("tcp", args[0], 3*time.Second)
	for ; err != nil; c, err = net.DialTimeout("tcp", args[0], 3*time.Second) { // the server may come later
		time.Sleep(time.Second)
	}
	b := make([]byte, 1000)
	for range time.Tick(5 * time.Millisecond) {
		if _, err := c.Write(b); err != nil {
			return err
		}
	}
	return nil
}

func openConnections(args []string) error {
	f := flag.NewFlagSet("connect", flag.ContinueOnError)
	every := f.Duration("every", 500*time.Millisecond, "time between two connections")
	if err := f.Parse(args[1:]); err != nil {
		return err
	}
	failed, n := 0, 0
	for range time.Tick(*every) {
		n++
		c, err := net.DialTimeout("tcp", args[0], 3*time.Second)
		if err != nil {
			failed++
			fmt.Printf("%d of %d failed: %v\n", failed, n, err)
			continue
		}
		_ = c.Close()
	}
	return nil
}
