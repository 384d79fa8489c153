package releasetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/fairlead-dev/fairlead/release"
)

// deadline bounds what a test waits for; longer only on a machine that is busy
// with other things.
const deadline = 60 * time.Second

// A scene is a namespace of its own, with one release in it.
type scene struct {
	testing.TB
	engine release.Engine
	config *rest.Config
	live   dynamic.Interface
	key    release.Key
	marks  int
}

var scenes atomic.Int64

// newScene makes a namespace. Nothing removes it: the cluster ends with the
// tests.
func newScene(t *testing.T, e EngineUnderTest) *scene {
	t.Helper()
	s := &scene{
		TB: t, engine: e.Engine, config: e.Config,
		key: release.Key{Namespace: fmt.Sprintf("scene-%d", scenes.Add(1)), Name: "web"},
	}
	var err error
	if s.live, err = dynamic.NewForConfig(e.Config); err != nil {
		t.Fatal(err)
	}
	s.namespace(s.key.Namespace)
	return s
}

func (s *scene) namespace(name string) {
	s.Helper()
	s.create(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}, "", map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name},
	})
}

// operation makes one that nobody else has.
func (s *scene) operation(action release.Action, digest string) release.Operation {
	s.marks++
	return release.Operation{
		ID:      fmt.Sprintf("%s-%s-%d", s.key.Namespace, s.key.Name, s.marks),
		Key:     s.key,
		Action:  action,
		Digest:  digest,
		Cause:   release.Cause{Text: "because of " + digest},
		Started: time.Now(),
	}
}

// request asks for a chart of files, without a wait.
func request(version string, files map[string]string) release.Request {
	archive := Chart("web", version, files)
	return release.Request{
		Chart: release.Chart{
			Name: "web", Version: version, AppVersion: version,
			Archive: func(context.Context) ([]byte, error) { return archive, nil },
		},
		Timeout: 30 * time.Second,
	}
}

// waiting makes a request wait, for so long.
func waiting(req release.Request, timeout time.Duration) release.Request {
	req.Wait, req.Timeout = true, timeout
	return req
}

func (s *scene) install(digest string, req release.Request) (release.Result, error) {
	return s.engine.Install(s.Context(), s.operation(release.Install, digest), req)
}

func (s *scene) upgrade(digest string, req release.Request) (release.Result, error) {
	return s.engine.Upgrade(s.Context(), s.operation(release.Upgrade, digest), req)
}

func (s *scene) rollback(digest string, target int, req release.RollbackRequest) (release.Result, error) {
	op := s.operation(release.Rollback, digest)
	op.Target = target
	return s.engine.Rollback(s.Context(), op, req)
}

func (s *scene) uninstall() error {
	_, err := s.engine.Uninstall(s.Context(), s.operation(release.Uninstall, ""), release.UninstallRequest{
		Timeout: 30 * time.Second, Wait: true,
	})
	return err
}

// must fails the test unless an operation succeeded.
func (s *scene) must(res release.Result, err error) release.Result {
	s.Helper()
	if err != nil {
		s.Fatalf("operation failed: %v (kind %s)", err, kindOf(err))
	}
	return res
}

// fails fails the test unless an operation failed with a kind.
func (s *scene) fails(want release.Kind) func(release.Result, error) *release.Error {
	return func(_ release.Result, err error) *release.Error {
		s.Helper()
		var e *release.Error
		if !errors.As(err, &e) {
			s.Fatalf("got error %v, want a *release.Error of kind %s", err, want)
		}
		if e.Kind != want {
			s.Fatalf("got kind %s, want %s: %s", e.Kind, want, e.Message)
		}
		return e
	}
}

func kindOf(err error) release.Kind {
	var e *release.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

// statuses lists the statuses of the records, oldest first.
func (s *scene) statuses() []release.Status {
	out := []release.Status{}
	for _, r := range s.engine.Records(s.key) {
		out = append(out, r.Status)
	}
	return out
}

// record returns a revision.
func (s *scene) record(revision int) release.Record {
	s.Helper()
	for _, r := range s.engine.Records(s.key) {
		if r.Revision == revision {
			return r
		}
	}
	s.Fatalf("no revision %d among %v", revision, s.engine.Records(s.key))
	return release.Record{}
}

var (
	configMaps  = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	secrets     = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	deployments = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	jobs        = schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}
	namespaces  = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
)

func (s *scene) create(kind schema.GroupVersionResource, namespace string, obj map[string]any) {
	s.Helper()
	_, err := s.live.Resource(kind).Namespace(namespace).
		Create(s.Context(), &unstructured.Unstructured{Object: obj}, metav1.CreateOptions{})
	if err != nil {
		s.Fatal(err)
	}
}

// get returns a live object, or nil.
func (s *scene) get(kind schema.GroupVersionResource, name string) *unstructured.Unstructured {
	s.Helper()
	obj, err := s.live.Resource(kind).Namespace(s.key.Namespace).Get(s.Context(), name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		s.Fatal(err)
	}
	return obj
}

// has fails the test unless objects are live, or none of them is.
func (s *scene) has(want bool, kind schema.GroupVersionResource, names ...string) {
	s.Helper()
	for _, name := range names {
		if got := s.get(kind, name) != nil; got != want {
			s.Errorf("%s %s is live: %t, want %t", kind.Resource, name, got, want)
		}
	}
}

// eventually waits for something to become true.
func (s *scene) eventually(what string, ok func() bool) {
	s.Helper()
	look := func(context.Context) (bool, error) { return ok(), nil }
	if err := wait.PollUntilContextTimeout(s.Context(), 20*time.Millisecond, deadline, true, look); err != nil {
		s.Fatalf("it never came true that %s: %v", what, err)
	}
}
