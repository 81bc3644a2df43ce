package kernel

import (
	"cmp"
	"path"
	"regexp"
	"strings"
)

var (
	// podDir finds the pod's UID in the name of a cgroup directory, with the separators of either driver; the kernel's
	// name may be cut after its 32nd byte.
	podDir = regexp.MustCompile(`pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4,12})`)
	// containerDir finds the container's ID, cut or not.
	containerDir = regexp.MustCompile(`[0-9a-f]{16,64}`)
)

// podPrefix is the pod's UID, or its first part if the kernel's name was cut; "" if there is none.
func podPrefix(dir string) string {
	if m := podDir.FindStringSubmatch(dir); m != nil {
		return strings.ReplaceAll(m[1], "_", "-")
	}
	return ""
}

// newDir is a cgroup directory that was made; container is "" for the pod's own.
type newDir struct {
	ns              uint64
	pod, comm       string
	container, name string
}

// newDirs joins the pieces of paths, in order of arrival, and keeps the directories of pods.
func newDirs(rows []Row) []newDir {
	var dirs []newDir
	begun := map[uint64]Row{} // by PID: the second row follows the first
	addPath := func(r Row, text string) {
		i := strings.LastIndex(text, "/")
		parent, last := path.Base(text[:max(i, 0)]), text[i+1:]
		if uid := podPrefix(last); uid != "" {
			dirs = append(dirs, newDir{ns: r.NS, pod: uid, comm: r.Comm, name: last})
		} else if uid := podPrefix(parent); uid != "" {
			container := cmp.Or(containerDir.FindString(last), last)
			dirs = append(dirs, newDir{ns: r.NS, pod: uid, comm: r.Comm, container: container, name: last})
		}
	}
	const piece = 63
	for _, r := range rows {
		text := r.A
		if len(text) == piece {
			text += r.B
		}
		switch first, ok := begun[r.PID]; {
		case r.Event == "mkdir" && len(text) == 2*piece:
			begun[r.PID] = r
		case r.Event == "mkdir":
			addPath(r, text)
		case r.Event == "mkdir2" && ok:
			delete(begun, r.PID)
			addPath(first, first.A+first.B+text)
		}
	}
	return dirs
}
