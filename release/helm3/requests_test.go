package helm3_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/helm3"
	"github.com/fairlead-dev/fairlead/release/releasetest"
)

// A counter notes every request that passes.
type counter struct {
	mu   sync.Mutex
	seen []string
}

func (c *counter) wrap(cfg *rest.Config) *rest.Config {
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return through(func(req *http.Request) (*http.Response, error) {
			c.mu.Lock()
			c.seen = append(c.seen, req.Method+" "+req.URL.RequestURI())
			c.mu.Unlock()
			return next.RoundTrip(req)
		})
	})
	return cfg
}

// take returns what was noted since the last time.
func (c *counter) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := c.seen
	c.seen = nil
	return seen
}

type through func(*http.Request) (*http.Response, error)

func (f through) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// The parts of a chart of three objects.
var three = map[string]string{
	"templates/settings.yaml": `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: {{ .Values.colour | default "blue" | quote }}}
`,
	"templates/service.yaml": `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
`,
	"templates/deployment.yaml": `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: "registry.example/web:1"}]}
`,
}

func request(files map[string]string) release.Request {
	archive := releasetest.Chart("web", "1.0.0", files)
	return release.Request{
		Chart: release.Chart{
			Name: "web", Version: "1.0.0",
			Archive: func(context.Context) ([]byte, error) { return archive, nil },
		},
		Timeout: 30 * time.Second,
		Wait:    true,
	}
}

// namespace makes one for a test.
func namespace(t *testing.T, cfg *rest.Config, name string) {
	t.Helper()
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if _, err := client.CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

var operations int

func operation(action release.Action, namespace string) release.Operation {
	operations++
	return release.Operation{
		ID: fmt.Sprintf("operation-%d", operations), Action: action, Digest: "any",
		Key: release.Key{Namespace: namespace, Name: "web"},
	}
}

func TestRequestsOfTheEngine(t *testing.T) {
	namespace(t, releasetest.Cluster(t), "counted")
	var requests counter
	e := started(t, requests.wrap(releasetest.Cluster(t)))
	red := request(three)
	red.Values = map[string]any{"colour": "red"}
	steps := []struct {
		name, why string
		most      int
		do        func() (release.Result, error)
	}{
		{
			name: "Install", most: 10,
			why: "list, 3 ownership checks, record, 3 objects, a watch, record",
			do: func() (release.Result, error) {
				return e.Install(t.Context(), operation(release.Install, "counted"), request(three))
			},
		},
		{
			name: "Upgrade", most: 9,
			why: "list, record, 3 reads, 1 patch, 2 records, and a watch if pods are not ready",
			do: func() (release.Result, error) {
				return e.Upgrade(t.Context(), operation(release.Upgrade, "counted"), red)
			},
		},
		{
			name: "Rollback", most: 10,
			why: "as an upgrade, and the target's body",
			do: func() (release.Result, error) {
				op := operation(release.Rollback, "counted")
				op.Target = 1
				return e.Rollback(t.Context(), op, release.RollbackRequest{Timeout: 30 * time.Second, Wait: true})
			},
		},
		{
			name: "Uninstall", most: 9,
			why: "list, record, 3 objects, 3 records, and a look at what is not gone at once",
			do: func() (release.Result, error) {
				return e.Uninstall(t.Context(), operation(release.Uninstall, "counted"), release.UninstallRequest{Timeout: 30 * time.Second})
			},
		},
	}
	for _, step := range steps {
		requests.take()
		if _, err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		seen := requests.take()
		t.Logf("%s: %d requests\n  %s", step.name, len(seen), strings.Join(seen, "\n  "))
		if len(seen) > step.most {
			t.Errorf("%s made %d requests, want at most %d (%s)", step.name, len(seen), step.most, step.why)
		}
	}
}

func TestRequestsOfNothing(t *testing.T) {
	var requests counter
	e := started(t, requests.wrap(releasetest.Cluster(t)))
	requests.take()
	for range 100 {
		e.Records(release.Key{Namespace: "counted", Name: "web"})
		e.APISet()
	}
	if seen := requests.take(); len(seen) > 0 {
		t.Errorf("looking made requests: %v", seen)
	}
}

func TestFence(t *testing.T) {
	namespace(t, releasetest.Cluster(t), "fenced")
	begin := time.Now()
	e := started(t, releasetest.Cluster(t), helm3.WithFence(func() error { return errors.New("the lease is lost") }))
	_, err := e.Install(t.Context(), operation(release.Install, "fenced"), request(three))
	var failure *release.Error
	if !errors.As(err, &failure) || failure.Kind != release.KindUnavailable || !strings.Contains(failure.Message, "the lease is lost") {
		t.Errorf("got %v, want the fence's error as %s", err, release.KindUnavailable)
	}
	if took := time.Since(begin); took > 15*time.Second {
		t.Errorf("it took %s: a refused request was tried again", took)
	}
	if got := e.Records(release.Key{Namespace: "fenced", Name: "web"}); len(got) > 0 {
		t.Errorf("a fenced engine wrote %v", got)
	}
}
