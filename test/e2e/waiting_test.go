package e2e

import (
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/test/e2e/harness"
)

// TestWaitingHoldsNothing has one worker and thirty releases whose pods never
// get ready: another one is installed, and a fix of one of them taken up, while
// they wait.
func TestWaitingHoldsNothing(t *testing.T) {
	const (
		waiting  = 30
		timeout  = 10 * time.Minute
		underway = "fairlead_release_operations_underway"
		busy     = `controller_runtime_active_workers{controller="helmrelease"}`
	)
	env := harness.New(t, harness.WithFlags("--workers", "1"))
	charts := harness.NewChartRepo(t)
	charts.Publish(t, harness.WebChart, "0.1.0")
	release := func(name, values string) *v1alpha1.HelmRelease {
		return harness.NewRelease(name, harness.FromRepository(charts.URL, harness.WebChart, "~0.1"),
			harness.Timeout(timeout), harness.Values(t, values))
	}
	before := footprintOf(t, env)
	began := time.Now()
	for i := range waiting {
		env.Create(t, release(nth(i), `{podLabels: {fairlead.dev/test-pod: never-ready}}`))
	}
	for i := range waiting {
		env.Await(t, nth(i), "wait for its pods", isWaiting)
	}
	seen := ""
	harness.Eventually(t, harness.Patience, "30 operations that wait for pods, and no worker at work", func() bool {
		operations, workers, deployments := env.Controller.Metric(t, underway), env.Controller.Metric(t, busy), unavailable(t, env)
		seen = fmt.Sprintf("%v operations, %v workers at work, %d Deployments with pods that are not ready", operations, workers, deployments)
		return operations == waiting && workers == 0 && deployments == waiting
	}, func() string { return seen })
	during := footprintOf(t, env)
	t.Logf("%d waits after %s: %s at the start, %s now", waiting, time.Since(began).Round(time.Second), before, during)

	env.Create(t, release("another", `{}`))
	env.AwaitReady(t, "another")

	env.Change(t, nth(7), harness.Values(t, `{greeting: fixed}`))
	if hr := env.AwaitReady(t, nth(7)); hr.Status.Revision != 2 {
		t.Errorf("the fix is not the second revision:\n%s", harness.Status(hr))
	}

	if took := time.Since(began); took >= timeout {
		t.Errorf("it took %s, longer than the timeout of the releases that wait", took)
	}
	for i := range waiting {
		if hr := env.Release(t, nth(i)); i != 7 && !isWaiting(hr) {
			t.Errorf("it should have gone on waiting:\n%s", harness.Status(hr))
		}
	}
	for i := range waiting {
		env.Delete(t, nth(i))
	}
}

func nth(i int) string { return fmt.Sprintf("waiting-%02d", i) }

// isWaiting says whether a first install is under way.
func isWaiting(hr *v1alpha1.HelmRelease) bool {
	return harness.Has(hr, v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonProgressing) && len(hr.Status.History) == 0
}

// unavailable counts the Deployments whose pods are there and not ready.
func unavailable(t *testing.T, env *harness.Env) int {
	t.Helper()
	var all appsv1.DeploymentList
	if err := env.Client.List(t.Context(), &all, client.InNamespace(env.Namespace)); err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, d := range all.Items {
		if d.Status.Replicas > 0 && d.Status.ReadyReplicas == 0 {
			count++
		}
	}
	return count
}

// A footprint is what the controller takes of the machine.
type footprint struct{ goroutines, mebibytes int }

func footprintOf(t *testing.T, env *harness.Env) footprint {
	t.Helper()
	return footprint{
		goroutines: int(env.Controller.Metric(t, "go_goroutines")),
		mebibytes:  int(env.Controller.Metric(t, "process_resident_memory_bytes")) >> 20,
	}
}

func (f footprint) String() string {
	return fmt.Sprintf("%d goroutines, %d MiB", f.goroutines, f.mebibytes)
}
