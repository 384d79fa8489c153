package helmrelease

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/cluster"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if stop != nil {
		if err := stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stopping the API server:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

var (
	// stop ends the API server, if a test has started it.
	stop   func() error
	server = sync.OnceValues(func() (*rest.Config, error) {
		if os.Getenv("KUBEBUILDER_ASSETS") == "" {
			return nil, errors.New("KUBEBUILDER_ASSETS is not set: this test needs a real API server, run `make test`")
		}
		env := &envtest.Environment{CRDDirectoryPaths: []string{"../../../deploy/crds"}, ErrorIfCRDPathMissing: true}
		config, err := env.Start()
		stop = env.Stop
		return config, err
	})
)

// A world is a namespace of a real API server, and a Reconciler that reads it
// as the manager's would: HelmReleases and the metadata of Secrets from a cache.
type world struct {
	*Reconciler
	user      client.Client
	cached    cluster.Cluster
	namespace string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	config, err := server()
	if err != nil {
		t.Fatal(err)
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	w := &world{}
	if w.user, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		t.Fatal(err)
	}
	if w.cached, err = cluster.New(config, func(o *cluster.Options) { o.Scheme = scheme }); err != nil {
		t.Fatal(err)
	}
	indexer := w.cached.GetFieldIndexer()
	if err := errors.Join(
		indexer.IndexField(t.Context(), &v1alpha1.HelmRelease{}, claimIndex, claimOf),
		indexer.IndexField(t.Context(), &v1alpha1.HelmRelease{}, secretIndex, secretOf),
	); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { ended <- w.cached.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "helmrelease-"}}
	w.create(t, namespace)
	w.namespace = namespace.Name
	w.Reconciler = w.restarted()
	return w
}

// restarted returns a Reconciler that knows nothing yet.
func (w *world) restarted() *Reconciler {
	return &Reconciler{
		client: w.cached.GetClient(), secrets: w.cached.GetAPIReader(), claims: newClaims(),
		secretData: &secretData{read: map[types.NamespacedName]versionedCredentials{}},
	}
}

func (w *world) create(t *testing.T, o client.Object) {
	t.Helper()
	if err := w.user.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

// release makes a HelmRelease of the namespace, which is not created yet.
func (w *world) release(name string, change ...func(*v1alpha1.HelmRelease)) *v1alpha1.HelmRelease {
	hr := &v1alpha1.HelmRelease{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}}
	hr.Spec.Chart.Repository = &v1alpha1.RepositoryChart{URL: "https://charts.example.com", Name: "web"}
	hr.Spec.Interval.Duration, hr.Spec.Install.Timeout.Duration, hr.Spec.Upgrade.Timeout.Duration = time.Minute, time.Minute, time.Minute
	for _, c := range change {
		c(hr)
	}
	return hr
}
