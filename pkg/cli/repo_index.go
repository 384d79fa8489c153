package cli

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/fairlead-dev/fairlead/pkg/charthost"
)

func newRepoIndexCommand(streams genericiooptions.IOStreams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "index DIR",
		Short: "Write index.yaml for a folder of packaged charts",
		Long: "Write index.yaml for the .tgz charts in a folder, so that any web server makes a\n" +
			"Helm repository of it. What was in index.yaml before is replaced.",
		Args:              takes(1, 1, "one folder"),
		ValidArgsFunction: completeFolder,
	}
	base := cmd.Flags().String("url", "", "Where the charts will be, for example https://charts.example.com; beside index.yaml if not given")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if err := mustBeFolder(args[0]); err != nil {
			return err
		}
		if err := mustBeWebAddress(*base); err != nil {
			return err
		}
		if err := charthost.WriteIndex(args[0], *base, reportTo(streams.ErrOut)); err != nil {
			return err
		}
		_, err := fmt.Fprintf(streams.Out, "Wrote %s\n", filepath.Join(args[0], "index.yaml"))
		return err
	}
	return cmd
}

func mustBeWebAddress(address string) error {
	if address == "" {
		return nil
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return errors.New("--url must be a web address, for example https://charts.example.com")
	}
	return nil
}
