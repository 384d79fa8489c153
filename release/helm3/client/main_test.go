package client

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"helm.sh/helm/v3/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/fairlead-dev/fairlead/release"
)

var (
	server *rest.Config
	mapper meta.ResettableRESTMapper
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		fmt.Fprintln(os.Stderr, "KUBEBUILDER_ASSETS is not set: these tests need a real API server, run `make test`")
		return 1
	}
	env := &envtest.Environment{CRDDirectoryPaths: []string{"testdata/widgets.yaml"}, ErrorIfCRDPathMissing: true}
	config, err := env.Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "starting an API server (run `make test`):", err)
		return 1
	}
	defer func() { _ = env.Stop() }()
	config.QPS = -1
	server = config
	asker, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(asker))
	return m.Run()
}

// A world is a namespace of its own, what an operation in it does and what that
// asks of the API server.
type world struct {
	*testing.T
	namespace string
	shared    *Shared
	requests  *requests
	user      dynamic.Interface
}

func newWorld(t *testing.T) *world {
	t.Helper()
	user, err := dynamic.NewForConfig(server)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, requests: &requests{}, user: user}
	config := rest.CopyConfig(server)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { w.requests.next = next; return w.requests })
	if w.shared, err = NewShared(config, mapper); err != nil {
		t.Fatal(err)
	}
	ns := object(t, "{apiVersion: v1, kind: Namespace, metadata: {generateName: client-}}")
	made, err := user.Resource(w.kind(ns).Resource).Create(context.Background(), ns, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.namespace = made.GetName()
	return w
}

// client makes the client of an operation on the release "web".
func (w *world) client(bases ...string) *Client {
	opts := Options{Key: release.Key{Namespace: w.namespace, Name: "web"}, Action: release.Upgrade}
	for _, b := range bases {
		opts.Bases = append(opts.Bases, []byte(b))
	}
	return w.shared.For(opts)
}

// build builds a manifest as Helm does for a release's own objects.
func (w *world) build(c *Client, manifest string) kube.ResourceList {
	w.Helper()
	infos := w.buildHook(c, manifest)
	for _, info := range infos {
		own(info.Object.(*unstructured.Unstructured), "web", w.namespace)
	}
	return infos
}

func (w *world) buildHook(c *Client, manifest string) kube.ResourceList {
	w.Helper()
	infos, err := c.Build(strings.NewReader(manifest), false)
	if err != nil {
		w.Fatal(err)
	}
	return infos
}

func own(obj *unstructured.Unstructured, name, namespace string) {
	obj.SetLabels(map[string]string{"app.kubernetes.io/managed-by": "Helm"})
	annotations := obj.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[releaseNameAnnotation], annotations[releaseNamespaceAnnotation] = name, namespace
	obj.SetAnnotations(annotations)
}

func (w *world) kind(obj *unstructured.Unstructured) *meta.RESTMapping {
	w.Helper()
	gvk := obj.GroupVersionKind()
	mapping, err := mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		w.Fatal(err)
	}
	return mapping
}

// has makes the objects of a manifest, as another user would.
func (w *world) has(manifest string) {
	w.Helper()
	objects, err := parse([]byte(manifest))
	if err != nil {
		w.Fatal(err)
	}
	for _, obj := range objects {
		_, err := w.user.Resource(w.kind(obj).Resource).Namespace(w.namespace).Create(context.Background(), obj, metav1.CreateOptions{})
		if err != nil {
			w.Fatal(err)
		}
	}
}

// live returns an object, nil if there is none.
func (w *world) live(apiVersion, kind, name string) *unstructured.Unstructured {
	w.Helper()
	obj := &unstructured.Unstructured{}
	obj.SetAPIVersion(apiVersion)
	obj.SetKind(kind)
	got, err := w.user.Resource(w.kind(obj).Resource).Namespace(w.namespace).Get(context.Background(), name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		w.Fatal(err)
	}
	return got
}

// status merges a patch into an object's status.
func (w *world) status(apiVersion, kind, name, patch string) {
	w.Helper()
	obj := &unstructured.Unstructured{}
	obj.SetAPIVersion(apiVersion)
	obj.SetKind(kind)
	_, err := w.user.Resource(w.kind(obj).Resource).Namespace(w.namespace).
		Patch(context.Background(), name, "application/merge-patch+json", []byte(`{"status":`+patch+`}`), metav1.PatchOptions{}, "status")
	if err != nil {
		w.Fatal(err)
	}
}

// requests counts requests by verb and resource, and loses answers on demand.
type requests struct {
	next http.RoundTripper
	mu   sync.Mutex
	seen []string
	// lose names a request whose answer is lost once: it is done, but reported
	// as a broken connection.
	lose string
	// saw is called with each request before it is sent.
	saw func(string)
}

// RoundTrip implements http.RoundTripper.
func (r *requests) RoundTrip(req *http.Request) (*http.Response, error) {
	name := req.Method + " " + resourceOf(req)
	if req.URL.Query().Get("watch") != "" {
		name = "WATCH " + resourceOf(req)
	}
	r.mu.Lock()
	r.seen = append(r.seen, name)
	lost := r.lose == name
	if lost {
		r.lose = ""
	}
	saw := r.saw
	r.mu.Unlock()
	if saw != nil {
		saw(name)
	}
	res, err := r.next.RoundTrip(req)
	if err == nil && lost {
		_ = res.Body.Close()
		return nil, fmt.Errorf("connection reset by test")
	}
	return res, err
}

func resourceOf(req *http.Request) string {
	parts := strings.Split(strings.Trim(req.URL.Path, "/"), "/")
	if i := slices.Index(parts, "namespaces"); i >= 0 && len(parts) > i+2 {
		return parts[i+2]
	}
	if parts[0] == "api" {
		return parts[2]
	}
	return parts[3]
}

// take returns the requests since the last call, sorted.
func (r *requests) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.seen
	r.seen = nil
	slices.Sort(seen)
	return seen
}

func manifests(docs ...string) string {
	var out bytes.Buffer
	for _, d := range docs {
		out.WriteString("---\n" + d + "\n")
	}
	return out.String()
}
