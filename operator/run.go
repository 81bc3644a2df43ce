package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Run is the program kernel-gossip-operator. It works until ctx ends and returns an exit code: 0 if it wrote everything
// before it stopped, 1 if it could not do its work, 2 for wrong flags. Lookup finds environment variables, as
// os.LookupEnv does.
func Run(ctx context.Context, args []string, lookup func(string) (string, bool), out, errs io.Writer) int {
	var s settings
	flags := pflag.NewFlagSet("kernel-gossip-operator", pflag.ContinueOnError)
	flags.SetOutput(errs)
	flags.Usage = func() { fmt.Fprint(errs, usageText(flags)) }
	s.registerFlags(flags)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return 0
	case err == nil:
		err = s.readAndValidate(flags, lookup)
	}
	if err != nil {
		fmt.Fprintf(errs, "kernel-gossip-operator: %v\n", err)
		return 2
	}
	if s.Version {
		fmt.Fprintln(out, "kernel-gossip-operator", buildVersion())
		return 0
	}
	if _, set := lookup("GOGC"); !set {
		debug.SetGCPercent(50) // most of the memory is caches that live long: less of it is worth a little more CPU time
	}
	log := newLogger(errs, s.LogLevel)
	if err := s.run(ctx, log); err != nil {
		log.Error(err, "Stopped")
		return 1
	}
	return 0
}

func usageText(f *pflag.FlagSet) string {
	return "kernel-gossip-operator takes kernel events over HTTP, as OpenTelemetry metrics and from Pixie, " +
		"and keeps Kubernetes objects that say what they mean.\n\n" +
		"Each flag is also an environment variable: --write-delay is " + envPrefix + "WRITE_DELAY. The flag wins.\n\n" +
		f.FlagUsagesWrapped(120)
}

// readAndValidate reads the environment and checks all settings.
func (s *settings) readAndValidate(f *pflag.FlagSet, lookup func(string) (string, bool)) error {
	if f.NArg() > 0 {
		return fmt.Errorf("%q: there are no arguments, only flags", f.Arg(0))
	}
	if err := setFromEnvironment(f, lookup); err != nil {
		return err
	}
	key, _ := lookup(envPixieKey)
	s.PixieAPIKey = strings.TrimSpace(key) // files end with a newline, and so do Secrets made of them
	if s.LogLevel != "info" && s.LogLevel != "debug" {
		return fmt.Errorf("--log-level: %q is neither info nor debug", s.LogLevel)
	}
	for flag, percent := range map[string]float64{
		"cpu-throttle-warning": s.Warning, "cpu-throttle-critical": s.Critical,
	} {
		if !(percent > 0 && percent <= 100) {
			return fmt.Errorf("--%s: %g is not a percentage above 0, at most 100", flag, percent)
		}
	}
	s.Analysis.ThrottleWarning, s.Analysis.ThrottleCritical = s.Warning/100, s.Critical/100
	return s.withDefaults().checkAll()
}

func (s *settings) run(ctx context.Context, log logr.Logger) error {
	config, err := s.clusterConfig()
	if err != nil {
		return err
	}
	o, err := New(config, s.Options, log)
	if err != nil {
		return err
	}
	log.Info("Starting", "version", buildVersion(), "server", config.Host, "auth", s.IngestAuth)
	if s.IngestAuth != AuthNone && s.IngestCertDir == "" {
		log.Info("Tokens of senders are not encrypted: set --ingest-cert-dir if others share the network")
	}
	return o.Start(ctx)
}

func (s *settings) clusterConfig() (*rest.Config, error) {
	if s.Kubeconfig == "" {
		return ctrl.GetConfig()
	}
	config, err := clientcmd.BuildConfigFromFlags("", s.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("--kubeconfig: %w", err)
	}
	config.QPS = -1 // the API server's priority and fairness does it better
	return config, nil
}

// newLogger returns a logger of JSON lines, and makes it the logger of the libraries too. All texts are cleaned: a line
// may quote what a sender or the cluster said.
func newLogger(w io.Writer, level string) logr.Logger {
	lowest := slog.LevelInfo
	if level == "debug" {
		lowest = slog.LevelDebug
	}
	clean := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: lowest, ReplaceAttr: cleanAttribute})
	log := logr.FromSlogHandler(newLimitedHandler(clean))
	ctrl.SetLogger(log)
	klog.SetLogger(log)
	return log
}

// cleanAttribute cleans the text of an attribute. Lines of a long error stay apart: JSON writes their ends as \n.
func cleanAttribute(_ []string, a slog.Attr) slog.Attr {
	switch value := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(gossip.CleanLines(value))
	case error:
		a.Value = slog.StringValue(gossip.CleanLines(value.Error()))
	}
	return a
}
