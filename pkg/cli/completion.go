package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

// completionPatience is how long somebody who pressed Tab will wait.
const completionPatience = 3 * time.Second

// completeName offers the names of the HelmReleases in the namespace. It offers
// nothing when the cluster does not answer.
func (c *connection) completeName(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionPatience)
	defer cancel()
	r, err := c.reader()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	all, err := r.list(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := make([]string, 0, len(all))
	for _, one := range all {
		ready, _ := readiness(&one.release)
		names = append(names, cobra.CompletionWithDesc(one.release.Name, "Ready "+ready))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
