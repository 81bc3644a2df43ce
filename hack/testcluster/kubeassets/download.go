package kubeassets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// downloadTime is for slow connections: after it, a build is no slower. A refused connection is known at once.
const downloadTime = 3 * time.Minute

// download has setup-envtest put the programs below into, and returns the folder that they are in.
func download(ctx context.Context, log io.Writer, repo, into string) (string, error) {
	// Of a minor release only some patches are published for envtest: the newest of them will do.
	release := Version[:strings.LastIndex(Version, ".")] + ".x"
	fmt.Fprintf(log, "downloading them with setup-envtest (Kubernetes %s, at most %s)\n", release, downloadTime)

	ctx, cancel := context.WithTimeoutCause(ctx, downloadTime, errors.New("it took too long"))
	defer cancel()
	made, err := goCommand(ctx, repo, "tool", "-modfile=hack/setup-envtest.mod", "setup-envtest", "use", release,
		"--print=path", "--bin-dir="+into)
	if err != nil {
		return "", err
	}
	if err := os.Chmod(made, 0o755); err != nil { // it is write-protected, and could not be moved
		return "", err
	}
	if names := missing(made); len(names) > 0 {
		return "", fmt.Errorf("what came has no program %s", strings.Join(names, ", "))
	}
	return made, nil
}
