package kernel

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
)

var update = flag.Bool("update", false, "rewrite the wanted records in testdata/*.txtar")

// recorded is a recording of bpftrace and of what the API server knew.
type recorded struct {
	rows   []Row
	pods   []*Pod
	events []Event
	want   []byte
}

func loadRecording(t *testing.T, file string) (r recorded, a *txtar.Archive) {
	t.Helper()
	a, err := txtar.ParseFile(file)
	require.NoError(t, err)
	for _, f := range a.Files {
		switch f.Name {
		case "rows":
			for line := range strings.Lines(string(f.Data)) {
				var text string
				require.NoError(t, json.Unmarshal([]byte(line), &text))
				row, err := ParseRow(text)
				require.NoError(t, err)
				r.rows = append(r.rows, row)
			}
		case "pods":
			require.NoError(t, json.Unmarshal(f.Data, &r.pods))
		case "events":
			for line := range strings.Lines(string(f.Data)) {
				var e Event
				require.NoError(t, json.Unmarshal([]byte(line), &e))
				r.events = append(r.events, e)
			}
		case "want":
			r.want = f.Data
		}
	}
	return r, a
}

// boot is when the clock of the recordings was zero, to a tenth of a second.
var boot = time.Unix(1795387302, 900e6)

// indented is a record over several lines.
func indented(t *testing.T, record []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, json.Indent(&b, record, "", " "))
	return b.Bytes()
}

func TestRecordedRowsBecomeBirths(t *testing.T) {
	files, err := filepath.Glob("testdata/birth_*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		r, archive := loadRecording(t, file)
		var b Births
		for _, row := range r.rows {
			b.Add(row)
		}
		var got []byte
		for _, birth := range b.Complete(r.pods, boot) {
			birth.ImagePull = PullTime(r.pods[0], r.events)
			got = append(got, indented(t, pixie.Append(nil, birth))...)
		}
		if *update {
			archive.Files = append(archive.Files[:3], txtar.File{Name: "want", Data: got})
			require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o644))
			continue
		}
		if diff := cmp.Diff(string(r.want), string(got)); diff != "" {
			t.Errorf("%s (-want +got; if it is meant: go test ./operator/observer/kernel -update):\n%s", file, diff)
		}
	}
}

// A birth that comes in over time is complete once, and leaves nothing in memory.
func TestBirthIsCompleteOnce(t *testing.T) {
	r, _ := loadRecording(t, "testdata/birth_init_container.txtar")
	var b Births
	complete := 0
	for i, row := range r.rows {
		b.Add(row)
		if i%5 == 4 || i == len(r.rows)-1 {
			complete += len(b.Complete(r.pods, boot))
		}
	}
	require.Equal(t, 1, complete)
	require.False(t, b.Waiting())
	require.Zero(t, b.GivenUp)

	b.Add(Row{NS: r.rows[0].NS + uint64(time.Hour), Event: "mkdir"})
	require.Empty(t, b.Complete(nil, boot))
	require.Len(t, b.rows, 1, "rows of other things are dropped when they are old")
	require.Empty(t, b.done)
	require.Empty(t, b.shims)
}

// What was seen in part, or while a row was lost, is no birth, and is counted.
func TestBirthsSeenInPartAreGivenUp(t *testing.T) {
	r, _ := loadRecording(t, "testdata/birth_init_container.txtar")
	for name, tc := range map[string]struct {
		keep  func(Row) bool
		lost  bool
		why   string
		given int
	}{
		"begun before":        {keep: func(r Row) bool { return r.Event != "mkdir" }, why: "its first cgroup directory was not seen", given: 1},
		"still in its init":   {keep: func(r Row) bool { return !r.isCommand() || r.Processes < 16 }, why: "no exec of container app", given: 1},
		"a row was lost":      {lost: true, given: 1},
		"only of another pod": {keep: func(r Row) bool { return r.Birth == 0 && r.PID != 2095 && r.PID != 2966 }},
	} {
		var b Births
		for _, row := range r.rows {
			if tc.keep == nil || tc.keep(row) {
				b.Add(row)
			}
		}
		if tc.lost {
			b.Lost()
		}
		require.Empty(t, b.Complete(r.pods, boot), name)
		if tc.why != "" {
			require.Equal(t, []string{"births/" + r.pods[0].Metadata.Name + " (" + tc.why + ")"}, b.Incomplete(r.pods), name)
		}
		b.Add(Row{NS: r.rows[0].NS + uint64(time.Hour), Event: "mkdir"})
		require.Empty(t, b.Complete(r.pods, boot), name)
		require.Equal(t, tc.given, b.GivenUp, name)
		require.Empty(t, b.Incomplete(r.pods), name)
	}
}

func TestPullTimeNeedsAnEventForEachContainer(t *testing.T) {
	p := &Pod{}
	p.Metadata.UID = "u"
	p.Spec.Containers = []ContainerSpec{{Name: "a"}, {Name: "b"}}
	event := func(uid, container, message string) Event {
		e := Event{Reason: "Pulled", Message: message}
		e.InvolvedObject.UID, e.InvolvedObject.FieldPath = uid, "spec.containers{"+container+"}"
		return e
	}
	there := event("u", "a", `Container image "x:1" already present on machine and can be accessed by the pod`)
	pulled := event("u", "b", `Successfully pulled image "y:1" in 1.5s (2.25s including waiting). Image size: 7 bytes.`)
	for name, tc := range map[string]struct {
		events []Event
		want   gossip.Optional[time.Duration]
	}{
		"no events":       {},
		"of one only":     {events: []Event{there}},
		"of another pod":  {events: []Event{there, event("v", "b", pulled.Message)}},
		"there":           {events: []Event{there, event("u", "b", there.Message)}, want: gossip.Some[time.Duration](0)},
		"one was pulled":  {events: []Event{there, pulled}, want: gossip.Some(2250 * time.Millisecond)},
		"another wording": {events: []Event{there, event("u", "b", "Pulled it, somehow")}},
	} {
		if diff := cmp.Diff(tc.want, PullTime(p, tc.events)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func FuzzParseRow(f *testing.F) {
	a, err := txtar.ParseFile("testdata/birth_init_container.txtar")
	require.NoError(f, err)
	for line := range strings.Lines(string(a.Files[0].Data)) {
		var text string
		require.NoError(f, json.Unmarshal([]byte(line), &text))
		f.Add(text)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		row, err := ParseRow(text)
		if err != nil {
			return
		}
		var b Births
		b.Add(row)
		b.Complete([]*Pod{{}}, boot)
	})
}
