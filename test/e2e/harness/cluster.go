package harness

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
)

// clusterPatience is how long a local Kubernetes may take to start on a busy
// machine.
const clusterPatience = 4 * time.Minute

// A Cluster is a running local Kubernetes with Fairlead's definitions.
type Cluster struct {
	// Kubeconfig is the path of an administrator's kubeconfig.
	Kubeconfig string
	// Config and Client are the administrator's, for the test itself.
	Config *rest.Config
	Client client.WithWatch

	dir     string
	process *process
}

// Main runs the tests of a package beside one cluster, which is started when the
// first test asks for it. Call it from TestMain and exit with what it returns.
func Main(m *testing.M) int {
	code := m.Run()
	if !clusterWanted {
		return code
	}
	c, err := sharedCluster()
	if err != nil {
		return max(code, 1) // each test has said why
	}
	if err := c.down(); err != nil {
		fmt.Fprintln(os.Stderr, "stopping the cluster:", err)
		return max(code, 1)
	}
	return code
}

var (
	// clusterWanted is set by the first test that asks for the cluster.
	clusterWanted bool
	sharedCluster = sync.OnceValues(up)
)

// SharedCluster returns the cluster of this test package.
func SharedCluster(t testing.TB) *Cluster {
	t.Helper()
	clusterWanted = true
	c, err := sharedCluster()
	if err != nil {
		t.Fatal(err)
	}
	if !c.process.running() {
		t.Fatalf("the local Kubernetes has ended:\n%s", tail(c.process.log, 20))
	}
	return c
}

func up() (*Cluster, error) {
	path, err := program(k8sVariable, "controlplane")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "fairlead-e2e-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir}
	home := filepath.Join(dir, "cluster")
	c.process, err = start(filepath.Join(dir, "controlplane.log"), nil, path, "up", "--dir", home, "--audit")
	if err != nil {
		return nil, err
	}
	c.Kubeconfig = filepath.Join(home, "kubeconfig")
	ctx, cancel := context.WithTimeout(context.Background(), clusterPatience)
	defer cancel()
	if err := c.awaitReady(ctx); err != nil {
		_ = c.down() // the first error tells more
		return nil, err
	}
	if err := c.furnish(); err != nil {
		_ = c.down() // the first error tells more
		return nil, err
	}
	return c, nil
}

// awaitReady waits for the line with the kubeconfig's path, which is printed
// when the cluster has proved to work.
func (c *Cluster) awaitReady(ctx context.Context) error {
	err := poll(ctx, func() bool {
		return !c.process.running() || containsLine(c.process.log, c.Kubeconfig)
	})
	if err == nil && c.process.running() {
		return nil
	}
	return fmt.Errorf("the local Kubernetes did not start (%w):\n%s", errOr(err, c.process.err), tail(c.process.log, 20))
}

// furnish opens the clients and installs Fairlead's definitions.
func (c *Cluster) furnish() error {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return err
	}
	// The test is in a hurry, and it is not what is measured.
	config.QPS, config.Burst, config.UserAgent = -1, 0, "e2e-test"
	c.Config = config
	crds := envtest.CRDInstallOptions{Paths: []string{filepath.Join(repository(), "deploy", "crds")}, ErrorIfPathMissing: true}
	if _, err := envtest.InstallCRDs(rest.CopyConfig(config), crds); err != nil {
		return fmt.Errorf("installing Fairlead's definitions (`make generate` writes them): %w", err)
	}
	known := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(known); err != nil {
			return err
		}
	}
	c.Client, err = client.NewWithWatch(config, client.Options{Scheme: known})
	return err
}

// down stops the cluster and removes what it kept.
func (c *Cluster) down() error {
	err := c.process.stop()
	if err != nil {
		return fmt.Errorf("%w:\n%s", err, tail(c.process.log, 20))
	}
	return os.RemoveAll(c.dir)
}
