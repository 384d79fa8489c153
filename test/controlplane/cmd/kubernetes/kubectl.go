//go:build kubernetes

package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

// runKubectl does what kubectl's own main does.
func runKubectl() int {
	// kubectl builds its commands after it has read plugins and kuberc, which
	// already log: the verbosity must be known before the flags are parsed.
	_, _ = logs.GlogSetter(cmd.GetLogVerbosity(os.Args))
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err) // prints, and exits with the error's own code
	}
	return 0
}
