package crash

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/test/e2e/harness"
)

// patience is how long many releases at once may take on a busy machine.
const patience = 4 * time.Minute

// TestCrashPoints kills the controller around each write of each operation.
func TestCrashPoints(t *testing.T) {
	for name, op := range operations {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, strings.ToLower(name), op)
			s.observe(t)
			s.crash(t)
			s.check(t)
		})
	}
}

// A stage has one operation, on many releases.
type stage struct {
	*harness.Env
	operation

	name  string
	proxy *harness.Proxy
	chart harness.Change
	ran   *completed
	// undisturbed is the release that shows what is right.
	undisturbed string
	// stops say where the other releases stop.
	stops map[string]harness.Stop
}

func newStage(t *testing.T, name string, op operation) *stage {
	t.Helper()
	proxy := harness.NewProxy(t, harness.SharedCluster(t))
	s := &stage{
		operation: op, name: name, proxy: proxy, undisturbed: name, stops: map[string]harness.Stop{},
		// A worker for each release that may be stopped while it is looked at.
		Env: harness.New(t, harness.WithKubeconfig(proxy.Kubeconfig), harness.WithFlags("--workers", "100")),
	}
	charts := harness.NewChartRepo(t)
	publish(t, charts)
	s.chart = harness.FromRepository(charts.URL, harness.HooksChart, "0.1.0")
	s.ran = watchHooks(t, s.Env)
	return s
}

// observe performs the operation undisturbed and decides where the others stop:
// around each write.
func (s *stage) observe(t *testing.T) {
	t.Helper()
	s.prepare(t, s.undisturbed)
	halt := s.proxy.Halt(s.naming, nil)
	s.begin(t, s, s.undisturbed)
	s.await(t, s.over, s.undisturbed)
	s.proxy.Release()
	writes := halt.Writes(s.undisturbed)
	t.Logf("%s is %d writes:\n\t%s", s.name, len(writes), strings.Join(writes, "\n\t"))
	nth := map[string]int{}
	for i, write := range writes {
		nth[write]++
		for _, when := range harness.Moments {
			name := fmt.Sprintf("%s-%02d-%s", s.name, i+1, strings.ReplaceAll(string(when), " ", "-"))
			s.stops[name] = harness.Stop{Write: write, Nth: nth[write], When: when}
		}
	}
}

// crash begins the operation on all other releases, kills the controller when
// each has come to its stop, and starts it again.
func (s *stage) crash(t *testing.T) {
	t.Helper()
	names := slices.Sorted(maps.Keys(s.stops))
	s.prepare(t, names...)
	halt := s.proxy.Halt(s.naming, s.stops)
	for _, name := range names {
		s.begin(t, s, name)
	}
	halt.Await(t, patience)
	s.Controller.Kill()
	s.proxy.Release()
	s.Controller.Start(t)
	s.await(t, s.over, names...)
}

// prepare installs releases that have to be there before.
func (s *stage) prepare(t *testing.T, names ...string) {
	t.Helper()
	if !s.installed {
		return
	}
	for _, name := range names {
		s.create(t, name)
	}
	s.await(t, ready, names...)
}

// naming is the same for the writes of all releases.
func (s *stage) naming(w harness.Write) (release, name string) {
	switch {
	case strings.HasPrefix(w.Resource, "helmreleases."):
		return w.Name, w.Kind()
	case w.Resource == "namespaces":
		return w.Name, w.Kind()
	}
	return w.Namespace, w.Kind() + " " + w.Name
}

// await waits, by a watch, until HelmReleases are as wanted; nil stands for one
// that is gone.
func (s *stage) await(t *testing.T, wanted func(*v1alpha1.HelmRelease) bool, names ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	seen := map[string]*v1alpha1.HelmRelease{}
	var left []string
	done := func() bool {
		left = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return wanted(seen[name]) })
		return len(left) == 0
	}
	_, err := watchtools.UntilWithSync(ctx, s.releases(), &v1alpha1.HelmRelease{},
		func(store cache.Store) (bool, error) {
			for _, obj := range store.List() {
				hr := obj.(*v1alpha1.HelmRelease)
				seen[hr.Name] = hr
			}
			return done(), nil
		},
		func(event watch.Event) (bool, error) {
			if hr, ok := event.Object.(*v1alpha1.HelmRelease); ok {
				seen[hr.Name] = hr
				if event.Type == watch.Deleted {
					delete(seen, hr.Name)
				}
			}
			return done(), nil
		})
	if err == nil {
		return
	}
	t.Logf("%d of %d releases did not come to their end: %s", len(left), len(names), strings.Join(left, " "))
	for _, name := range left[:min(3, len(left))] {
		if hr := seen[name]; hr != nil {
			t.Logf("stopped %s:\n%s", s.stops[name], harness.Status(hr))
		}
	}
	t.Fatal(err)
}

// releases lists and watches all HelmReleases of the stage.
func (s *stage) releases() cache.ListerWatcher {
	in := client.InNamespace(s.Namespace)
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			list := &v1alpha1.HelmReleaseList{}
			return list, s.Client.List(ctx, list, in, &client.ListOptions{Raw: &o})
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			return s.Client.Watch(ctx, &v1alpha1.HelmReleaseList{}, in, &client.ListOptions{Raw: &o})
		},
	}
}
