package releasetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fairlead-dev/fairlead/release"
)

var widgets = schema.GroupVersionResource{Group: "releasetest.fairlead.dev", Version: "v1", Resource: "widgets"}

// superseding: a revision that came to nothing poisons nothing.
func superseding(t *testing.T, e EngineUnderTest) {
	t.Helper()
	for name, end := range map[string]func(*scene){
		"WhileItWaits":          supersededUpgrade,
		"AtItsTimeout":          timedOutUpgrade,
		"AsTheProgramIsStopped": stoppedUpgrade,
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, e)
			s.must(s.install("one", waiting(request("1.0.0", clean), 30*time.Second)))
			end(s)
			s.same([]release.Status{release.StatusDeployed, release.StatusFailed})
			s.must(s.upgrade("three", waiting(request("1.0.0", clean), 30*time.Second)))
			s.has(false, configMaps, "extra")

			fresh := newScene(t, e)
			fresh.must(fresh.install("three", waiting(request("1.0.0", clean), 30*time.Second)))
			for _, kind := range []schema.GroupVersionResource{deployments, widgets} {
				want, got := essence(fresh.get(kind, "web")), essence(s.get(kind, "web"))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s web differs from a fresh install: -fresh +live\n%s", kind.Resource, diff)
				}
			}
		})
	}
	t.Run("BeforeItBegan", func(t *testing.T) { supersededEarly(newScene(t, e)) })
	t.Run("AfterARollbackToo", func(t *testing.T) { rollbackAfterFailures(newScene(t, e)) })
}

func supersededUpgrade(s *scene) {
	s.Helper()
	cause := fmt.Errorf("%w by commit 1234567", release.ErrSuperseded)
	e := s.fails(release.KindSuperseded)(release.Result{}, s.endWait(cause))
	if want := "superseded by commit 1234567"; e.Message != want || e.Revision != 2 {
		s.Errorf("message %q of revision %d, want %q of 2", e.Message, e.Revision, want)
	}
	if got := s.record(2).Outcome; got != release.Superseded {
		s.Errorf("outcome %q, want %q", got, release.Superseded)
	}
}

func stoppedUpgrade(s *scene) {
	s.Helper()
	_ = s.fails(release.KindStopping)(release.Result{}, s.endWait(release.ErrStopping))
	if got := s.record(2).Outcome; got != release.Interrupted {
		s.Errorf("outcome %q, want %q", got, release.Interrupted)
	}
}

// endWait begins an upgrade that never gets ready and ends its wait.
func (s *scene) endWait(cause error) error {
	s.Helper()
	ctx, cancel := context.WithCancelCause(s.Context())
	defer cancel(nil)
	done := make(chan error, 1)
	go func() {
		_, err := s.engine.Upgrade(ctx, s.operation(release.Upgrade, "two"), waiting(request("2.0.0", poisoned), time.Minute))
		done <- err
	}()
	s.eventually("the poison is applied", func() bool {
		return s.get(deployments, "web").GetLabels()["poison"] != "" && s.get(configMaps, "extra") != nil
	})
	cancel(cause)
	return <-done
}

func timedOutUpgrade(s *scene) {
	s.Helper()
	e := s.fails(release.KindNotReady)(s.upgrade("two", waiting(request("2.0.0", poisoned), 2*time.Second)))
	s.says(e, "timed out after 2s", "Deployment "+s.key.Namespace+"/web")
	if got := s.record(2).Outcome; got != release.Failed {
		s.Errorf("outcome %q, want %q", got, release.Failed)
	}
}

// supersededEarly: what is superseded before anything was written writes
// nothing.
func supersededEarly(s *scene) {
	s.Helper()
	ctx, cancel := context.WithCancelCause(s.Context())
	cancel(release.ErrSuperseded)
	_ = s.fails(release.KindSuperseded)(s.engine.Install(ctx, s.operation(release.Install, "one"), request("1.0.0", good)))
	s.same([]release.Status{})
	s.has(false, configMaps, "settings")
}

// rollbackAfterFailures: Helm compares with the newest revision only; what the
// one before it brought has to go as well.
func rollbackAfterFailures(s *scene) {
	s.Helper()
	s.must(s.install("one", request("1.0.0", clean)))
	_ = s.fails(release.KindNotReady)(s.upgrade("two", waiting(request("2.0.0", poisoned), time.Second)))
	worse := with(good, files(map[string]string{"deployment": poisonedDeployment}))
	_ = s.fails(release.KindNotReady)(s.upgrade("three", waiting(request("3.0.0", worse), time.Second)))
	s.must(s.rollback("three", 1, release.RollbackRequest{Timeout: 30 * time.Second, Wait: true}))
	s.has(false, configMaps, "extra")
	spec := s.get(widgets, "web").Object["spec"]
	if diff := cmp.Diff(map[string]any{"size": int64(1)}, spec); diff != "" {
		s.Errorf("spec of the widget: -want +got\n%s", diff)
	}
	pod, _, _ := unstructured.NestedMap(s.get(deployments, "web").Object, "spec", "template", "spec")
	if _, poisoned := pod["nodeSelector"]; poisoned {
		s.Error("the nodeSelector of failed revisions is still live")
	}
}

// essence is what an object's manifest brought: without what differs from one
// namespace, or one minute, to the other.
func essence(obj *unstructured.Unstructured) map[string]any {
	if obj == nil {
		return nil
	}
	o := obj.DeepCopy()
	unstructured.RemoveNestedField(o.Object, "status")
	for _, f := range []string{"namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"} {
		unstructured.RemoveNestedField(o.Object, "metadata", f)
	}
	unstructured.RemoveNestedField(o.Object, "metadata", "annotations", "deployment.kubernetes.io/revision")
	unstructured.RemoveNestedField(o.Object, "metadata", "annotations", "meta.helm.sh/release-namespace")
	return o.Object
}
