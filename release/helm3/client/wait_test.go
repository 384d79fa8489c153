package client

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/health"
)

const (
	long  = time.Minute
	ready = `{"observedGeneration":1,"replicas":1,"updatedReplicas":1,"readyReplicas":1,"availableReplicas":1,
		"conditions":[{"type":"Available","status":"True"},{"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}]}`
	service = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}}"
)

// on calls do once, when a request of that name is about to be sent.
func (w *world) on(name string, do func()) {
	w.requests.mu.Lock()
	defer w.requests.mu.Unlock()
	done := make(chan struct{}, 1)
	done <- struct{}{}
	w.requests.saw = func(seen string) {
		if seen != name {
			return
		}
		select {
		case <-done:
			go do()
		default:
		}
	}
}

func TestWaitRequests(t *testing.T) {
	cases := map[string]struct {
		why  string
		docs []string
		want []string
	}{
		"NothingToWaitFor": {
			why:  "What the last answer says to be ready is not asked about.",
			docs: []string{configA, service, goodWidget},
		},
		"OneDeployment": {
			why:  "A Deployment takes one watch, from where it was written.",
			docs: []string{configA, service, deployment},
			want: []string{"WATCH deployments"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			client := w.client()
			infos := w.build(client, manifests(c.docs...))
			if _, err := client.Create(infos); err != nil {
				t.Fatal(err)
			}
			w.requests.take()
			w.on("WATCH deployments", func() { w.status("apps/v1", "Deployment", "web", ready) })
			if err := client.WaitWithJobs(infos, long); err != nil {
				t.Fatalf("%s: %v", c.why, err)
			}
			if diff := cmp.Diff(c.want, w.requests.take()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

func TestWaitEndsWithItsCause(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	c := w.shared.For(Options{Key: release.Key{Namespace: w.namespace, Name: "web"}, Wait: ctx})
	infos := w.build(c, manifests(deployment, hookJob))
	if _, err := c.Create(infos); err != nil {
		t.Fatal(err)
	}
	w.on("WATCH deployments", func() { cancel(release.ErrSuperseded) })
	if err := c.Wait(infos, long); !errors.Is(err, release.ErrSuperseded) {
		t.Errorf("the error is %v", err)
	}
	if err := c.Errors(); len(err) != 1 || !errors.Is(err[0], release.ErrSuperseded) {
		t.Errorf("the client remembers %v", err)
	}
}

func TestWaitTimesOut(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	infos := w.build(c, deployment)
	if _, err := c.Create(infos); err != nil {
		t.Fatal(err)
	}
	w.has("{apiVersion: v1, kind: Pod, metadata: {name: web-1, labels: {app: web}}, spec: {containers: [{name: app, image: a}]}}")
	w.status("v1", "Pod", "web-1", `{"phase":"Running","containerStatuses":[{"name":"app","image":"a","imageID":"","ready":false,
		"restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}`)
	w.requests.take()
	err := c.Wait(infos, 300*time.Millisecond)
	var late *health.NotReadyError
	if !errors.As(err, &late) {
		t.Fatalf("the error is %v", err)
	}
	want := "Deployment " + w.namespace + `/web: 0 of 1 pods ready; pod web-1: container "app" CrashLoopBackOff`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"GET pods", "WATCH deployments"}, w.requests.take()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// A hook is watched to its end, even when the operation's waits are over.
func TestWatchUntilReady(t *testing.T) {
	cases := map[string]struct {
		why    string
		status string
		want   string
	}{
		"Complete": {
			why: "A hook's Job completes.",
			status: `{"startTime":"2026-01-01T00:00:00Z","completionTime":"2026-01-01T00:00:01Z","succeeded":1,"conditions":[
				{"type":"SuccessCriteriaMet","status":"True","lastTransitionTime":"2026-01-01T00:00:01Z"},
				{"type":"Complete","status":"True","lastTransitionTime":"2026-01-01T00:00:01Z"}]}`,
		},
		"Failed": {
			why: "A hook's Job fails: the error names it and why.",
			status: `{"startTime":"2026-01-01T00:00:00Z","failed":1,"conditions":[
				{"type":"FailureTarget","status":"True","reason":"BackoffLimitExceeded","lastTransitionTime":"2026-01-01T00:00:01Z"},
				{"type":"Failed","status":"True","reason":"BackoffLimitExceeded","lastTransitionTime":"2026-01-01T00:00:01Z"}]}`,
			want: "/migrate failed: BackoffLimitExceeded",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(release.ErrSuperseded)
			client := w.shared.For(Options{Key: release.Key{Namespace: w.namespace, Name: "web"}, Wait: ctx})
			infos := w.buildHook(client, hookJob)
			if _, err := client.Create(infos); err != nil {
				t.Fatal(err)
			}
			w.requests.take()
			w.on("WATCH jobs", func() { w.status("batch/v1", "Job", "migrate", c.status) })
			err := client.WatchUntilReady(infos, long)
			var hook *HookError
			switch {
			case c.want == "" && err != nil:
				t.Errorf("%s: %v", c.why, err)
			case c.want != "" && !errors.As(err, &hook):
				t.Errorf("%s: %v", c.why, err)
			case c.want != "" && err.Error() != "Job "+w.namespace+c.want:
				t.Errorf("%s: %v", c.why, err)
			}
		})
	}
}

func TestWaitForDelete(t *testing.T) {
	w := newWorld(t)
	w.applied("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, finalizers: [example.com/held]}}")
	c := w.client()
	infos := w.build(c, configA)
	if _, errs := c.Delete(infos); len(errs) > 0 {
		t.Fatal(errs)
	}
	err := c.WaitForDelete(infos, 200*time.Millisecond)
	if want := "ConfigMap " + w.namespace + "/a: not gone yet; held by finalizer example.com/held"; err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
	w.requests.take()
	w.on("WATCH configmaps", func() {
		resource := w.kind(object(t, configA)).Resource
		_, err := w.user.Resource(resource).Namespace(w.namespace).
			Patch(context.Background(), "a", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
		if err != nil {
			t.Error(err)
		}
	})
	if err := c.WaitForDelete(infos, long); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"WATCH configmaps"}, w.requests.take()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}
