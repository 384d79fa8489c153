package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/fairlead-dev/fairlead/pkg/cli"
)

// flags of `fairlead controller`.
type flags struct {
	kubeconfig      string
	metricsAddress  string
	healthAddress   string
	dataDir         string
	logFormat       string
	leaderElect     bool
	leaderNamespace string
	workers         int
	retryBackoff    time.Duration
	retryBackoffMax time.Duration
	loopbackSources bool
	storeBytes      int64
	stopLimit       time.Duration
}

func newControllerCommand(info cli.BuildInfo) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "controller",
		Short: "Run the operator",
		Long: `Run the operator: it watches HelmRelease objects and does what they ask for.

In a cluster it uses its service account, elsewhere --kubeconfig, $KUBECONFIG or
~/.kube/config. It stops
at SIGINT or SIGTERM, after applies that are under way have finished.`,
		Example: `  fairlead controller --kubeconfig ~/.kube/config --leader-elect=false`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return runController(cmd.Context(), f, info)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.kubeconfig, "kubeconfig", "", "path of a kubeconfig; by default $KUBECONFIG, the service account of the pod, or ~/.kube/config")
	fs.StringVar(&f.metricsAddress, "metrics-address", ":8080", "address of /metrics; 0 turns it off")
	fs.StringVar(&f.healthAddress, "health-address", ":8081", "address of /healthz and /readyz; 0 turns them off")
	fs.StringVar(&f.dataDir, "data-dir", filepath.Join(os.TempDir(), "fairlead"), "folder of charts and git mirrors; it may be lost at any time")
	fs.StringVar(&f.logFormat, "log-format", "json", "json or text")
	fs.BoolVar(&f.leaderElect, "leader-elect", true, "let one of several controllers lead")
	fs.StringVar(&f.leaderNamespace, "leader-election-namespace", "", "namespace of the lease; by default the pod's, else the kubeconfig's")
	fs.IntVar(&f.workers, "workers", 4, "how many HelmReleases are looked at at the same time; waiting for pods needs none")
	fs.DurationVar(&f.retryBackoff, "retry-backoff", 10*time.Second, "pause after a first failure; it doubles with each further one")
	fs.DurationVar(&f.retryBackoffMax, "retry-backoff-max", 5*time.Minute, "longest pause after a failure")
	fs.BoolVar(&f.loopbackSources, "allow-loopback-sources", false, "let chart sources be on this machine's loopback addresses; for trials and tests")
	fs.Int64Var(&f.storeBytes, "chart-store-bytes", 2<<30, "most bytes of charts kept in the data folder")
	fs.DurationVar(&f.stopLimit, "stop-limit", 2*time.Minute, "longest time that applies under way get to finish when the program stops")
	return cmd
}

// check refuses values that cannot work, before anything is started.
func (f *flags) check() error {
	switch {
	case f.workers < 1:
		return fmt.Errorf("--workers must be at least 1, not %d", f.workers)
	case f.logFormat != "json" && f.logFormat != "text":
		return fmt.Errorf("--log-format must be json or text, not %q", f.logFormat)
	case f.retryBackoff <= 0 || f.retryBackoffMax < f.retryBackoff:
		return fmt.Errorf("--retry-backoff must be above 0 and --retry-backoff-max not below it")
	case f.storeBytes < 1:
		return fmt.Errorf("--chart-store-bytes must be at least 1, not %d", f.storeBytes)
	case f.stopLimit < 0:
		return fmt.Errorf("--stop-limit must not be below 0, not %s", f.stopLimit)
	}
	return errors.Join(free("--metrics-address", f.metricsAddress), free("--health-address", f.healthAddress))
}

// free refuses an address that cannot be listened on: the manager would find out
// in the middle of its start.
func free(flag, address string) error {
	if address == "" || address == "0" {
		return nil
	}
	listener, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s %s is in use: choose another, or 0 to turn it off", flag, address)
	case err != nil:
		return fmt.Errorf("%s: %w", flag, err)
	}
	return listener.Close()
}
