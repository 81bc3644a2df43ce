package kubeassets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// Get returns the folder with kube-apiserver, etcd and kubectl like [Find]. Where there is none it fills the one in the user's cache
// folder, by a download if that works and by a build of some minutes if not, and tells on log what it does. It needs the go command
// and the repository as working folder. Any number of processes may call it at once: one works, the others wait for it.
func Get(ctx context.Context, log io.Writer) (dir string, err error) {
	if dir, err = fromEnv(); dir != "" || err != nil {
		return dir, err
	}
	if dir, err = cacheDir(); err != nil {
		return "", err
	}
	if len(missing(dir)) == 0 {
		return dir, nil
	}
	if err = os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(ctx, log, dir+".lock")
	if err != nil {
		return "", fmt.Errorf("waiting for %s.lock: %w", dir, err)
	}
	defer unlock()
	if len(missing(dir)) == 0 { // by the process that held the lock
		return dir, nil
	}
	if err = fill(ctx, log, dir); err != nil {
		return "", fmt.Errorf("no kube-apiserver, etcd and kubectl: %w", err)
	}
	return dir, nil
}

// fill makes dir. Everything happens in a folder beside it, which takes its name at the end: dir is there whole or not at all.
func fill(ctx context.Context, log io.Writer, dir string) (err error) {
	repo, err := repository(ctx)
	if err != nil {
		return err
	}
	partial := dir + ".partial"
	defer func() { err = errors.Join(err, remove(partial)) }()

	fmt.Fprintf(log, "kube-apiserver, etcd and kubectl are not in %s yet: getting them, once: a download, or a build of about 10 minutes.\n"+
		"Where a folder has all three, %s=FOLDER does without: stop this with Ctrl-C and set it.\n", dir, Env)
	if err = remove(partial); err != nil { // of a process that was killed
		return err
	}
	start := time.Now()
	made, err := download(ctx, log, repo, partial)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		fmt.Fprintf(log, "no download after %s: %v\n", since(start), err)
		if err = remove(partial); err != nil {
			return err
		}
		if made, err = build(ctx, log, repo, partial); err != nil {
			return err
		}
	}
	if names := missing(made); len(names) > 0 {
		return fmt.Errorf("there is still no program %s", strings.Join(names, ", "))
	}
	if err = remove(dir); err != nil { // what is there is incomplete
		return err
	}
	if err = os.Rename(made, dir); err != nil {
		return err
	}
	fmt.Fprintf(log, "kube-apiserver, etcd and kubectl are in %s after %s\n", dir, since(start))
	return nil
}

// lock takes the lock file, and says so when that means waiting. When the context ends first the attempt is left to itself: the
// system takes it back with the process.
func lock(ctx context.Context, log io.Writer, path string) (unlock func(), err error) {
	type result struct {
		unlock func()
		err    error
	}
	locked := make(chan result, 1)
	go func() {
		unlock, err := lockedfile.MutexAt(path).Lock()
		locked <- result{unlock, err}
	}()
	long := time.After(time.Second)
	for {
		select {
		case r := <-locked:
			return r.unlock, r.err
		case <-long:
			fmt.Fprintln(log, "another process is getting kube-apiserver, etcd and kubectl: waiting for it")
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// remove removes a folder with all that is in it, write-protected folders too: setup-envtest leaves them.
func remove(dir string) error {
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return nil // RemoveAll will say it
	})
	return os.RemoveAll(dir)
}

func since(start time.Time) time.Duration { return time.Since(start).Round(time.Second) }
