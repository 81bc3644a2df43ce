package crd

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Name returns the name of a subject's object in the pod's namespace: `<pod>.<container>.<kind in lower case>` for a
// whisper, `<pod>.<kind>` for a whisper about the whole pod, and the pod's name for a certificate. Kubernetes allows
// 253 characters. A longer name is cut and ends in a dash and ten hexadecimal digits of the SHA-256 of the whole name,
// so it is unique and always the same.
func Name(s gossip.Subject) string {
	if s.Kind == gossip.KindPodBirth {
		return shortenName(s.Pod)
	}
	parts := []string{s.Pod}
	if s.Container != "" {
		parts = append(parts, s.Container)
	}
	return shortenName(strings.Join(append(parts, strings.ToLower(string(s.Kind))), "."))
}

func shortenName(name string) string {
	const digits = 10
	name = gossip.CleanText(name)
	if len(name) <= maxName {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	head := strings.ToValidUTF8(name[:maxName-digits-1], "")
	// A label may end neither in a dash nor in a dot.
	return strings.TrimRight(head, "-.") + "-" + hex.EncodeToString(sum[:])[:digits]
}
