package records

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"helm.sh/helm/v3/pkg/chart"
	rspb "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	helmtime "helm.sh/helm/v3/pkg/time"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/fairlead-dev/fairlead/release"
)

// server is the API server of these tests; nil when it could not be started.
var server *rest.Config

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		fmt.Fprintln(os.Stderr, "KUBEBUILDER_ASSETS is not set: these tests need a real API server, run `make test`")
		return 1
	}
	env := &envtest.Environment{}
	cfg, err := env.Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "starting an API server (run `make test`):", err)
		return 1
	}
	defer func() { _ = env.Stop() }()
	cfg.QPS, cfg.Burst = -1, 0
	server = cfg
	return m.Run()
}

// A world is a namespace of its own with a store that watches it, a counter of
// the store's requests, and what stock Helm and kubectl would use beside it.
type world struct {
	*Store
	t         *testing.T
	requests  *counter
	namespace string
	clients   kubernetes.Interface
	stock     *driver.Secrets
}

// newWorld starts a store; the transport is what its requests pass through.
func newWorld(t *testing.T, faults ...fault) *world {
	t.Helper()
	w := &world{t: t, requests: &counter{faults: faults}, clients: kubernetes.NewForConfigOrDie(server)}
	ns, err := w.clients.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "records-"}}, metav1.CreateOptions{})
	must(t, err)
	w.namespace = ns.Name
	w.stock = driver.NewSecrets(w.clients.CoreV1().Secrets(ns.Name))

	cfg := rest.CopyConfig(server)
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
		w.requests.next = next
		return w.requests
	})
	w.Store, err = New(cfg, WithNamespaces(ns.Name))
	must(t, err)
	w.patience.Duration = time.Millisecond
	return w
}

// watching starts the store's watch.
func (w *world) watching() *world {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w.t.Cleanup(cancel)
	w.Start(ctx)
	must(w.t, w.WaitForSync(ctx))
	return w
}

// begin starts a session for an action on the release "web".
func (w *world) begin(action release.Action, id string) *Session {
	return w.Session(w.t.Context(), w.operation(action, id), Details{})
}

func (w *world) operation(action release.Action, id string) release.Operation {
	return release.Operation{
		ID: id, Key: w.key(), Action: action, Digest: "digest-" + id,
		Cause: release.Cause{
			Text:   "chart podinfo 6.5.0 -> 6.5.1",
			Commit: release.Commit{Hash: "abcdef0123456789", Author: "Jane", Subject: "Bump podinfo"},
		},
	}
}

func (w *world) key() release.Key { return release.Key{Namespace: w.namespace, Name: "web"} }

// secret reads a record live.
func (w *world) secret(revision int) *corev1.Secret {
	w.t.Helper()
	secret, err := w.clients.CoreV1().Secrets(w.namespace).Get(w.t.Context(), secretName("web", revision), metav1.GetOptions{})
	must(w.t, err)
	return secret
}

// edit changes a record behind the store's back.
func (w *world) edit(revision int, f func(*corev1.Secret)) {
	w.t.Helper()
	secret := w.secret(revision)
	f(secret)
	_, err := w.clients.CoreV1().Secrets(w.namespace).Update(w.t.Context(), secret, metav1.UpdateOptions{})
	must(w.t, err)
}

// install stores revision 1 as Helm does: pending, then deployed.
func (w *world) install(id string) {
	w.t.Helper()
	s := w.begin(release.Install, id)
	rls := revision(w.namespace, 1, rspb.StatusPendingInstall)
	must(w.t, s.Create(secretName("web", 1), rls))
	rls.SetStatus(rspb.StatusDeployed, "Install complete")
	must(w.t, s.Update(secretName("web", 1), rls))
}

// revision returns a release that has everything a record can have.
func revision(namespace string, version int, status rspb.Status) *rspb.Release {
	at := helmtime.Unix(1_700_000_000, 0).UTC()
	return &rspb.Release{
		Name: "web", Namespace: namespace, Version: version,
		Info: &rspb.Info{
			FirstDeployed: at, LastDeployed: at, Status: status,
			Description: "what Helm says", Notes: "have <fun>",
		},
		Chart: &chart.Chart{
			Metadata:  &chart.Metadata{APIVersion: "v2", Name: "podinfo", Version: "6.5.1", AppVersion: "6.5.1-app"},
			Templates: []*chart.File{{Name: "templates/cm.yaml", Data: []byte("kind: ConfigMap")}},
			Values:    map[string]any{"replicas": 2.0},
		},
		Config:   map[string]any{"color": "blue", "nested": map[string]any{"a": []any{"b"}}},
		Manifest: "---\nkind: ConfigMap\n",
		Hooks:    []*rspb.Hook{{Name: "migrate", Kind: "Job", Events: []rspb.HookEvent{rspb.HookPreInstall}}},
		Labels:   map[string]string{"team": "shop"},
	}
}

// A counter counts requests by verb and lets faults happen.
type counter struct {
	next http.RoundTripper

	mu     sync.Mutex
	seen   []string
	faults []fault
}

// A fault happens to the first request of a method: it is lost before it is
// sent, or its answer is, or the API server answers with a status.
type fault struct {
	method string
	after  bool // the answer is lost
	status int
}

// RoundTrip implements http.RoundTripper.
func (c *counter) RoundTrip(req *http.Request) (*http.Response, error) {
	c.mu.Lock()
	if !strings.Contains(req.URL.RawQuery, "watch=true") {
		verb := req.Method
		if verb == http.MethodGet && strings.HasSuffix(req.URL.Path, "/secrets") {
			verb = "LIST"
		}
		c.seen = append(c.seen, verb)
	}
	f := c.fault(req.Method)
	c.mu.Unlock()
	switch {
	case f == nil:
		return c.next.RoundTrip(req)
	case f.after:
		if res, err := c.next.RoundTrip(req); err == nil {
			_ = res.Body.Close()
		}
	case f.status != 0:
		return &http.Response{StatusCode: f.status, Body: http.NoBody, Request: req, Header: http.Header{}}, nil
	}
	return nil, errors.New("connection lost")
}

func (c *counter) fault(method string) *fault {
	for i, f := range c.faults {
		if f.method == method {
			c.faults = append(c.faults[:i:i], c.faults[i+1:]...)
			return &f
		}
	}
	return nil
}

// take returns the verbs since the last time.
func (c *counter) take() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := strings.Join(c.seen, " ")
	c.seen = nil
	return seen
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("it did not happen: %s", what)
		case <-tick.C:
		}
	}
}

func metaWith(uid, version string) *metav1.ObjectMeta {
	return &metav1.ObjectMeta{UID: types.UID(uid), ResourceVersion: version}
}
