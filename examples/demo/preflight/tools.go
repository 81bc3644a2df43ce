package preflight

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"runtime/debug"
	"strings"

	"k8s.io/apimachinery/pkg/util/version"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/install"
)

// neededGo is go.mod's version; a test holds them together.
const neededGo = "1.26.0"

// tools are checks of the speaker's machine alone.
func tools(s *install.Site) []Check {
	return []Check{
		{Name: "go", Run: checkGo},
		{Name: "docker", Run: func(ctx context.Context) Result { return checkDocker(ctx, s) }},
		{Name: "kubectl", Run: func(ctx context.Context) Result { return checkKubectl(ctx, s) }},
	}
}

// checkGo warns only: what runs now is built, and Go is needed to start it again.
func checkGo(ctx context.Context) Result {
	out, err := exec.CommandContext(ctx, "go", "env", "GOVERSION").Output()
	if err != nil {
		return warn("https://go.dev/dl", "not found: the demo cannot be started again")
	}
	have := strings.TrimSpace(string(out))
	if !atLeast(strings.TrimPrefix(have, "go"), neededGo) {
		return warn("https://go.dev/dl", "%s is older than %s: it would have to download a newer one", have, neededGo)
	}
	return ok("%s%s", have, revision())
}

// revision is the commit that this program was built from, where it is known.
func revision() string {
	info, known := debug.ReadBuildInfo()
	if !known {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return ", this program is of commit " + s.Value[:min(7, len(s.Value))]
		}
	}
	return ""
}

// checkDocker fails where the cluster's nodes are containers.
func checkDocker(ctx context.Context, s *install.Site) Result {
	out, err := exec.CommandContext(ctx, "docker", "version", "--format", "{{.Server.Version}}").Output()
	switch {
	case err == nil:
		return ok("%s", strings.TrimSpace(string(out)))
	case s.Kind != "":
		return fail("sudo systemctl start docker", "does not answer, and the kind cluster runs in it")
	}
	return warn("sudo systemctl start docker", "does not answer; this cluster does not need it")
}

func checkKubectl(ctx context.Context, s *install.Site) Result {
	have, err := kubectlVersion(ctx, s)
	if err != nil {
		return fail("https://kubernetes.io/docs/tasks/tools", "%s does not run: %v", s.Kubectl.Program, err)
	}
	return ok("%s", have)
}

// kubectlVersion is like v1.37.2.
func kubectlVersion(ctx context.Context, s *install.Site) (string, error) {
	out, err := s.Kubectl.Run(ctx, nil, "version", "--client", "--output=json")
	if err != nil {
		return "", err
	}
	var said struct {
		ClientVersion struct{ GitVersion string }
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		return "", fmt.Errorf("kubectl version: %w", err)
	}
	return said.ClientVersion.GitVersion, nil
}

// skew compares kubectl with the API server: one minor version apart is what Kubernetes supports.
func skew(client, server string) Result {
	c, err := version.ParseGeneric(client)
	if err != nil {
		return warn("kubectl version", "kubectl says it is %s, which is no version", client)
	}
	s, err := version.ParseGeneric(server)
	if err != nil {
		return warn("kubectl version", "the API server says it is %s, which is no version", server)
	}
	apart := int(c.Minor()) - int(s.Minor())
	if c.Major() != s.Major() || apart < -1 || apart > 1 {
		return warn("https://kubernetes.io/docs/tasks/tools", "kubectl %s and the cluster's %s are more than one minor version apart", client, server)
	}
	return ok("kubectl %s, the cluster %s", client, server)
}

// atLeast compares versions like 1.26.8; what is no version is not at least anything.
func atLeast(have, needed string) bool {
	h, err := version.ParseGeneric(have)
	return err == nil && h.AtLeast(version.MustParseGeneric(needed))
}
