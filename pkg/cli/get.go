package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

func newGetCommand(streams genericiooptions.IOStreams, info BuildInfo) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "get [NAME]",
		Short: "Show HelmReleases: whether they are ready, and why not",
		Long:  "Show the HelmReleases of a namespace, or one of them, with its whole message.\n\n" + kubectlFlagsNote,
		Args:  takes(0, 1, "at most one name"),
	}
	format := formatFlag(cmd)
	to := connect(cmd, info)
	to.spanNamespaces(cmd)
	cmd.ValidArgsFunction = to.completeName
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 && to.allNamespaces {
			return usageError(cmd, fmt.Errorf("a HelmRelease cannot be got by name from all namespaces: use -n instead of -A"))
		}
		r, err := to.reader()
		if err != nil {
			return err
		}
		if len(args) == 1 {
			one, err := r.get(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return printRelease(streams.Out, *format, one, time.Now())
		}
		all, err := r.list(cmd.Context())
		if err != nil {
			return err
		}
		if len(all) == 0 && *format == asTable {
			_, err := fmt.Fprintln(streams.ErrOut, noneFound(r.namespace))
			return err
		}
		return printReleases(streams.Out, *format, all, r.namespace == "", time.Now())
	}
	return cmd
}

func noneFound(namespace string) string {
	if namespace == "" {
		return "No HelmReleases found."
	}
	return fmt.Sprintf("No HelmReleases found in %s namespace.", namespace)
}
