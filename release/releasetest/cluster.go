package releasetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// binariesVariable names the folder with the local Kubernetes.
const binariesVariable = "FAIRLEAD_K8S_BIN"

// cluster is the one of this package's test binary.
var cluster *rest.Config

// Main runs tests with a local Kubernetes of their own, which ends with them.
// Call it from TestMain: os.Exit(releasetest.Main(m)).
func Main(m *testing.M) int {
	bin := os.Getenv(binariesVariable)
	if bin == "" {
		fmt.Fprintf(os.Stderr, "%s names no local Kubernetes: run `make test`\n", binariesVariable)
		return 1
	}
	dir, err := os.MkdirTemp("", "fairlead-releasetest-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program := filepath.Join(bin, "controlplane")
	up := exec.Command(program, "up", "--detach", "--dir", dir)
	up.Stderr = os.Stderr
	if err := up.Run(); err != nil {
		fmt.Fprintf(os.Stderr, "starting a local Kubernetes: %v\n", err)
		return 1
	}
	defer func() { _ = exec.Command(program, "down", "--dir", dir).Run() }()
	cluster, err = clientcmd.BuildConfigFromFlags("", filepath.Join(dir, "kubeconfig"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Cluster returns the way to the cluster that Main started, as its
// administrator.
func Cluster(tb testing.TB) *rest.Config {
	tb.Helper()
	if cluster == nil {
		tb.Fatal("no local Kubernetes: TestMain must call releasetest.Main")
	}
	c := rest.CopyConfig(cluster)
	c.QPS = -1
	return c
}
