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

// downloadTimeout ends a download over a slow connection when a build would be as quick. A refused connection fails at
// once.
const downloadTimeout = 3 * time.Minute

// downloadPrograms runs setup-envtest to download the programs below the folder into, and returns their folder.
func downloadPrograms(ctx context.Context, log io.Writer, repo, into string) (string, error) {
	// Of a minor release only some patches are published for envtest: the newest of them will do.
	release := Version[:strings.LastIndex(Version, ".")] + ".x"
	fmt.Fprintf(log, "downloading them with setup-envtest (Kubernetes %s, at most %s)\n", release, downloadTimeout)

	ctx, cancel := context.WithTimeoutCause(ctx, downloadTimeout, errors.New("it took too long"))
	defer cancel()
	made, err := goCommand(ctx, repo, "tool", "-modfile=hack/setup-envtest.mod", "setup-envtest", "use", release,
		"--print=path", "--bin-dir="+into)
	if err != nil {
		return "", err
	}
	if err := os.Chmod(made, 0o755); err != nil { // it is write-protected, and could not be moved
		return "", err
	}
	if names := missingPrograms(made); len(names) > 0 {
		return "", fmt.Errorf("what came has no program %s", strings.Join(names, ", "))
	}
	return made, nil
}
