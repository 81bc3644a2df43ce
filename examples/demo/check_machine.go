package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
)

// checkGo warns only: this program is built, and Go is needed to build it again. It fails, too, where Go is older than
// go.mod wants and no network is there to download a newer one.
func (s *Site) checkGo(ctx context.Context) Result {
	out, err := exec.CommandContext(ctx, "go", "env", "GOVERSION").Output()
	if err != nil {
		return reportWarning("https://go.dev/dl", "the demo cannot be built again: %v", err)
	}
	return reportOK("%s", strings.TrimSpace(string(out)))
}

// checkDocker fails where the cluster's nodes are containers.
func (s *Site) checkDocker(ctx context.Context) Result {
	out, err := exec.CommandContext(ctx, "docker", "version", "--format", "{{.Server.Version}}").Output()
	switch {
	case err == nil:
		return reportOK("%s", strings.TrimSpace(string(out)))
	case s.Kind != "":
		return reportFailure("sudo systemctl start docker", "does not answer, and the kind cluster runs in it")
	}
	return reportWarning("sudo systemctl start docker", "does not answer; this cluster does not need it")
}

// readVersions returns the versions of kubectl and the API server, such as v1.37.2. If only the API server does not
// answer, there are kubectl's version and an error.
func (s *Site) readVersions(ctx context.Context) (client, server string, err error) {
	out, err := s.Kubectl.Run(ctx, nil, "version", "--output=json", "--request-timeout=4s")
	var answer struct {
		ClientVersion, ServerVersion struct{ GitVersion string }
	}
	if notJSON := json.Unmarshal([]byte(out), &answer); err == nil && notJSON != nil {
		err = fmt.Errorf("kubectl version: %w", notJSON)
	}
	return answer.ClientVersion.GitVersion, answer.ServerVersion.GitVersion, err
}

func (s *Site) checkKubectl(ctx context.Context) Result {
	client, _, err := s.readVersions(ctx)
	if client == "" {
		return reportFailure("https://kubernetes.io/docs/tasks/tools", "%s does not run: %v", s.Kubectl.Program, err)
	}
	return reportOK("%s", client)
}

// checkVersions leaves the judgement to kubectl, which warns if it is more than one minor version away from the API
// server.
func (s *Site) checkVersions(ctx context.Context) Result {
	version := exec.CommandContext(ctx, s.Kubectl.Program, "version")
	version.Env = s.Kubectl.Environ()
	out, err := version.CombinedOutput()
	text := strings.Join(strings.Fields(string(out)), " ")
	switch _, warning, warns := strings.Cut(text, "WARNING: "); {
	case err != nil:
		return reportFailure("kubectl version", "%v: %s", err, text)
	case warns:
		return reportWarning("https://kubernetes.io/docs/tasks/tools", "%s", warning)
	}
	return reportOK("%s", text)
}
