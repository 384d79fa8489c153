//go:build kubernetes

// Command kubernetes is a whole Kubernetes in one binary, which runs the program it
// is called as: etcd, kube-apiserver, kube-controller-manager, kube-scheduler,
// kubectl or kwok, each through a link of that name.
//
// One link takes a third of the time and of the disk that six binaries would.
// Nothing here starts or watches processes: see internal/cluster. The build tag
// keeps `go test ./...` and `go vet ./...` from compiling all of Kubernetes.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.etcd.io/etcd/server/v3/etcdmain"
	_ "time/tzdata" // time zones of CronJobs

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // client-go's metrics
	_ "k8s.io/component-base/metrics/prometheus/version"  // the version metric
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// programs holds what this binary can be, by name. A program gets os.Args with
// its own name first, and returns its exit code.
var programs = map[string]func() int{
	"etcd":                    runEtcd,
	"kube-apiserver":          component(apiserver.NewAPIServerCommand),
	"kube-controller-manager": component(controllermanager.NewControllerManagerCommand),
	"kube-scheduler":          component(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"kubectl":                 runKubectl,
	"kwok":                    runKwok,
}

func main() {
	run, known := programs[strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")]
	if !known && len(os.Args) > 1 {
		if run, known = programs[os.Args[1]]; known {
			os.Args = os.Args[1:]
		}
	}
	if !known {
		fmt.Fprintf(os.Stderr, "%s runs the program it is called as: make a link named %s\n", os.Args[0], names())
		os.Exit(2)
	}
	os.Exit(run())
}

// component runs one of Kubernetes' own servers as its main package does.
func component(command func() *cobra.Command) func() int {
	return func() int { return cli.Run(command()) }
}

func runEtcd() int {
	etcdmain.Main(os.Args)
	return 0
}

func names() string {
	var all []string
	for name := range programs {
		all = append(all, name)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}
