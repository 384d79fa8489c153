package cli

import (
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

func newHistoryCommand(streams genericiooptions.IOStreams, info BuildInfo) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "history NAME",
		Short: "Show what happened to a HelmRelease, and why",
		Long: "Show the attempts to make a HelmRelease what it asks for, the newest last: also\n" +
			"those that failed before Helm stored a revision. Attempts that repeat the one\n" +
			"before are one line with their number.\n\n" + kubectlFlagsNote,
		Args: takes(1, 1, "the name of a HelmRelease"),
	}
	format := formatFlag(cmd)
	to := connect(cmd, info)
	cmd.ValidArgsFunction = to.completeName
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		r, err := to.reader()
		if err != nil {
			return err
		}
		one, err := r.get(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if len(one.release.Status.History) == 0 && *format == asTable {
			_, err := fmt.Fprintf(streams.ErrOut, "Nothing has happened to %s %q in %s namespace yet.\n",
				"HelmRelease", args[0], r.namespace)
			return err
		}
		return printHistory(streams.Out, *format, one)
	}
	return cmd
}
