package replay_test

import (
	"encoding/base64"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/replay"
)

var update = flag.Bool("update", false, "rewrite the wanted output in testdata/*.txtar")

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "gossip-replay" { // not a command of a script, which may set COLUMNS
		_ = os.Unsetenv("COLUMNS")
	}
	testscript.Main(m, map[string]func(){
		"gossip-replay": func() { os.Exit(replay.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// The archives testdata/*.txtar hold payloads, commands, and what the commands must print. The recorded captures are in
// captures/.
func TestCommandsPrintWhatTheCorpusWants(t *testing.T) {
	captures, err := filepath.Abs("../examples/captures")
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("if the new output is intended: go test ./replay -update, and read the difference")
		}
	})
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Values["operator"] = map[string]*fakeOperator{}
			return os.Symlink(captures, filepath.Join(env.WorkDir, "captures"))
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": runWithExitCode, "unbase64": decodeBase64, "operator": operatorCommand, "requests": requestsCommand,
		},
	})
}

// runWithExitCode is: exits CODE COMMAND [ARGS...]. It runs a command that must end with that code.
func runWithExitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARGS...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// decodeBase64 is: unbase64 FROM TO. It makes a binary file, which txtar cannot hold.
func decodeBase64(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: unbase64 FROM TO")
	}
	binary, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(ts.ReadFile(args[0])), ""))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), binary, 0o600))
}
