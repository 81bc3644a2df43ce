// Command demo-cast records what a command shows in a terminal, and makes a page of a recording that plays it. See package cast.
//
//	demo-cast record [--size 100x30] [--idle 3s] [--title TITLE] [--what TEXT] --out NAME.cast -- COMMAND…
//	demo-cast page NAME.cast >NAME.html
//
// Beside NAME.cast, record writes NAME.provenance.yaml: where the recording comes from. It ends with the command's exit code.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/cast"
)

const usage = "usage: demo-cast record [FLAGS] --out NAME.cast -- COMMAND…\n       demo-cast page NAME.cast >NAME.html"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // who presses Ctrl-C twice does not want to wait
	code, err := run(ctx, os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo-cast:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run(ctx context.Context, args []string, out io.Writer) (code int, err error) {
	switch {
	case len(args) > 0 && args[0] == "record":
		return record(ctx, args[1:], out)
	case len(args) == 2 && args[0] == "page":
		return 0, page(args[1], out)
	}
	return 2, errors.New(usage)
}

func page(name string, out io.Writer) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	c, err := cast.Read(f)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := cast.Page(out, c); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func record(ctx context.Context, args []string, show io.Writer) (code int, err error) {
	flags := flag.NewFlagSet("record", flag.ContinueOnError)
	size := flags.String("size", "100x30", "columns and rows of the terminal")
	idle := flags.Duration("idle", 3*time.Second, "a longer pause is played as one of this length; the recording keeps it")
	title := flags.String("title", "", "what the recording is called")
	what := flags.String("what", "", "what there is to know about it, for the provenance")
	name := flags.String("out", "", "the `file` to write, NAME.cast")
	if err := flags.Parse(args); err != nil {
		return 2, err
	}
	stem, isCast := strings.CutSuffix(*name, ".cast")
	command := flags.Args()
	if !isCast || len(command) == 0 {
		return 2, errors.New(usage)
	}
	h := cast.Header{
		Title: *title, Command: strings.Join(command, " "), IdleTimeLimit: idle.Seconds(), Env: map[string]string{"TERM": "xterm-256color"},
	}
	if _, err := fmt.Sscanf(*size, "%dx%d", &h.Width, &h.Height); err != nil {
		return 2, fmt.Errorf("--size %s: not COLUMNSxROWS", *size)
	}
	f, err := os.Create(*name)
	if err != nil {
		return 2, err
	}
	defer f.Close()
	out := bufio.NewWriter(f)
	origin := newProvenance(*name, *what, h.Command)
	code, err = cast.Record(ctx, h, command, out, show)
	if err = errors.Join(err, out.Flush(), f.Close()); err != nil {
		return code, err
	}
	return code, os.WriteFile(stem+".provenance.yaml", origin.yaml(code), 0o644)
}
