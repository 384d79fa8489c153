// Command controlplane starts and stops a local Kubernetes for tests, demos and
// benchmarks: see the README beside go.mod.
//
// This is the command line; the work is done by internal/cluster. It is a
// binary of its own because the one with Kubernetes in it takes minutes to link
// and, for a supervisor, a lot of memory.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const usage = `Controlplane runs a local Kubernetes on loopback, with one simulated node.

Usage:
  controlplane up [--dir DIR] [--port PORT] [--audit] [--detach] [--timeout 3m]
  controlplane down [--dir DIR]

Up starts a new, empty cluster, prints the path of its kubeconfig when it is
ready, and stops it when interrupted. With --detach it leaves it running for
down to stop. Run "controlplane up --help" for each option.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := dispatch(ctx, os.Args[1:])
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2) // the flag set has said what was wrong
	default:
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("wrong usage")

// dispatch runs the verb that the arguments begin with.
func dispatch(ctx context.Context, args []string) error {
	verb := ""
	if len(args) > 0 {
		verb = args[0]
	}
	switch verb {
	case "up":
		return up(ctx, args[1:])
	case "down":
		return down(ctx, args[1:])
	case "help", "-h", "--help":
		fmt.Print(usage)
		return nil
	}
	fmt.Fprint(os.Stderr, usage)
	return errUsage
}

// parse parses a verb's flags, which are all there may be.
func parse(flags *flag.FlagSet, args []string, stderr io.Writer) error {
	flags.SetOutput(stderr)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "unexpected argument %q\n", flags.Arg(0))
		return errUsage
	}
	return nil
}
