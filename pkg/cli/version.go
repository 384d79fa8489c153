package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// helmModule is the module whose version is Helm's.
const helmModule = "helm.sh/helm/v3"

// versions is what `version` tells.
type versions struct {
	Version   string `json:"version"`
	Commit    string `json:"commit"`
	GoVersion string `json:"goVersion"`
	Platform  string `json:"platform"`
	Helm      string `json:"helm"`
}

func newVersionCommand(streams genericiooptions.IOStreams, info BuildInfo) *cobra.Command {
	cmd := &cobra.Command{
		Use:               "version",
		Short:             "Show the version of this program and of the Helm in it",
		Args:              takes(0, 0, "no arguments"),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	format := formatFlag(cmd)
	cmd.RunE = func(*cobra.Command, []string) error {
		return printVersions(streams.Out, *format, versions{
			Version: info.Version, Commit: info.Commit, Helm: linkedVersion(helmModule),
			GoVersion: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		})
	}
	return cmd
}

func printVersions(out io.Writer, format output, v versions) error {
	if format != asTable {
		return encode(out, format, v)
	}
	_, err := fmt.Fprintf(out, "fairlead %s (commit %s, %s, %s)\nHelm SDK %s\n", v.Version, v.Commit, v.GoVersion, v.Platform, v.Helm)
	return err
}

// linkedVersion returns the version of a module in this binary.
func linkedVersion(module string) string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, dep := range build.Deps {
		if dep.Path != module {
			continue
		}
		if dep.Replace != nil {
			dep = dep.Replace
		}
		return dep.Version
	}
	return "not linked"
}
