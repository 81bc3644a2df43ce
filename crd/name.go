package crd

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Name is the name of a subject's object, in the pod's namespace: `<pod>.<container>.<kind in lower case>` for a whisper,
// `<pod>.<kind>` where the whole pod is meant, and the pod's own name for a certificate. Kubernetes allows 253 characters; a longer
// name is cut and ends in a dash and ten hexadecimal digits of the whole name's SHA-256, so it stays the same and stays unique.
func Name(s gossip.Subject) string {
	if s.Kind == gossip.KindPodBirth {
		return shorten(s.Pod)
	}
	parts := []string{s.Pod}
	if s.Container != "" {
		parts = append(parts, s.Container)
	}
	return shorten(strings.Join(append(parts, strings.ToLower(string(s.Kind))), "."))
}

func shorten(name string) string {
	const digits = 10
	if len(name) <= maxName {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	head := strings.ToValidUTF8(name[:maxName-digits-1], "")
	// A label may end neither in a dash nor in a dot.
	return strings.TrimRight(head, "-.") + "-" + hex.EncodeToString(sum[:])[:digits]
}
