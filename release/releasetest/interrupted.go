package releasetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fairlead-dev/fairlead/release"
)

// interrupted: the program was killed, and the next operation takes over.
func interrupted(t *testing.T, e EngineUnderTest) {
	t.Helper()
	t.Run("Install", func(t *testing.T) { interruptedInstall(newScene(t, e)) })
	t.Run("Upgrade", func(t *testing.T) { interruptedUpgrade(newScene(t, e)) })
	t.Run("Rollback", func(t *testing.T) { interruptedRollback(newScene(t, e)) })
	t.Run("Uninstall", func(t *testing.T) { interruptedUninstall(newScene(t, e)) })
	t.Run("HookStillRunning", func(t *testing.T) { hookStillRunning(newScene(t, e)) })
	t.Run("APersonAtWork", func(t *testing.T) { personAtWork(newScene(t, e)) })
}

func interruptedInstall(s *scene) {
	s.Helper()
	chart := with(good, files(map[string]string{"extra": extra, "before": job("before", "pre-install", "")}))
	s.must(s.install("one", request("1.0.0", chart)))
	s.cutOff(1, release.StatusPendingInstall)
	created := s.countJobs()
	delete(chart, "templates/extra.yaml")
	s.must(s.install("two", request("1.0.1", chart)))
	s.same([]release.Status{release.StatusFailed, release.StatusDeployed})
	s.has(false, configMaps, "extra")
	s.eventually("the install hook ran again", func() bool { return created()["before"] == 2 })
	if got := s.record(1).Outcome; got != release.Interrupted {
		s.Errorf("outcome of the first %q, want %q", got, release.Interrupted)
	}
}

func interruptedUpgrade(s *scene) {
	s.Helper()
	s.must(s.install("one", request("1.0.0", clean)))
	s.must(s.upgrade("two", request("2.0.0", poisoned)))
	// As after a kill between the apply and the last writes.
	s.cutOff(1, release.StatusDeployed)
	s.cutOff(2, release.StatusPendingUpgrade)
	s.must(s.upgrade("three", request("3.0.0", clean)))
	s.same([]release.Status{release.StatusSuperseded, release.StatusFailed, release.StatusDeployed})
	s.has(false, configMaps, "extra")
	if diff := cmp.Diff(map[string]any{"size": int64(1)}, s.get(widgets, "web").Object["spec"]); diff != "" {
		s.Errorf("spec of the widget: -want +got\n%s", diff)
	}
}

func interruptedRollback(s *scene) {
	s.Helper()
	s.must(s.install("one", request("1.0.0", clean)))
	s.must(s.upgrade("two", request("2.0.0", poisoned)))
	s.must(s.rollback("two", 1, release.RollbackRequest{Timeout: 30 * time.Second}))
	s.cutOff(2, release.StatusDeployed)
	s.cutOff(3, release.StatusPendingRollback)
	s.must(s.rollback("two", 1, release.RollbackRequest{Timeout: 30 * time.Second, Wait: true}))
	s.same([]release.Status{
		release.StatusSuperseded, release.StatusSuperseded, release.StatusFailed, release.StatusDeployed,
	})
	s.has(false, configMaps, "extra")
}

func interruptedUninstall(s *scene) {
	s.Helper()
	s.must(s.install("one", request("1.0.0", good)))
	s.cutOff(1, release.StatusUninstalling)
	// Half of it is gone already.
	if err := s.live.Resource(deployments).Namespace(s.key.Namespace).Delete(s.Context(), "web", metav1.DeleteOptions{}); err != nil {
		s.Fatal(err)
	}
	if err := s.uninstall(); err != nil {
		s.Fatal(err)
	}
	s.has(false, configMaps, "settings")
	s.same([]release.Status{})
}

// hookStillRunning: the same hook must not run twice at a time.
func hookStillRunning(s *scene) {
	s.Helper()
	chart := with(good, files(map[string]string{"before": job("before", "pre-install", "")}))
	s.must(s.install("one", request("1.0.0", chart)))
	s.cutOff(1, release.StatusPendingInstall)
	s.jobsRunning(1)
	// A Job that runs until it is let go: suspended Jobs have no pods.
	s.deleteJob("before")
	s.suspendedJob("before")
	done := make(chan error, 1)
	go func() {
		_, err := s.install("two", request("1.0.1", chart))
		done <- err
	}()
	s.eventually("the interrupted record is settled", func() bool { return s.record(1).Status == release.StatusFailed })
	uid := s.get(jobs, "before").GetUID()
	select {
	case err := <-done:
		s.Fatalf("the install ended before the hook of the interrupted one: %v", err)
	case <-time.After(time.Second): // long enough to delete a Job
	}
	if now := s.get(jobs, "before"); now == nil || now.GetUID() != uid {
		s.Fatal("the running hook was deleted")
	}
	s.resumeJob("before")
	if err := <-done; err != nil {
		s.Fatal(err)
	}
}

// personAtWork: what somebody else does now is not disturbed.
func personAtWork(s *scene) {
	s.Helper()
	s.must(s.install("one", request("1.0.0", good)))
	s.rollBackByHand(1, 2)
	s.rewrite(1, func(secret *unstructured.Unstructured, body map[string]any) {
		setStatus(secret, body, release.StatusDeployed)
	})
	s.rewrite(2, func(secret *unstructured.Unstructured, body map[string]any) {
		setStatus(secret, body, release.StatusPendingUpgrade)
		labels := secret.GetLabels()
		labels["modifiedAt"] = stampOf(time.Now())
		secret.SetLabels(labels)
	})
	_ = s.fails(release.KindFailed)(s.upgrade("two", request("2.0.0", good)))
	s.eventually("the person's record is pending", func() bool {
		return s.record(2).Status == release.StatusPendingUpgrade
	})
	s.rewrite(2, func(secret *unstructured.Unstructured, _ map[string]any) {
		labels := secret.GetLabels()
		labels["modifiedAt"] = stampOf(time.Now().Add(-time.Hour))
		secret.SetLabels(labels)
	})
	s.must(s.upgrade("two", request("2.0.0", good)))
	s.same([]release.Status{release.StatusSuperseded, release.StatusFailed, release.StatusDeployed})
}
