package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/fairlead-dev/fairlead/test/controlplane/internal/cluster"
)

// up starts a cluster and stays with it, or leaves that to a process in the
// background.
func up(ctx context.Context, args []string) error {
	var o cluster.Options
	var detached bool
	flags := flag.NewFlagSet("controlplane up", flag.ContinueOnError)
	flags.StringVar(&o.Dir, "dir", cluster.DefaultDir(), "`directory` for everything the cluster keeps; must be new or an earlier cluster's, whose data is removed")
	flags.IntVar(&o.Port, "port", 0, "`port` of the API server; 0 chooses a free one")
	flags.BoolVar(&o.Audit, "audit", false, "write a JSON line for every answered request to DIR/audit.log")
	flags.DurationVar(&o.Timeout, "timeout", 3*time.Minute, "how long the cluster may take to become ready")
	flags.BoolVar(&detached, "detach", false, "return when the cluster is ready and leave it running in the background")
	if err := parse(flags, args, os.Stderr); err != nil {
		return err
	}
	if detached {
		return detach(ctx, args)
	}

	o.Progress = os.Stderr
	if os.Getenv(backgroundMark) != "" {
		// Nobody reads on once the cluster is ready.
		signal.Ignore(syscall.SIGPIPE)
		o.Progress = io.Discard
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program's directory: %w", err)
	}
	o.Programs = filepath.Dir(self)
	return cluster.Up(ctx, o, func(kubeconfig string) { fmt.Println(kubeconfig) })
}
