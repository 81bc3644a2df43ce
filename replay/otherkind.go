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

// fileKind is a kind of file that is no capture.
type fileKind struct {
	matches     func(head []byte) bool
	description string // the kind, and what to use instead
}

// describeOtherKind returns the kind of a file that has no good record, and what to use instead. It returns "" for a
// file that begins like a capture or like nothing known.
func describeOtherKind(head []byte) string {
	if what := describePackedKind(head); what != "" {
		return what
	}
	if names := firstObjectNames(head); names != nil {
		for _, k := range jsonKinds {
			if k.matches(names) {
				return k.description
			}
		}
		return ""
	}
	return describeKind(head, textKinds)
}

// describePackedKind recognizes the archives and encodings in which no record can be found.
func describePackedKind(head []byte) string { return describeKind(head, packedKinds) }

func describeKind(head []byte, kinds []fileKind) string {
	for _, k := range kinds {
		if k.matches(head) {
			return k.description
		}
	}
	return ""
}

const (
	packedAsIs = "; gzip and zstd are read as they are"
	givePacked = ", and give the captures in it or their directory"
)

// packedKinds are recognized before a record is looked for.
var packedKinds = []fileKind{
	{marksAt(257, "ustar"), "a tar archive: unpack it (tar -xf FILE)" + givePacked},
	{marksAt(0, "PK\x03\x04"), "a zip archive: unpack it (unzip FILE)" + givePacked},
	{marksAt(0, "BZh"), "a file packed with bzip2: unpack it (bzip2 -d FILE)" + packedAsIs},
	{marksAt(0, "\xfd7zXZ\x00"), "a file packed with xz: unpack it (xz -d FILE)" + packedAsIs},
	{marksAt(0, "\x04\x22\x4d\x18"), "a file packed with lz4: unpack it (lz4 -d FILE)" + packedAsIs},
	{marksAt(0, "\xff\x06\x00\x00sNaPpY"), "a file packed with snappy: unpack it first" + packedAsIs},
	{marksAt(0, "7z\xbc\xaf\x27\x1c"), "a 7z archive: unpack it (7z x FILE)" + givePacked},
	{
		marksAt(0, "\xd4\xc3\xb2\xa1", "\xa1\xb2\xc3\xd4", "\x4d\x3c\xb2\xa1", "\xa1\xb2\x3c\x4d", "\x0a\x0d\x0d\x0a"),
		"captured packets (pcap), without the kernel's counters; a capture here is JSON, see pixie/payload.md",
	},
	{isUTF16, "text in UTF-16, which PowerShell's > writes: make UTF-8 of it (iconv -f UTF-16 -t UTF-8 FILE)"},
}

// marksAt returns a matcher of several marks at an offset.
func marksAt(offset int, marks ...string) func([]byte) bool {
	return func(head []byte) bool {
		return len(head) > offset && slices.ContainsFunc(marks, func(mark string) bool {
			return bytes.HasPrefix(head[offset:], []byte(mark))
		})
	}
}

// isUTF16 recognizes the byte order mark, or English text without it, in which every other byte is zero.
func isUTF16(head []byte) bool {
	if marksAt(0, "\xff\xfe", "\xfe\xff")(head) {
		return true
	}
	if len(head) < 8 {
		return false
	}
	zero := func(i int) bool { return head[i] == 0 }
	for i := range 4 {
		if zero(i) != zero(i+2) {
			return false
		}
	}
	return zero(0) != zero(1)
}

// jsonKind is a kind that is recognized by the field names of its first object.
type jsonKind struct {
	matches     func(nameSet) bool
	description string
}

type nameSet map[string]bool

func hasAll(list ...string) func(nameSet) bool {
	return func(names nameSet) bool {
		return !slices.ContainsFunc(list, func(name string) bool { return !names[name] })
	}
}

func hasAny(list ...string) func(nameSet) bool {
	return func(names nameSet) bool {
		return slices.ContainsFunc(list, func(name string) bool { return names[name] })
	}
}

const (
	objectsForPods = "Kubernetes objects: they go to --pods FILE, beside a capture"
	podsAsYAML     = "pods go to --pods FILE, as kubectl get pods -o yaml prints them, beside a capture"
	gossipResults  = "results of gossip-replay or of the operator: gossip-replay diff compares them"
	asRecords      = "; write the values of a container and a window as a record, see pixie/payload.md"
	asDeltas       = "what they grow by between two readings is a record, see pixie/payload.md"
	asObject       = "a record is a JSON object, see pixie/payload.md"
	asKills        = "each OOM kill is an oom_kill record with the time, the pod and the container, see pixie/payload.md"
	gadgetEvents   = "events of Inspektor Gadget (ig): " + asKills
	kernelLog      = "kernel log lines: " + asKills
)

// jsonKinds are tried in this order.
var jsonKinds = []jsonKind{
	{hasAny("type", "_tableName_", "resourceMetrics"), ""}, // begins like a capture
	{hasAny("kind=KernelWhisper", "kind=PodBirthCertificate"), gossipResults},
	{hasAll("apiVersion", "kind"), objectsForPods},
	{hasAll("metadata", "spec"), objectsForPods},
	{hasAny("items"), objectsForPods},
	{hasAny("mntns_id", "mountnsid", "tpid", "fpid"), gadgetEvents},
	{hasAll("k8s", "runtime"), gadgetEvents},
	{hasAll("k8s", "proc"), gadgetEvents},
	{hasAny("resourceSpans"), "OpenTelemetry traces: a capture holds metrics"},
	{hasAny("resourceLogs"), "OpenTelemetry logs: a capture holds metrics"},
	{hasAll("status", "data"), "an answer of Prometheus' API: cumulative counters; " + asDeltas},
	{hasAny("cpu_stats", "precpu_stats", "CPUPerc"), "docker stats: cumulative counters; " + asDeltas},
	{hasAll("node", "pods"), "the kubelet's /stats/summary, which has no throttling" + asRecords},
	{hasAny("MESSAGE", "__REALTIME_TIMESTAMP"), kernelLog},
}

// firstObjectNames returns the field names of the first object of a JSON text, as far as the head has it, and its kind
// as "kind=KIND". It returns nil if the text does not begin like JSON.
func firstObjectNames(head []byte) nameSet {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n[")
	if len(text) == 0 || text[0] != '{' {
		return nil
	}
	in := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true))
	found := nameSet{}
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

// textKinds are tried in this order.
var textKinds = []fileKind{
	{
		matchesPattern(`(?i)^\s*<(!doctype|html|\?xml)`),
		"a web page, perhaps an error or a log-in page of where it was loaded from",
	},
	{matchesPattern(`(?m)^import px\b`), "a PxL script: px run -f FILE -o json prints rows, which are read"},
	{
		matchesPattern(`(?m)^\s*(nr_periods|nr_throttled|throttled_usec|throttled_time|usage_usec)[ :=\t]+\d+\s*$`),
		"cpu.stat of a cgroup: counters since the container began, without a time, a pod or a limit; " + asDeltas,
	},
	{
		matchesPattern(`(?m)^\s*(oom_kill|oom_group_kill|inactive_file|pgmajfault)[ :=\t]+\d+\s*$|` +
			`^(some|full) avg10=|^(max|\d+) \d+\s*$`),
		"a file of a cgroup, without a time or a pod" + asRecords,
	},
	{matchesPattern(`oom-kill:constraint=|invoked oom-killer|Killed process \d+|Memory cgroup out of memory`), kernelLog},
	{
		matchesPattern(`(?m)^# (HELP|TYPE) |^[a-zA-Z_:][a-zA-Z0-9_:]*\{[^}]*="[^}]*\} [-+0-9.eNaIinf]+`),
		"Prometheus' text format (cAdvisor, the kubelet): cumulative counters of one moment; " + asDeltas,
	},
	{matchesPattern(`(?m)^\s*kind: *"?(KernelWhisper|PodBirthCertificate)\b`), gossipResults},
	{matchesPattern(`(?m)^(apiVersion|kind|items|- apiVersion):`), objectsForPods},
	{matchesPattern(`(?m)^Name: +\S(.*\n)+?Namespace: +\S`), "kubectl describe: " + podsAsYAML},
	{matchesPattern(`^\s*(NAME|POD) .*CPU\(cores\)`), "kubectl top: averages, which hide throttling" + asRecords},
	{matchesPattern(`^\s*(NAME|NAMESPACE|LAST SEEN) +[A-Z]`), "a table of kubectl: " + podsAsYAML},
	{matchesPattern(`^\s*CONTAINER ID? `), "docker stats: averages, which hide throttling" + asRecords},
	{isTable, "a table of comma-separated values (CSV): " + asObject + "; px run has -o json"},
	{isBinary, "binary data: a capture is JSON or OpenTelemetry metrics, plain or packed with gzip or zstd"},
	{isProse, "text without JSON: " + asObject},
}

func matchesPattern(pattern string) func([]byte) bool { return regexp.MustCompile(pattern).Match }

// isTable recognizes lines with the same number of commas, or of another separator of columns.
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

// isBinary recognizes bytes that no text has.
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

// isProse recognizes text in which no record begins.
func isProse(head []byte) bool {
	return len(bytes.TrimSpace(head)) > 0 && !bytes.ContainsAny(head, "{[") && !otlp.Is(head)
}
