package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// program is the name of the binary.
const program = "fairlead"

// BuildInfo says which build this is; the linker knows.
type BuildInfo struct {
	Version string
	Commit  string
}

// NewRootCommand returns the command with all verbs and the extra ones. When the
// program was started as kubectl-fairlead, it calls itself "kubectl fairlead".
func NewRootCommand(streams genericiooptions.IOStreams, info BuildInfo, extra ...*cobra.Command) *cobra.Command {
	root := newNamedRoot(calledAs(os.Args))
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	root.AddCommand(
		newGetCommand(streams, info),
		newHistoryCommand(streams, info),
		newRepoCommand(streams),
		newVersionCommand(streams, info),
	)
	root.AddCommand(extra...)
	return root
}

// Execute runs a command and returns the exit status: 0, or 1 after an error,
// which it prints.
func Execute(ctx context.Context, root *cobra.Command) int {
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	cmd.PrintErrln("Error:", err.Error())
	return 1
}

func newNamedRoot(name string) *cobra.Command {
	root := &cobra.Command{
		Use:   program,
		Short: "Run Helm releases from git",
		Long: "Fairlead runs Helm releases from git: it installs, upgrades and rolls back what\n" +
			"HelmRelease objects ask for, and tells what happened and why.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: name},
	}
	// A word that was mistyped deserves a hint, not the whole usage.
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError(cmd, err)
	})
	return root
}

// usageError adds to an error of the command line where to read how it is used.
func usageError(cmd *cobra.Command, err error) error {
	return fmt.Errorf("%w\nSee '%s --help' for usage", err, cmd.CommandPath())
}

// calledAs returns the name under which a person called the program.
func calledAs(args []string) string {
	if len(args) == 0 {
		return program
	}
	name := strings.TrimSuffix(filepath.Base(args[0]), ".exe")
	if verb, isPlugin := strings.CutPrefix(name, "kubectl-"); isPlugin {
		return "kubectl " + verb
	}
	return program
}

// takes checks how many arguments a verb got, and says what it expects.
func takes(least, most int, expected string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= least && len(args) <= most {
			return nil
		}
		given := fmt.Sprintf("%d arguments", len(args))
		if len(args) == 1 {
			given = "1 argument"
		}
		return usageError(cmd, fmt.Errorf("%s takes %s, not %s", cmd.CommandPath(), expected, given))
	}
}
