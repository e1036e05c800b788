package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/alecthomas/kong"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core"

	"github.com/glulam/glulam/pipelines"
)

// versionCmd is `glulam version`.
type versionCmd struct {
	JSON bool `name:"json" help:"print one JSON object"`
}

// versionFlag is `glulam --version`, which many try first.
type versionFlag bool

// BeforeReset prints the versions instead of anything else; kong calls it.
func (versionFlag) BeforeReset(k *kong.Kong, e *env) error {
	if err := new(versionCmd).Run(e); err != nil {
		return err
	}
	k.Exit(exitDone)
	return nil
}

// versions is the JSON of `glulam version`.
type versions struct {
	Glulam   string `json:"glulam"`
	Revision string `json:"revision,omitempty"` // of the source, where the binary knows it; "+" behind: with changes
	Go       string `json:"go"`
	Beam     string `json:"beam"`
	Platform string `json:"platform"`
}

// Run prints the versions.
func (c *versionCmd) Run(e *env) error {
	v := versions{Glulam: pipelines.Version, Go: runtime.Version(), Beam: "v" + core.SdkVersion, Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		v.Revision = revision(info.Settings)
	}
	if c.JSON {
		return writeJSON(e.stdout, v)
	}
	fmt.Fprintf(e.stdout, "glulam  %s", v.Glulam)
	if v.Revision != "" {
		fmt.Fprintf(e.stdout, " (%s)", v.Revision)
	}
	fmt.Fprintf(e.stdout, "\nGo      %s %s\nBeam    %s\n", v.Go, v.Platform, v.Beam)
	return nil
}

func revision(settings []debug.BuildSetting) string {
	var rev, changed string
	for _, s := range settings {
		switch {
		case s.Key == "vcs.revision":
			rev = fmt.Sprintf("%.12s", s.Value)
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+"
		}
	}
	if rev == "" {
		return ""
	}
	return rev + changed
}
