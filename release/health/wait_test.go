package health

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

const long = time.Minute

var (
	server *rest.Config

	configMaps  = &meta.RESTMapping{Resource: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, Scope: meta.RESTScopeNamespace}
	deployments = &meta.RESTMapping{Resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, GroupVersionKind: schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, Scope: meta.RESTScopeNamespace}
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		fmt.Fprintln(os.Stderr, "KUBEBUILDER_ASSETS is not set: these tests need a real API server, run `make test`")
		return 1
	}
	env := &envtest.Environment{}
	config, err := env.Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "starting an API server (run `make test`):", err)
		return 1
	}
	defer func() { _ = env.Stop() }()
	config.QPS = -1
	server = config
	return m.Run()
}

// A world is a namespace of its own. It is the API of a wait, by way of a wire
// that counts requests.
type world struct {
	*testing.T
	namespace string
	waiter    dynamic.Interface
	user      dynamic.Interface
	wire      *wire
}

type wire struct {
	next http.RoundTripper
	mu   sync.Mutex
	seen []string
	// first answers the first watches in the API server's place.
	first []answer
	on    func()
}

type answer func() (*http.Response, error)

func brokenWire() (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

// tooOld is what the API server says of a version that it has forgotten.
func tooOld() (*http.Response, error) {
	event := `{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410}}`
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(strings.NewReader(event)),
	}, nil
}

// RoundTrip implements http.RoundTripper.
func (r *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	name := "LIST"
	if req.URL.Query().Get("watch") != "" {
		name = "WATCH"
	}
	r.mu.Lock()
	r.seen = append(r.seen, name)
	var instead answer
	var on func()
	switch {
	case name != "WATCH":
	case len(r.first) > 0:
		instead, r.first = r.first[0], r.first[1:]
	default:
		on, r.on = r.on, nil
	}
	r.mu.Unlock()
	if instead != nil {
		return instead()
	}
	if on != nil {
		go on()
	}
	return r.next.RoundTrip(req)
}

func (r *wire) requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, wire: &wire{}}
	config := rest.CopyConfig(server)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { w.wire.next = next; return w.wire })
	w.waiter, w.user = dynamic.NewForConfigOrDie(config), dynamic.NewForConfigOrDie(server)
	ns := parse(t, "{apiVersion: v1, kind: Namespace, metadata: {generateName: health-}}")
	made, err := w.user.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}).Create(t.Context(), ns, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.namespace = made.GetName()
	return w
}

// List implements API.
func (w *world) List(ctx context.Context, kind *meta.RESTMapping, namespace string, opts metav1.ListOptions) (*unstructured.UnstructuredList, error) {
	return w.waiter.Resource(kind.Resource).Namespace(namespace).List(ctx, opts)
}

// Watch implements API.
func (w *world) Watch(ctx context.Context, kind *meta.RESTMapping, namespace string, opts metav1.ListOptions) (watch.Interface, error) {
	return w.waiter.Resource(kind.Resource).Namespace(namespace).Watch(ctx, opts)
}

// has creates an object and returns what a wait needs of it.
func (w *world) has(kind *meta.RESTMapping, manifest string) Object {
	w.Helper()
	obj, err := w.user.Resource(kind.Resource).Namespace(w.namespace).Create(w.Context(), parse(w.T, manifest), metav1.CreateOptions{})
	if err != nil {
		w.Fatal(err)
	}
	return Object{Kind: kind, Namespace: w.namespace, Name: obj.GetName(), Seen: obj}
}

func (w *world) status(kind *meta.RESTMapping, name, patch string) {
	_, err := w.user.Resource(kind.Resource).Namespace(w.namespace).
		Patch(context.Background(), name, types.MergePatchType, []byte(`{"status":`+patch+`}`), metav1.PatchOptions{}, "status")
	if err != nil {
		w.Error(err)
	}
}

const (
	web = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}},
		template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: a}]}}}}`
	ready = `{"observedGeneration":1,"replicas":1,"updatedReplicas":1,"readyReplicas":1,"availableReplicas":1,
		"conditions":[{"type":"Available","status":"True"},{"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}]}`
)

func TestWait(t *testing.T) {
	cases := map[string]struct {
		why   string
		seen  func(*Object)
		first []answer
		want  []string
	}{
		"FromKnownVersion": {
			why:  "What was just written is watched from there.",
			seen: func(*Object) {},
			want: []string{"WATCH"},
		},
		"NotSeenBefore": {
			why:  "Without a version the object is read first.",
			seen: func(o *Object) { o.Seen = nil },
			want: []string{"LIST", "WATCH"},
		},
		"VersionTooOld": {
			why:   "A version that the API server has forgotten is replaced by a fresh one.",
			seen:  func(*Object) {},
			first: []answer{tooOld},
			want:  []string{"WATCH", "LIST", "WATCH"},
		},
		"BrokenWatch": {
			why:   "A connection that breaks is made again; the version is still good.",
			seen:  func(*Object) {},
			first: []answer{brokenWire, brokenWire},
			want:  []string{"WATCH", "WATCH", "WATCH"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			o := w.has(deployments, web)
			c.seen(&o)
			w.wire.first = c.first
			w.wire.on = func() { w.status(deployments, "web", ready) }
			if err := Wait(t.Context(), w, []Object{o}, Ready, long); err != nil {
				t.Fatalf("%s: %v", c.why, err)
			}
			if diff := cmp.Diff(c.want, w.wire.requests()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

func TestWaitForNothing(t *testing.T) {
	w := newWorld(t)
	o := w.has(configMaps, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}")
	if err := Wait(t.Context(), w, []Object{o}, Ready, 0); err != nil {
		t.Error(err)
	}
	if got := w.wire.requests(); len(got) > 0 {
		t.Errorf("the requests are %q", got)
	}
}

func TestWaitEndsWithCause(t *testing.T) {
	w := newWorld(t)
	o := w.has(deployments, web)
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("superseded")
	w.wire.on = func() { cancel(cause) }
	if err := Wait(ctx, w, []Object{o}, Ready, long); !errors.Is(err, cause) {
		t.Errorf("the error is %v", err)
	}
}

func TestWaitOutlivesDeletion(t *testing.T) {
	w := newWorld(t)
	o := w.has(deployments, web)
	w.wire.on = func() {
		err := w.user.Resource(deployments.Resource).Namespace(w.namespace).Delete(context.Background(), "web", metav1.DeleteOptions{})
		if err != nil {
			t.Error(err)
		}
	}
	err := Wait(t.Context(), w, []Object{o}, Ready, 2*time.Second)
	if want := "Deployment " + w.namespace + "/web: deleted while waiting"; err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
}

// An object that has failed for good ends the wait, whatever the others do.
func TestWaitFailsEarly(t *testing.T) {
	w := newWorld(t)
	o := w.has(deployments, web)
	p := w.has(pods, "{apiVersion: v1, kind: Pod, metadata: {name: once}, spec: {containers: [{name: app, image: a}]}}")
	w.wire.on = func() { w.status(pods, "once", `{"phase":"Failed","reason":"Evicted"}`) }
	err := Wait(t.Context(), w, []Object{o, p}, Ready, long)
	if want := "Pod " + w.namespace + "/once failed: Evicted"; err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
}
