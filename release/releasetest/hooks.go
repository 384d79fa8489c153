package releasetest

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/fairlead-dev/fairlead/release"
)

// hooks: each runs once for what it is for, and its failure has a name.
func hooks(t *testing.T, e EngineUnderTest) {
	t.Helper()
	t.Run("RunOnceEach", func(t *testing.T) { runOnceEach(newScene(t, e)) })
	t.Run("Disabled", func(t *testing.T) {
		s := newScene(t, e)
		req := request("1.0.0", with(good, files(map[string]string{"hook": job("hook", "pre-install", failingPod)})))
		req.DisableHooks = true
		s.must(s.install("one", req))
		s.has(false, jobs, "hook")
	})
	t.Run("FailingUpgradeHook", func(t *testing.T) {
		s := newScene(t, e)
		s.must(s.install("one", request("1.0.0", good)))
		bad := with(good, files(map[string]string{"migrate": job("migrate", "pre-upgrade", failingPod)}))
		failure := s.fails(release.KindHook)(s.upgrade("two", request("2.0.0", bad)))
		s.says(failure, "pre-upgrade hook web/templates/migrate.yaml", "Job "+s.key.Namespace+"/migrate")
		s.same([]release.Status{release.StatusDeployed, release.StatusFailed})
	})
	t.Run("FailingRollbackHook", func(t *testing.T) {
		s := newScene(t, e)
		bad := with(good, files(map[string]string{"undo": job("undo", "pre-rollback", failingPod)}))
		s.must(s.install("one", request("1.0.0", bad)))
		s.must(s.upgrade("two", request("2.0.0", good)))
		failure := s.fails(release.KindHook)(s.rollback("two", 1, release.RollbackRequest{Timeout: 30 * time.Second}))
		s.says(failure, "pre-rollback hook web/templates/undo.yaml")
		// Helm itself leaves the third pending.
		s.same([]release.Status{release.StatusSuperseded, release.StatusDeployed, release.StatusFailed})
	})
}

func runOnceEach(s *scene) {
	s.Helper()
	created := s.countJobs()
	chart := with(good, files(map[string]string{
		"before":  job("before", "pre-install,pre-upgrade", ""),
		"after":   job("after", "post-install", ""),
		"cleanup": job("cleanup", "pre-delete", ""),
	}))
	s.must(s.install("one", request("1.0.0", chart)))
	s.eventually("install hooks ran once", func() bool {
		return cmp.Equal(map[string]int{"before": 1, "after": 1}, created())
	})
	s.must(s.upgrade("two", request("1.1.0", chart)))
	s.eventually("upgrade hooks ran once", func() bool {
		return cmp.Equal(map[string]int{"before": 2, "after": 1}, created())
	})
	if err := s.uninstall(); err != nil {
		s.Fatal(err)
	}
	s.eventually("delete hooks ran once", func() bool {
		return cmp.Equal(map[string]int{"before": 2, "after": 1, "cleanup": 1}, created())
	})
}

// countJobs counts the Jobs that are created, by name.
func (s *scene) countJobs() func() map[string]int {
	s.Helper()
	w, err := s.live.Resource(jobs).Namespace(s.key.Namespace).Watch(s.Context(), metav1.ListOptions{})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(w.Stop)
	var mu sync.Mutex
	counts := map[string]int{}
	go func() {
		for ev := range w.ResultChan() {
			obj, ok := ev.Object.(*unstructured.Unstructured)
			if !ok || ev.Type != watch.Added {
				continue
			}
			mu.Lock()
			counts[obj.GetName()]++
			mu.Unlock()
		}
	}()
	return func() map[string]int {
		mu.Lock()
		defer mu.Unlock()
		out := map[string]int{}
		for k, v := range counts {
			out[k] = v
		}
		return out
	}
}
