package kernel

import (
	"cmp"
	"path"
	"regexp"
	"strings"
)

var (
	// podDir finds the pod's UID in the name of a cgroup directory, with the
	// separators of either driver; the kernel's name may be cut behind its 32nd byte.
	podDir = regexp.MustCompile(`pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4,12})`)
	// containerDir finds the container's ID, cut or not.
	containerDir = regexp.MustCompile(`[0-9a-f]{16,64}`)
)

// podPrefix is the pod's UID, or its first part when the kernel's name was cut; "" if there is none.
func podPrefix(dir string) string {
	if m := podDir.FindStringSubmatch(dir); m != nil {
		return strings.ReplaceAll(m[1], "_", "-")
	}
	return ""
}

// dirMade is a new cgroup directory; container is "" for the pod's own.
type dirMade struct {
	ns              uint64
	pod, comm       string
	container, name string
}

// dirsMade joins the pieces of paths, in order of arrival, and keeps those of pods.
func dirsMade(rows []Row) []dirMade {
	var dirs []dirMade
	begun := map[uint64]Row{} // by PID: the second row follows the first
	whole := func(r Row, text string) {
		i := strings.LastIndex(text, "/")
		parent, last := path.Base(text[:max(i, 0)]), text[i+1:]
		if uid := podPrefix(last); uid != "" {
			dirs = append(dirs, dirMade{r.NS, uid, r.Comm, "", last})
		} else if uid := podPrefix(parent); uid != "" {
			dirs = append(dirs, dirMade{r.NS, uid, r.Comm, cmp.Or(containerDir.FindString(last), last), last})
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
			whole(r, text)
		case r.Event == "mkdir2" && ok:
			delete(begun, r.PID)
			whole(first, first.A+first.B+text)
		}
	}
	return dirs
}
