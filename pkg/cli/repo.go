package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/fairlead-dev/fairlead/pkg/charthost"
)

func newRepoCommand(streams genericiooptions.IOStreams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "repo",
		Short: "Host a folder of packaged charts as a Helm repository",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRepoIndexCommand(streams), newRepoServeCommand(streams))
	return cmd
}

// reportTo says which files are no charts. They keep nothing else from being
// served, so it is a warning.
func reportTo(errOut io.Writer) charthost.Option {
	return charthost.WithReport(func(file string, err error) {
		_, _ = fmt.Fprintf(errOut, "Warning: left %q out of the index: %v\n", file, err) // nobody to tell
	})
}

// completeFolder offers folders for the one argument.
func completeFolder(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// mustBeFolder refuses a path that is none, in words that name it once.
func mustBeFolder(path string) error {
	info, err := os.Stat(path)
	var failed *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("folder %q does not exist", path)
	case errors.As(err, &failed):
		return fmt.Errorf("looking into folder %q: %w", path, failed.Err)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%q is not a folder", path)
	}
	return nil
}
