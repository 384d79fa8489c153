package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/fairlead-dev/fairlead/test/controlplane/internal/cluster"
)

// down stops a cluster that runs in the background, or elsewhere.
func down(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("controlplane down", flag.ContinueOnError)
	dir := flags.String("dir", cluster.DefaultDir(), "`directory` of the cluster")
	if err := parse(flags, args, os.Stderr); err != nil {
		return err
	}
	stopped, err := cluster.Down(ctx, *dir)
	if err != nil {
		return err
	}
	if !stopped {
		fmt.Fprintf(os.Stderr, "No control plane runs in %s\n", *dir)
	}
	return nil
}
