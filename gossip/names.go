package gossip

import "strings"

// IsObjectName reports whether Kubernetes accepts the name of a pod or workload: labels with dots between them (a
// subdomain of RFC 1123). It does not check the length, which is at most 253.
func IsObjectName(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if !IsLabelName(label) {
			return false
		}
	}
	return true
}

// IsLabelName reports whether Kubernetes accepts the name of a namespace or container: lower-case letters and digits,
// with '-' inside (a label of RFC 1123). It does not check the length, which is at most 63.
func IsLabelName(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case c == '-' && 0 < i && i < len(name)-1:
		default:
			return false
		}
	}
	return name != ""
}

// IsKindName reports whether a text can be the kind of an object: letters and digits of ASCII, at most 63. Kubernetes
// takes any text as the kind of an owner.
func IsKindName(kind string) bool {
	const longest = 63
	for i := range len(kind) {
		if c := kind[i]; !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9') {
			return false
		}
	}
	return kind != "" && len(kind) <= longest
}
