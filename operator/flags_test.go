package operator_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// program runs the operator's program with an environment, and with a kubeconfig of a server that does not exist.
func program(t *testing.T, environment map[string]string, args ...string) (code int, out, errs string) {
	t.Helper()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(kubeconfig, []byte(`{"apiVersion":"v1","kind":"Config","current-context":"x",`+
		`"contexts":[{"name":"x","context":{"cluster":"x"}}],`+
		`"clusters":[{"name":"x","cluster":{"server":"http://127.0.0.1:1"}}]}`), 0o600))
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self, append([]string{"--kubeconfig=" + kubeconfig}, args...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	for name, value := range environment {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	if err := cmd.Run(); err != nil {
		require.ErrorAs(t, err, new(*exec.ExitError))
	}
	code = cmd.ProcessState.ExitCode()
	return code, o.String(), e.String()
}

// An error has the name of the wrong flag, or of the variable, before anything starts.
func TestWrongFlagsAreNamed(t *testing.T) {
	short := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(short, []byte("short"), 0o600))
	for _, tc := range []struct{ flags, why string }{
		{"--frobnicate", "unknown flag: --frobnicate"},
		{"now", `"now": there are no arguments`},
		{"--log-level=loud", `--log-level: "loud"`},
		{"--ingest-auth=none", "--ingest-auth: none is for loopback only"},
		{"--ingest-auth=magic", `--ingest-auth: "magic" is not one of tokenreview, token, none`},
		{"--ingest-auth=token", "--ingest-token-file: --ingest-auth=token needs it"},
		{"--ingest-bind-address=nowhere", "--ingest-bind-address:"},
		{"--otlp-grpc-bind-address=nowhere", "--otlp-grpc-bind-address:"},
		{"--otlp-http-bind-address=nowhere", "--otlp-http-bind-address:"},
		{
			"--ingest-auth=none --ingest-bind-address=127.0.0.1:0",
			`none is for loopback only, and --otlp-grpc-bind-address is ":4317"`,
		},
		{
			"--ingest-auth=none --ingest-bind-address=127.0.0.1:0 --otlp-grpc-bind-address=0",
			`none is for loopback only, and --otlp-http-bind-address is ":4318"`,
		},
		{"--ingest-auth=none --ingest-bind-address=0", `none is for loopback only, and --ingest-bind-address is "0"`},
		{"--pprof-bind-address=:6060", "--pprof-bind-address:"},
		{"--ingest-cert-dir=/nowhere", "--ingest-cert-dir:"},
		{"--metrics-cert-dir=/nowhere", "--metrics-cert-dir:"},
		{"--window=-1s", "--window: must not be negative"},
		{"--window=soon", "--window"},
		{"--workers=-1", "--workers: must not be negative"},
		{"--cpu-throttle-critical=101", "--cpu-throttle-critical: 101 is not a percentage"},
		{"--cpu-throttle-warning=0", "--cpu-throttle-warning: 0 is not a percentage"},
		{"--cpu-throttle-warning=90", "--cpu-throttle-warning: 90 is above --cpu-throttle-critical, 80"},
		{"--pixie-pull --pixie-cluster-id=x", "PIXIE_API_KEY: --pixie-pull needs it"},
		{"--pixie-pull --pixie-address=x", "--pixie-cluster-id: --pixie-pull needs it"},
		{"--pixie-pull", "--pixie-address: --pixie-pull needs it"},
		{"--pixie-pull --pixie-ca-file=/nowhere", "--pixie-ca-file: open /nowhere"},
		{
			"--pixie-pull --pixie-schedule=x=1s",
			`--pixie-schedule: "x" is not one of cpu_throttle_detector, memory_pressure_monitor`,
		},
		{
			"--pixie-pull --pixie-schedule=pod_creation_trace=1ms",
			"--pixie-schedule: pod_creation_trace=1ms: neither 0 nor 1s to 1h",
		},
		{"--pixie-schedule=pod_creation_trace", `"pod_creation_trace" is not SCRIPT=INTERVAL`},
		{"--pixie-schedule=pod_creation_trace=soon", `invalid duration "soon"`},
		{"--pixie-max-wait=-1s", "--pixie-max-wait: must not be negative"},
		{"--namespaces=Shop", `--namespaces: "Shop"`},
		{"--namespaces=a --exclude-namespaces=a", "--exclude-namespaces: \"a\" is in --namespaces too"},
	} {
		code, _, errs := program(t, nil, strings.Fields(tc.flags)...)
		require.Equal(t, 2, code, tc.flags)
		require.Contains(t, errs, tc.why)
	}
}

const uuidOfCluster = "01234567-89ab-cdef-0123-456789abcdef"

func TestFlagsWinOverTheEnvironment(t *testing.T) {
	for _, tc := range []struct {
		environment map[string]string
		flags       string
		code        int
		says        string
	}{
		{
			environment: map[string]string{"KERNEL_GOSSIP_WRITE_DELAY": "soon"}, code: 2,
			says: `KERNEL_GOSSIP_WRITE_DELAY="soon"`,
		},
		{environment: map[string]string{"CPU_THROTTLE_WARNING": "95"}, code: 2, says: "--cpu-throttle-warning: 95 is above"},
		{
			environment: map[string]string{"KERNEL_GOSSIP_CPU_THROTTLE_CRITICAL": "20"}, code: 2,
			says: "--cpu-throttle-warning: 25 is above --cpu-throttle-critical, 20",
		},
		{
			environment: map[string]string{"KERNEL_GOSSIP_LOG_LEVEL": "loud"}, flags: "--log-level=info", code: 1,
			says: "--leader-election-namespace",
		}, // the flag wins
		{
			environment: map[string]string{"PIXIE_API_KEY": "secret-key", "PIXIE_CLUSTER_ID": "no-uuid"},
			flags:       "--pixie-pull --pixie-address=a:1", code: 2, says: `--pixie-pull: cluster ID: "no-uuid" is not a UUID`,
		},
		{
			environment: map[string]string{"PIXIE_API_KEY": "secret key", "PIXIE_CLUSTER_ID": uuidOfCluster},
			flags:       "--pixie-pull --pixie-address=a:1", code: 2, says: "--pixie-pull: API key: empty, or not printable",
		},
		{environment: map[string]string{
			"PIXIE_API_KEY": "secret-key", "PIXIE_CLUSTER_ID": uuidOfCluster, "KERNEL_GOSSIP_PIXIE_PULL": "true",
			"KERNEL_GOSSIP_PIXIE_ADDRESS":  "a:1",
			"KERNEL_GOSSIP_PIXIE_SCHEDULE": "pod_creation_trace=0,network_issue_finder=1m",
		}, code: 1, says: "--leader-election-namespace"},
		{environment: map[string]string{"KERNEL_GOSSIP_VERSION": "true"}, says: "kernel-gossip-operator"},
	} {
		code, out, errs := program(t, tc.environment, strings.Fields(tc.flags)...)
		require.Equal(t, tc.code, code, errs)
		require.Contains(t, out+errs, tc.says)
		require.NotContains(t, out+errs, "secret")
	}
}

// A Secret made with --from-file=api-key=FILE has the newline at the end of the file, and the key is valid.
func TestAPIKeyMayEndWithANewline(t *testing.T) {
	code, out, errs := program(t, map[string]string{"PIXIE_API_KEY": "secret-key\n", "PIXIE_CLUSTER_ID": uuidOfCluster},
		"--pixie-pull", "--pixie-address=a:1")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "--leader-election-namespace")
	require.NotContains(t, out+errs, "secret")
}

// The help has every flag's default, and the error has the flag that is missing outside of a cluster.
func TestHelpHasEveryDefault(t *testing.T) {
	code, _, errs := program(t, nil, "--help")
	require.Zero(t, code)
	for _, text := range []string{
		"KERNEL_GOSSIP_WRITE_DELAY", "--ingest-auth", "tokenreview", "--window duration",
		"15m0s", "CPU_THROTTLE_WARNING",
	} {
		require.Contains(t, errs, text)
	}
	code, _, errs = program(t, nil)
	require.Equal(t, 1, code)
	require.Contains(t, errs, "--leader-election-namespace names it")
}
