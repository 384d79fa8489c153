package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
)

// The API server that all tests of this package ask.
var (
	// kubeconfig leads to it.
	kubeconfig string
	// cluster fills it.
	cluster client.Client
	// beforeCRDs is what `get` said when the server did not know HelmReleases.
	beforeCRDs answer
)

func TestMain(m *testing.M) {
	code, err := withCluster(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// withCluster runs the tests beside a real API server.
func withCluster(tests func() int) (code int, err error) {
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		return 1, fmt.Errorf("KUBEBUILDER_ASSETS is not set: run `make controlplane` once, then `make test`, or set it to the path of bin/k8s")
	}
	env := &envtest.Environment{BinaryAssetsDirectory: assets}
	config, err := env.Start()
	if err != nil {
		return 1, fmt.Errorf("starting the API server of %s: %w", assets, err)
	}
	defer func() {
		if stopErr := env.Stop(); err == nil {
			err = stopErr
		}
	}()
	dir, err := os.MkdirTemp("", "fairlead-cli")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	kubeconfig = filepath.Join(dir, "kubeconfig")
	if err := os.WriteFile(kubeconfig, env.KubeConfig, 0o600); err != nil {
		return 1, err
	}

	beforeCRDs = run("get")
	crds := envtest.CRDInstallOptions{Paths: []string{filepath.Join("..", "..", "deploy", "crds")}, ErrorIfPathMissing: true}
	if _, err := envtest.InstallCRDs(config, crds); err != nil {
		return 1, fmt.Errorf("installing the CRDs (`make generate` writes them): %w", err)
	}
	if err := v1alpha1.AddToScheme(scheme.Scheme); err != nil {
		return 1, err
	}
	cluster, err = client.New(config, client.Options{Scheme: scheme.Scheme})
	if err != nil {
		return 1, err
	}
	return tests(), nil
}

// An answer is what a person sees.
type answer struct {
	Out, Err string
	Code     int
}

// run runs a command line, with the kubeconfig of the tests in the environment.
func run(args ...string) answer {
	return runWith(context.Background(), kubeconfig, args...)
}

func runWith(ctx context.Context, kubeconfig string, args ...string) answer {
	if err := os.Setenv("KUBECONFIG", kubeconfig); err != nil {
		return answer{Err: err.Error(), Code: 1}
	}
	var out, errOut bytes.Buffer
	root := NewRootCommand(genericiooptions.IOStreams{In: os.Stdin, Out: &out, ErrOut: &errOut}, BuildInfo{Version: "v1.2.3", Commit: "abc"})
	root.SetArgs(args)
	code := Execute(ctx, root)
	return answer{Out: out.String(), Err: errOut.String(), Code: code}
}

func discard() genericiooptions.IOStreams { return genericiooptions.NewTestIOStreamsDiscard() }
