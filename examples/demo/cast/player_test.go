package cast_test

import (
	"context"
	"errors"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// browser is a Chromium. Where there is none the test is left out, but in CI, which installs one.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	require.NotEqual(t, "true", os.Getenv("CI"), "no chromium")
	t.Skip("no chromium: apt-get install chromium")
	return ""
}

// probe is run in the page, after the player: it presses keys and lets time run, and keeps what is to be seen then.
const probe = `
<script>
(() => {
  const find = (id) => document.getElementById(id), seen = [];
  const look = (what) => seen.push([
    what, find("play").textContent, find("time").textContent, find("speed").value,
    [...document.querySelectorAll("#screen span:not([hidden])")].length, find("screen").scrollTop > 0,
  ].join(" | "));
  const press = (key, target = document.body) => {
    target.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
    look("key " + key);
  };
  look("loaded");
  press("ArrowRight");
  press("ArrowLeft");
  press("End");
  press("Home");
  press("PageDown");
  press("PageUp");
  find("seek").value = 1.6; find("seek").dispatchEvent(new Event("input"));
  look("seek");
  for (let i = 0; i < 5; i++) press("ArrowUp");
  press("ArrowUp", find("speed"));
  for (let i = 0; i < 3; i++) press("ArrowDown");
  press("x");
  press(" ");
  press(" ");
  find("play").click(); look("click");
  setTimeout(() => {
    look("later");
    find("play").click(); look("click");
    press("Home");
    const result = document.createElement("pre");
    result.id = "result";
    result.textContent = seen.join("\n");
    document.body.append(result);
  }, 10000);
})();
</script>
`

// The player does what its footer says, in a real browser. Time there is virtual.
func TestPlayer(t *testing.T) {
	page, err := os.ReadFile("testdata/stream.html")
	require.NoError(t, err)
	with := strings.Replace(string(page), "</body>", probe+"</body>", 1)
	require.NotEqual(t, string(page), with)
	dom := load(t, with, "")
	result := regexp.MustCompile(`(?s)<pre id="result">(.*)</pre>`).FindStringSubmatch(dom)
	require.NotNil(t, result, dom)
	want := strings.TrimSpace(`
loaded | Play | 0:00 / 0:03 | 1 | 1 | false
key ArrowRight | Play | 0:03 / 0:03 | 1 | 5 | false
key ArrowLeft | Play | 0:00 / 0:03 | 1 | 1 | false
key End | Play | 0:03 / 0:03 | 1 | 5 | false
key Home | Play | 0:00 / 0:03 | 1 | 1 | false
key PageDown | Play | 0:03 / 0:03 | 1 | 5 | false
key PageUp | Play | 0:00 / 0:03 | 1 | 1 | false
seek | Play | 0:01 / 0:03 | 1 | 2 | false
key ArrowUp | Play | 0:01 / 0:03 | 1.5 | 2 | false
key ArrowUp | Play | 0:01 / 0:03 | 2 | 2 | false
key ArrowUp | Play | 0:01 / 0:03 | 4 | 2 | false
key ArrowUp | Play | 0:01 / 0:03 | 8 | 2 | false
key ArrowUp | Play | 0:01 / 0:03 | 8 | 2 | false
key ArrowUp | Play | 0:01 / 0:03 | 8 | 2 | false
key ArrowDown | Play | 0:01 / 0:03 | 4 | 2 | false
key ArrowDown | Play | 0:01 / 0:03 | 2 | 2 | false
key ArrowDown | Play | 0:01 / 0:03 | 1.5 | 2 | false
key x | Play | 0:01 / 0:03 | 1.5 | 2 | false
key   | Pause | 0:01 / 0:03 | 1.5 | 2 | false
key   | Play | 0:01 / 0:03 | 1.5 | 2 | false
click | Pause | 0:01 / 0:03 | 1.5 | 2 | false
later | Play | 0:03 / 0:03 | 1.5 | 5 | false
click | Pause | 0:00 / 0:03 | 1.5 | 1 | false
key Home | Pause | 0:00 / 0:03 | 1.5 | 1 | false`)
	if diff := cmp.Diff(want, html.UnescapeString(result[1])); diff != "" {
		t.Errorf("what was to be seen (-want +got)\n%s", diff)
	}
}

// Where it begins can be said behind the page's name.
func TestPlayerBegins(t *testing.T) {
	page, err := os.ReadFile("testdata/stream.html")
	require.NoError(t, err)
	for where, want := range map[string]int{"#t=1.6": 3, "#t=1e9": 0, "#t=nonsense": 4, "#play": 0} {
		dom := load(t, string(page), where)
		require.Equal(t, want, strings.Count(dom, ` hidden="">`)-strings.Count(dom, `<div id="controls" hidden="">`), where)
	}
}

// load is the page as it is after its time: a browser opens it, and writes what became of it.
func load(t *testing.T, page, where string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "page.html")
	require.NoError(t, os.WriteFile(file, []byte(page), 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, browser(t), "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+filepath.Join(dir, "profile"),
		"--virtual-time-budget=20000", "--dump-dom", "file://"+file+where)
	out, err := run.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	require.NoError(t, err)
	return string(out)
}
