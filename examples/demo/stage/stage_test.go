package stage

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// everything is all that a stage can show.
func everything(s *Stage) {
	s.Title("METRICS LIE · a container that is slow while its CPU looks idle")
	s.Step("A step")
	s.Say("What is said goes on for some time, so that it must be wrapped at the width that the stage has, whichever " +
		"of the three that happens to be today.")
	s.Note("… waiting for something")
	s.Command("kubectl get pods -n demo",
		"NAME     READY   STATUS    RESTARTS   AGE\nworker   1/1     Running   0          86s\n")
	s.Command(`kubectl --namespace demo patch pod worker --subresource resize --patch `+
		`'{"spec":{"containers":[{"name":"app","resources":{"limits":{"cpu":"350m"},"requests":{"cpu":"20m"}}}]}}'`,
		"pod/worker patched\n")
	s.Command("kubectl get kw", strings.Repeat("column   ", 20)+"\n\nthe end")
	long := "a line that is far too long for one half of any stage, and so is wrapped"
	s.Contrast(
		Panel{Title: "Kubernetes says", Figure: "51%", Mood: Good, Lines: []string{"of the CPU limit in use: 51m of 100m"}},
		Panel{Title: "The kernel says", Figure: "13,789.4", Mood: Bad, Lines: []string{"system calls", long}}, "Measured.")
	s.Contrast(Panel{Title: "a", Figure: "no digits"}, Panel{Title: "b", Figure: strings.Repeat("8", 30)}, "Measured.")
	s.Waterfall([]Stretch{
		{0, 65 * time.Millisecond, "Kubelet", "cgroup of the pod created (by systemd)"},
		{
			65 * time.Millisecond, 500 * time.Millisecond, "Runtime",
			"exec containerd-shim-runc-v2 (the pod's shim), which has more details than there is room for",
		},
		{500 * time.Millisecond, 544 * time.Millisecond, "Kernel", "exec /web"},
		{544 * time.Millisecond, 544 * time.Millisecond, "", "the end"},
	}, 544*time.Millisecond)
	s.Level(" 12s kubelet's summary", "30.7Mi of 48Mi", 30, 48)
	s.Level(" 26s kernel (the object)", "47.2Mi of 48Mi", 47, 48)
	s.Level(" 27s nothing is known", "0 of 0", 0, 0)
}

func TestNothingIsWiderThanTheStage(t *testing.T) {
	for name, s := range map[string]Stage{
		"80":          {Width: 80},
		"100":         {},
		"120":         {Width: 400},
		"80-colours":  {Width: 10, Color: true},
		"120-colours": {Width: 120, Color: true},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			s.Out = &out
			everything(&s)
			golden := filepath.Join("testdata", name+".txt")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(out.String()), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			if diff := cmp.Diff(string(want), out.String()); diff != "" {
				t.Errorf("%s (-want +got; if it is meant: go test ./examples/demo/stage -update)\n%s", golden, diff)
			}
			for line := range strings.SplitSeq(out.String(), "\n") {
				require.LessOrEqual(t, text.StringWidthWithoutEscSequences(line), s.stageWidth(), line)
				require.Equal(t, strings.TrimRight(line, " "), line)
			}
			require.Equal(t, s.Color, strings.Contains(out.String(), "\x1b"))
		})
	}
}

func TestTheTextIsTheSameWithoutColours(t *testing.T) {
	var plain, colored strings.Builder
	everything(&Stage{Out: &plain})
	everything(&Stage{Out: &colored, Color: true})
	if diff := cmp.Diff(plain.String(), text.StripEscape(colored.String())); diff != "" {
		t.Error(diff)
	}
}

func TestAContinuedCommandIsTheSameForAShell(t *testing.T) {
	const command = `printf %s\n one two 'three four, five' ` +
		`'{"six": "seven","eight":"nine","ten":{"eleven":"twelve","thirteen":"fourteen"}}' fifteen`
	lines := continueLines(command, 40)
	require.Greater(t, len(lines), 3)
	for _, l := range lines {
		require.LessOrEqual(t, len(l), 48, l)
	}
	want, err := exec.Command("sh", "-c", command).Output()
	require.NoError(t, err)
	got, err := exec.Command("sh", "-c", strings.Join(lines, "\n")).Output()
	require.NoError(t, err)
	withoutBreaks := strings.NewReplacer("\n", "") // of JSON
	require.Equal(t, withoutBreaks.Replace(string(want)), withoutBreaks.Replace(string(got)))
}

func TestAPipeHasNoColoursAndTheUnknownWidth(t *testing.T) {
	require.False(t, New(&strings.Builder{}).Color)
	require.Equal(t, Unknown, New(&strings.Builder{}).stageWidth())
}

func TestAPauseCallsWait(t *testing.T) {
	var out strings.Builder
	s := &Stage{Out: &out}
	require.NoError(t, s.Pause())
	require.Empty(t, out.String())
	s.Wait = func() error { return os.ErrClosed }
	require.ErrorIs(t, s.Pause(), os.ErrClosed)
	require.Contains(t, out.String(), "any key")
}

func TestTheStageShowsNoCharacterThatATerminalObeys(t *testing.T) {
	const hostile = "a\x1b[2J\u202eb\u200b\r\U000E0041\xff"
	var out strings.Builder
	s := &Stage{Out: &out}
	s.Say("%s", hostile)
	s.Note("%s", hostile)
	s.Command("kubectl get pod "+hostile, hostile+"\n"+hostile)
	s.Contrast(Panel{Title: hostile, Figure: hostile, Lines: []string{hostile}}, Panel{}, hostile)
	s.Waterfall([]Stretch{{Actor: hostile, What: hostile}}, time.Second)
	s.Level(hostile, hostile, 1, 2)
	require.Equal(t, gossip.CleanLines(out.String()), out.String())
	require.GreaterOrEqual(t, strings.Count(out.String(), "a�[2J�b����"), 5, out.String())
}
