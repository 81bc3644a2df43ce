package replay

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kernel-gossip/kernel-gossip/pixie/otlp"
)

// kind is something that a file may be instead of a capture.
type kind struct {
	looks func(head []byte) bool
	what  string // it is, and what would do
}

// otherKind says what a file looks like that has no good record, and what would do; empty when it begins like a capture
// or like nothing that is known.
func otherKind(head []byte) string {
	if what := packedKind(head); what != "" {
		return what
	}
	if names := firstNames(head); names != nil {
		for _, k := range jsonKinds {
			if k.names(names) {
				return k.what
			}
		}
		return ""
	}
	return kindOf(head, textKinds)
}

// packedKind knows the archives and encodings in which no record can be found.
func packedKind(head []byte) string { return kindOf(head, packedKinds) }

func kindOf(head []byte, kinds []kind) string {
	for _, k := range kinds {
		if k.looks(head) {
			return k.what
		}
	}
	return ""
}

var packedKinds = []kind{
	{at(257, "ustar"), "a tar archive: unpack it (tar -xf FILE), and give the captures in it or their directory"},
	{at(0, "PK\x03\x04"), "a zip archive: unpack it (unzip FILE), and give the captures in it or their directory"},
	{at(0, "BZh"), "a file packed with bzip2: unpack it (bzip2 -d FILE); gzip and zstd are read as they are"},
	{at(0, "\xfd7zXZ\x00"), "a file packed with xz: unpack it (xz -d FILE); gzip and zstd are read as they are"},
	{at(0, "\x04\x22\x4d\x18"), "a file packed with lz4: unpack it (lz4 -d FILE); gzip and zstd are read as they are"},
	{at(0, "\xff\x06\x00\x00sNaPpY"), "a file packed with snappy: unpack it first; gzip and zstd are read as they are"},
	{at(0, "7z\xbc\xaf\x27\x1c"), "a 7z archive: unpack it (7z x FILE), and give the captures in it or their directory"},
	{
		at(0, "\xd4\xc3\xb2\xa1", "\xa1\xb2\xc3\xd4", "\x4d\x3c\xb2\xa1", "\xa1\xb2\x3c\x4d", "\x0a\x0d\x0d\x0a"),
		"captured packets (pcap): they say nothing of the kernel's counters; a capture here is JSON, see pixie/payload.md",
	},
	{isUTF16, "text in UTF-16, which PowerShell's > writes: make UTF-8 of it (iconv -f UTF-16 -t UTF-8 FILE)"},
}

// at looks for one of several marks at an offset.
func at(offset int, marks ...string) func([]byte) bool {
	return func(head []byte) bool {
		return len(head) > offset && slices.ContainsFunc(marks, func(mark string) bool {
			return bytes.HasPrefix(head[offset:], []byte(mark))
		})
	}
}

// isUTF16 knows the byte order mark; without one, every other byte of English text is zero.
func isUTF16(head []byte) bool {
	if at(0, "\xff\xfe", "\xfe\xff")(head) {
		return true
	}
	zero := func(i int) bool { return head[i] == 0 }
	return len(head) >= 8 && zero(0) != zero(1) && zero(0) == zero(2) && zero(1) == zero(3) && zero(0) == zero(4) && zero(1) == zero(5)
}

// jsonKind is a kind that shows in the names of its first object.
type jsonKind struct {
	names func(has names) bool
	what  string
}

type names map[string]bool

func (n names) all(list ...string) bool {
	return !slices.ContainsFunc(list, func(name string) bool { return !n[name] })
}

func (n names) any(list ...string) bool {
	return slices.ContainsFunc(list, func(name string) bool { return n[name] })
}

const (
	objectsForPods = "Kubernetes objects: they go to --pods FILE, beside a capture"
	podsAsYAML     = "pods go to --pods FILE, as kubectl get pods -o yaml prints them, beside a capture"
	gossipResults  = "results of gossip-replay or of the operator: gossip-replay diff compares them"
	asRecords      = "; what is known of a container and a window goes into a record, see pixie/payload.md"
	asDeltas       = "what they grow by between two readings is a record, see pixie/payload.md"
	asKills        = "each OOM kill is an oom_kill record with the time, the pod and the container, see pixie/payload.md"
	kernelLog      = "kernel log lines: " + asKills
)

var jsonKinds = []jsonKind{
	{func(has names) bool { return has.any("type", "_tableName_", "resourceMetrics") }, ""}, // begins like a capture
	{func(has names) bool { return has.any("kind=KernelWhisper", "kind=PodBirthCertificate") }, gossipResults},
	{func(has names) bool {
		return has.all("apiVersion", "kind") || has.all("metadata", "spec") || has["items"]
	}, objectsForPods},
	{func(has names) bool {
		return has.any("mntns_id", "mountnsid", "tpid", "fpid") || has.all("k8s", "runtime") || has.all("k8s", "proc")
	}, "events of Inspektor Gadget (ig): " + asKills},
	{func(has names) bool { return has["resourceSpans"] }, "OpenTelemetry traces: a capture holds metrics"},
	{func(has names) bool { return has["resourceLogs"] }, "OpenTelemetry logs: a capture holds metrics"},
	{func(has names) bool { return has.all("status", "data") }, "an answer of Prometheus' API: cumulative counters; " + asDeltas},
	{func(has names) bool { return has.any("cpu_stats", "precpu_stats", "CPUPerc") }, "docker stats: cumulative counters; " + asDeltas},
	{func(has names) bool { return has.all("node", "pods") }, "the kubelet's /stats/summary, which has no throttling" + asRecords},
	{func(has names) bool { return has.any("MESSAGE", "__REALTIME_TIMESTAMP") }, kernelLog},
}

// firstNames are the names of the first object of a JSON text, as far as it is there, and its kind as "kind=KIND"; nil
// where the text does not begin like JSON.
func firstNames(head []byte) names {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n[")
	if len(text) == 0 || text[0] != '{' {
		return nil
	}
	in := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true))
	found := names{}
	if _, err := in.ReadToken(); err != nil {
		return found
	}
	for in.PeekKind() == '"' {
		name, err := in.ReadToken()
		if err != nil {
			break
		}
		word := name.String()
		found[word] = true
		value, err := in.ReadValue()
		if err != nil {
			break
		}
		if word == "kind" {
			found["kind="+strings.Trim(string(value), `"`)] = true
		}
	}
	return found
}

var textKinds = []kind{
	{matches(`(?i)^\s*<(!doctype|html|\?xml)`), "a web page, perhaps an error or a log-in page of where it was loaded from"},
	{matches(`(?m)^import px\b`), "a PxL script: px run -f FILE -o json prints rows, which are read"},
	{
		matches(`(?m)^\s*(nr_periods|nr_throttled|throttled_usec|throttled_time|usage_usec)[ :=\t]+\d+\s*$`),
		"cpu.stat of a cgroup: counters since the container began, without a time, a pod or a limit; " + asDeltas,
	},
	{
		matches(`(?m)^\s*(oom_kill|oom_group_kill|inactive_file|pgmajfault)[ :=\t]+\d+\s*$|^(some|full) avg10=|^(max|\d+) \d+\s*$`),
		"a file of a cgroup, without a time or a pod" + asRecords,
	},
	{matches(`oom-kill:constraint=|invoked oom-killer|Killed process \d+|Memory cgroup out of memory`), kernelLog},
	{
		matches(`(?m)^# (HELP|TYPE) |^[a-zA-Z_:][a-zA-Z0-9_:]*\{[^}]*="[^}]*\} [-+0-9.eNaIinf]+`),
		"Prometheus' text format (cAdvisor, the kubelet): cumulative counters of one moment; " + asDeltas,
	},
	{matches(`(?m)^\s*kind: *"?(KernelWhisper|PodBirthCertificate)\b`), gossipResults},
	{matches(`(?m)^(apiVersion|kind|items|- apiVersion):`), objectsForPods},
	{matches(`(?m)^Name: +\S(.*\n)+?Namespace: +\S`), "kubectl describe: " + podsAsYAML},
	{matches(`^\s*(NAME|POD) .*CPU\(cores\)`), "kubectl top: averages, which hide throttling" + asRecords},
	{matches(`^\s*(NAME|NAMESPACE|LAST SEEN) +[A-Z]`), "a table of kubectl: " + podsAsYAML},
	{matches(`^\s*CONTAINER ID? `), "docker stats: averages, which hide throttling" + asRecords},
	{isTable, "a table of comma-separated values (CSV): a record is a JSON object, see pixie/payload.md; px run has -o json"},
	{isBinary, "binary data: a capture is JSON or OpenTelemetry metrics, plain or packed with gzip or zstd"},
	{isProse, "text without JSON: a record is a JSON object, see pixie/payload.md"},
}

func matches(pattern string) func([]byte) bool { return regexp.MustCompile(pattern).Match }

// isTable looks for lines with the same number of commas, or of what else divides columns.
func isTable(head []byte) bool {
	lines := strings.SplitN(strings.TrimSpace(string(head)), "\n", 4)
	if len(lines) < 3 || strings.ContainsAny(lines[0], "{[") {
		return false
	}
	return slices.ContainsFunc([]string{",", ";", "\t"}, func(divider string) bool {
		columns := strings.Count(lines[0], divider)
		return columns >= 2 && columns == strings.Count(lines[1], divider)
	})
}

// isBinary looks for what no text has.
func isBinary(head []byte) bool {
	if otlp.Is(head) {
		return false
	}
	if len(head) == lookAhead {
		whole := bytes.LastIndexFunc(head, func(r rune) bool { return r < utf8.RuneSelf }) + 1
		head = head[:whole] // a character may be cut in two
	}
	return bytes.IndexByte(head, 0) >= 0 || !utf8.Valid(head)
}

// isProse looks for text in which no record begins.
func isProse(head []byte) bool {
	return len(bytes.TrimSpace(head)) > 0 && !bytes.ContainsAny(head, "{[") && !otlp.Is(head)
}
