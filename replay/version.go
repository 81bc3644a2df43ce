package replay

import (
	"runtime/debug"
	"strings"
)

// buildVersion returns the module's version, the commit if it is known and not part of the version, and the version of
// Go.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return formatVersion(info)
}

func formatVersion(info *debug.BuildInfo) string {
	settings := make(map[string]string)
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	const short = 12 // of a commit, in a version made of one
	words := []string{info.Main.Version}
	switch commit := settings["vcs.revision"]; {
	case commit == "" && info.Main.Version == "(devel)":
		words[0] = "(devel: built without its commit)"
	case commit != "" && !strings.Contains(info.Main.Version, commit[:min(short, len(commit))]):
		words = append(words, "commit "+commit)
		if settings["vcs.modified"] == "true" {
			words = append(words, "with changes")
		}
	}
	return strings.Join(append(words, info.GoVersion), " ")
}
