// Command fairlead is both the operator (`fairlead controller`) and the command
// line for people. All wiring lives here: rooms are made and handed to each
// other, and nothing else happens.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/fairlead-dev/fairlead/pkg/cli"
)

// Set by the linker; see the Makefile.
var (
	version = "dev"
	commit  = "unknown"
)

func main() {
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	info := cli.BuildInfo{Version: version, Commit: commit}
	return cli.Execute(ctx, cli.NewRootCommand(streams, info, newControllerCommand(info)))
}
