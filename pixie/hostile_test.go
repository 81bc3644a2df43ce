package pixie

import (
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// hostileNames are names that a process may give itself (prctl PR_SET_NAME takes any bytes), as JSON, and what is read.
var hostileNames = map[string]struct{ written, want string }{
	"a line end":             {written: `"a\nb"`, want: "a�b"},
	"an escape sequence":     {written: `"\u001b[2Jx"`, want: "�[2Jx"},
	"a carriage return":      {written: `"x\r"`, want: "x�"},
	"one byte, an escape":    {written: `"\u009b1m"`, want: "�1m"},
	"NUL":                    {written: `"\u0000"`, want: "�"},
	"DEL":                    {written: "\"a\x7f\"", want: "a�"},
	"a mark of direction":    {written: "\"\u202etxt\"", want: "�txt"},
	"one that is escaped":    {written: `"\u202etxt"`, want: "�txt"},
	"no width":               {written: "\"ja\u200bva\"", want: "ja�va"},
	"a tag":                  {written: "\"a\U000E0041\"", want: "a�"},
	"a tag that is escaped":  {written: `"a\udb40\udc41"`, want: "a�"},
	"not UTF-8":              {written: "\"na\xc3\"", want: "na�"},
	"half a surrogate pair":  {written: `"\ud83d"`, want: "�"},
	"the replacement":        {written: "\"\ufffd\"", want: "�"},
	"what a shell would run": {written: "\"`id`$(id);'\"", want: "`id`$(id);'"},
	"letters that are shown": {written: `"größe 大"`, want: "größe 大"},
	"much that cannot be seen": {
		written: `"` + strings.Repeat(`\n`, maxComm) + `"`, want: strings.Repeat("�", maxComm/3),
	},
}

func TestAProcessCannotHideItsOOMKillBehindItsName(t *testing.T) {
	for what, test := range hostileNames {
		t.Run(what, func(t *testing.T) {
			record := leastKill().with(raw{"victim_comm": test.written})
			for range 2 { // the second time, texts are interned
				event, err := one(t, record+"\n")
				require.NoError(t, err)
				kill := event.(gossip.OOMKill)
				require.Equal(t, test.want, kill.VictimComm)
				again, err := one(t, string(Append(nil, kill)))
				require.NoError(t, err)
				require.Equal(t, kill, again)
			}
		})
	}
}

func TestEveryFreeTextIsCleanedAndCounts(t *testing.T) {
	for what, test := range hostileNames {
		if strings.HasPrefix(what, "much") {
			continue // longer than a UID may be
		}
		t.Run(what, func(t *testing.T) {
			event, err := one(t, leastBirth().with(raw{
				"pod_uid": test.written, "node": test.written, "container_id": test.written, "source": test.written,
				"timeline": `[{"timestamp_ms":1,"actor":"kernel","action":` + test.written + `,"details":` + test.written + `}]`,
			})+"\n")
			require.NoError(t, err)
			o := event.From()
			require.Equal(t, []string{test.want, test.want, test.want, test.want},
				[]string{o.PodUID, o.Node, o.ContainerID, o.Source})
			require.Equal(t, []gossip.Step{{
				Offset: time.Millisecond, Actor: gossip.ActorKernel, Action: test.want, Details: test.want,
			}}, event.(gossip.PodCreation).Timeline)

			var r Record
			leastRecord(&r)
			r.Integer("throttle_percentage", 80)
			text, err := jsontext.AppendUnquote(nil, test.written)
			if err == nil {
				r.Text("node", string(text))
			} else {
				r.Text("node", strings.Trim(test.written, `"`))
				if strings.Contains(test.written, `\`) {
					return
				}
			}
			event, err = r.Event()
			require.NoError(t, err)
			require.Equal(t, test.want, event.From().Node)
		})
	}
}

// A cleaned text that is as long as what was written must not be taken for it.
func TestCleanedTextsAreNotInterned(t *testing.T) {
	var text strings.Builder
	for _, comm := range []string{"a\u200bb", "a\ufffdb", "a\u200bb", "a\u200cb", `\n\n\n\u001b`, `\n\n\n\u001b`, "a\ufffdb"} {
		text.WriteString(leastKill().with(raw{"victim_comm": `"` + comm + `"`}) + "\n")
	}
	events, errs := pairs(t, Options{}, strings.NewReader(text.String()))
	require.Empty(t, errs)
	var got []string
	for _, event := range events {
		got = append(got, event.(gossip.OOMKill).VictimComm)
	}
	require.Equal(t, []string{"a�b", "a�b", "a�b", "a�b", "����", "����", "a�b"}, got)
}
