//go:build !unix

package localcluster

import (
	"io"
	"os"
	"path/filepath"
)

// supervise links the programs: elsewhere they outlive a process that is killed.
func supervise(folder, assets string, programs ...string) (io.Closer, error) {
	for _, name := range programs {
		if err := os.Symlink(filepath.Join(assets, name), filepath.Join(folder, name)); err != nil {
			return nil, err
		}
	}
	return io.NopCloser(nil), nil
}
