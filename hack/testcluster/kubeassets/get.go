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

// Get returns the folder with kube-apiserver, etcd and kubectl, like [Find]. If there is none, it fills the one in the
// user's cache folder with a download, or with a build of some minutes if the download fails, and writes to log what it
// does. It needs the go command and the repository as its working folder. Any number of processes may call it at once:
// one works, the others wait.
func Get(ctx context.Context, log io.Writer) (dir string, err error) {
	if dir, err = folderOfEnv(); dir != "" || err != nil {
		return dir, err
	}
	if dir, err = cacheFolder(); err != nil {
		return "", err
	}
	if len(missingPrograms(dir)) == 0 {
		return dir, nil
	}
	if err = os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	unlock, err := lockFile(ctx, log, dir+".lock")
	if err != nil {
		return "", fmt.Errorf("waiting for %s.lock: %w", dir, err)
	}
	defer unlock()
	if len(missingPrograms(dir)) == 0 { // by the process that held the lock
		return dir, nil
	}
	if err = fillFolder(ctx, log, dir); err != nil {
		return "", fmt.Errorf("no kube-apiserver, etcd and kubectl: %w", err)
	}
	return dir, nil
}

// fillFolder makes dir. It works in a folder beside dir and renames it at the end, so that dir is complete or does not
// exist.
func fillFolder(ctx context.Context, log io.Writer, dir string) (err error) {
	repo, err := repositoryFolder(ctx)
	if err != nil {
		return err
	}
	partial := dir + ".partial"
	defer func() { err = errors.Join(err, removeFolder(partial)) }()

	fmt.Fprintf(log, "kube-apiserver, etcd and kubectl are not in %s yet: getting them, once:"+
		" a download, or a build of about 10 minutes.\n"+
		"Where a folder has all three, %s=FOLDER does without: stop this with Ctrl-C and set it.\n", dir, Env)
	if err = removeFolder(partial); err != nil { // of a process that was killed
		return err
	}
	start := time.Now()
	made, err := downloadPrograms(ctx, log, repo, partial)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		fmt.Fprintf(log, "no download after %s: %v\n", secondsSince(start), err)
		if err = removeFolder(partial); err != nil {
			return err
		}
		if made, err = buildPrograms(ctx, log, repo, partial); err != nil {
			return err
		}
	}
	if names := missingPrograms(made); len(names) > 0 {
		return fmt.Errorf("there is still no program %s", strings.Join(names, ", "))
	}
	if err = removeFolder(dir); err != nil { // what is there is incomplete
		return err
	}
	if err = os.Rename(made, dir); err != nil {
		return err
	}
	fmt.Fprintf(log, "kube-apiserver, etcd and kubectl are in %s after %s\n", dir, secondsSince(start))
	return nil
}

// lockFile takes the lock file, and logs that it waits if another process has it. If the context ends first, the
// attempt goes on in the background until the process ends.
func lockFile(ctx context.Context, log io.Writer, path string) (unlock func(), err error) {
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

// removeFolder removes a folder and its contents, including write-protected folders, which setup-envtest leaves.
func removeFolder(dir string) error {
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return nil // RemoveAll reports it
	})
	return os.RemoveAll(dir)
}

func secondsSince(start time.Time) time.Duration { return time.Since(start).Round(time.Second) }
