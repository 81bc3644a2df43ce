package crd_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

var update = flag.Bool("update", false, "rewrite the objects in testdata")

// example is a file of testdata: findings about pods of one workload, the advice, and the object that New makes of
// them. After a finding there may be its windows, what is known of its pod, and the need that it supports. All are
// YAML. All but the object have Go's field names, and a figure that is absent was not measured.
type example struct {
	name   string
	file   *txtar.Archive
	pods   []gossip.PodFinding
	needs  map[string]gossip.Need // by pod
	report crd.Report
	object *txtar.File
}

// readExamples returns the files of testdata, in order of their names.
func readExamples(t *testing.T) []example {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	var all []example
	for _, path := range paths {
		file, err := txtar.ParseFile(path)
		require.NoError(t, err)
		e := example{
			name: strings.TrimSuffix(filepath.Base(path), ".txtar"), file: file, needs: map[string]gossip.Need{},
		}
		known := map[string]gossip.Pod{}
		for i := range file.Files {
			e.readPart(t, &file.Files[i], known)
		}
		require.NotEmpty(t, e.pods, path)
		require.NotNil(t, e.object, path)
		e.report.Finding = e.rollUp(t)
		e.report.PodOf = func(of gossip.PodEvidence) gossip.Pod { return known[of.Pod] }
		all = append(all, e)
	}
	return all
}

// readPart reads one part of a file. A finding begins the parts about its pod.
func (e *example) readPart(t *testing.T, part *txtar.File, known map[string]gossip.Pod) {
	t.Helper()
	switch part.Name {
	case "finding":
		e.pods = append(e.pods, gossip.PodFinding{Now: readFinding(t, part.Data)})
		return
	case "advice":
		require.NoError(t, yaml.UnmarshalStrict(part.Data, &e.report.Advice), e.name)
		return
	case "object":
		e.object = part
		return
	}
	require.NotEmpty(t, e.pods, "%s: part %s is before its finding", e.name, part.Name)
	last := &e.pods[len(e.pods)-1]
	name := last.Now.Subject().Pod
	switch part.Name {
	case "window": // there may be several
		last.Windows = append(last.Windows, readWindow(t, part.Data))
	case "pod":
		var pod gossip.Pod
		require.NoError(t, yaml.UnmarshalStrict(part.Data, &pod), e.name)
		known[name], *last = pod, last.WithPod(&pod)
	case "need":
		var need gossip.Need
		require.NoError(t, yaml.UnmarshalStrict(part.Data, &need), e.name)
		e.needs[name] = need
	default:
		t.Fatalf("%s: unknown part %s", e.name, part.Name)
	}
}

// rollUp returns the finding about the workload, which goes on from what was stored of it.
func (e *example) rollUp(t *testing.T, kept ...gossip.WorkloadFinding) gossip.WorkloadFinding {
	t.Helper()
	all := gossip.RollUp(e.pods, aWeek, e.needOf, kept...)
	require.Len(t, all, 1, e.name)
	return all[0]
}

func (e *example) needOf(_ gossip.PodFinding, f gossip.Finding) gossip.Need {
	need := e.needs[f.Subject().Pod]
	if f.Severity() < gossip.SeverityInfo {
		need.Target = gossip.Optional[float64]{}
	}
	return need
}

// readWindow returns a window: its start, its end, and its finding.
func readWindow(t *testing.T, text []byte) gossip.WorstWindow {
	t.Helper()
	var w struct {
		Start, End time.Time
		Finding    json.RawMessage
	}
	require.NoError(t, yaml.UnmarshalStrict(text, &w))
	return gossip.WorstWindow{Finding: readFinding(t, w.Finding), Start: w.Start, End: w.End}
}

// readFinding returns a finding of the type that the kind of its subject means.
func readFinding(t *testing.T, text []byte) gossip.Finding {
	t.Helper()
	var report struct{ About gossip.Subject }
	require.NoError(t, yaml.Unmarshal(text, &report))
	switch report.About.Kind {
	case gossip.KindCPUThrottling:
		return readFindingAs[gossip.CPUThrottling](t, text)
	case gossip.KindMemoryPressure:
		return readFindingAs[gossip.MemoryPressure](t, text)
	case gossip.KindOOMKill:
		return readFindingAs[gossip.OOMKilled](t, text)
	case gossip.KindNetworkIssue:
		return readFindingAs[gossip.NetworkIssue](t, text)
	case gossip.KindPodBirth:
		return readFindingAs[gossip.PodBirth](t, text)
	}
	t.Fatalf("no finding is of kind %q", report.About.Kind)
	return nil
}

func readFindingAs[F gossip.Finding](t *testing.T, text []byte) F {
	t.Helper()
	var f F
	require.NoError(t, yaml.UnmarshalStrict(text, &f))
	return f
}

// Each object is the one in testdata, and nothing of it is lost when its YAML is read back.
func TestObjectsAreWhatTestdataShows(t *testing.T) {
	for _, e := range readExamples(t) {
		t.Run(e.name, func(t *testing.T) {
			object := crd.New(e.report)
			got, err := yaml.Marshal(object)
			require.NoError(t, err)
			if diff := cmp.Diff(string(e.object.Data), string(got)); diff != "" && !*update {
				t.Errorf("New (-want +got; if it is meant: go test ./crd -update):\n%s", diff)
			}
			e.object.Data = got
			if *update {
				require.NoError(t, os.WriteFile(filepath.Join("testdata", e.name+".txtar"), txtar.Format(e.file), 0o644))
			}
			scheme := runtime.NewScheme()
			require.NoError(t, v1alpha1.AddToScheme(scheme))
			back, err := scheme.New(object.GetObjectKind().GroupVersionKind())
			require.NoError(t, err)
			require.NoError(t, yaml.UnmarshalStrict(got, back))
			again, err := yaml.Marshal(back)
			require.NoError(t, err)
			if diff := cmp.Diff(string(got), string(again)); diff != "" {
				t.Errorf("read back (-written +read):\n%s", diff)
			}
		})
	}
}

// README.md shows objects as New makes them, except for the advice, which is cut short there.
func TestREADMEShowsRealObjects(t *testing.T) {
	page, err := os.ReadFile("README.md")
	require.NoError(t, err)
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	require.Len(t, examples, 2)

	var whisper v1alpha1.KernelWhisper
	require.NoError(t, yaml.UnmarshalStrict(examples[0][1], &whisper))
	want := crd.New(adviseHidden()).(*v1alpha1.KernelWhisper)
	require.Equal(t, want.Status.Recommendations[0].Action, whisper.Status.Recommendations[0].Action)
	want.Status.Recommendations, whisper.Status.Recommendations = nil, nil
	if diff := cmp.Diff(want, &whisper); diff != "" {
		t.Errorf("whisper (-New +README.md):\n%s", diff)
	}

	var certificate v1alpha1.PodBirthCertificate
	require.NoError(t, yaml.UnmarshalStrict(examples[1][1], &certificate))
	made := crd.New(reportOf(podBirth())).(*v1alpha1.PodBirthCertificate)
	made.OwnerReferences, made.Labels = nil, nil
	if diff := cmp.Diff(made, &certificate); diff != "" {
		t.Errorf("certificate (-New +README.md):\n%s", diff)
	}
}
