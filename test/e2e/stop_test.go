package e2e

import (
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/test/e2e/harness"
)

// TestGracefulStop stops a controller in the middle of a wait: it ends at once
// and with success, leaves no pending record, and the next one goes on without
// having spent a retry.
func TestGracefulStop(t *testing.T) {
	env := harness.New(t)
	charts := harness.NewChartRepo(t)
	charts.Publish(t, harness.WebChart, "1.0.0")
	env.Create(t, harness.NewRelease("web", harness.FromRepository(charts.URL, "web", "1"),
		harness.OnUpgradeFailure("Rollback", 0), harness.Timeout(10*time.Minute)))
	env.AwaitReady(t, "web")
	env.Change(t, "web", func(hr *v1alpha1.HelmRelease) {
		harness.Values(t, `{podLabels: {fairlead.dev/test-pod: never-ready}}`)(hr)
	})
	env.Await(t, "web", "be in an upgrade", func(hr *v1alpha1.HelmRelease) bool {
		return harness.Has(hr, v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonProgressing)
	})
	harness.Eventually(t, harness.Patience, "the pods are waited for", func() bool {
		return strings.Contains(env.Helm(t, "history", "web"), "pending-upgrade")
	}, func() string { return env.Helm(t, "history", "web") })

	env.Controller.Stop(t)
	history := env.Helm(t, "history", "web")
	if strings.Contains(history, "pending") || !strings.Contains(history, "interrupted by a restart") {
		t.Errorf("want revision 2 failed and interrupted, got:\n%s", history)
	}

	env.Controller.Start(t)
	hr := env.Await(t, "web", "have the interrupted upgrade in its history", func(hr *v1alpha1.HelmRelease) bool {
		return len(hr.Status.History) > 1 && hr.Status.History[0].Outcome == "Interrupted"
	})
	if hr.Condition(v1alpha1.ConditionStalled) != nil {
		t.Errorf("an interrupted upgrade spent a retry:%s", harness.Status(hr))
	}
	env.Change(t, "web", func(hr *v1alpha1.HelmRelease) { hr.Spec.Values = nil })
	env.AwaitReady(t, "web")
}

// TestProbesAndMetrics reads what a kubelet and a Prometheus read.
func TestProbesAndMetrics(t *testing.T) {
	env := harness.New(t)
	charts := harness.NewChartRepo(t)
	charts.Publish(t, harness.WebChart, "1.0.0")
	env.Create(t, harness.NewRelease("web", harness.FromRepository(charts.URL, "web", "1")))
	env.AwaitReady(t, "web")
	for _, probe := range []string{"healthz", "readyz"} {
		if !env.Controller.Answers(t, probe) {
			t.Errorf("/%s does not answer with 200", probe)
		}
	}
	metrics := env.Controller.Metrics(t)
	for _, want := range []string{
		`fairlead_release_actions_total{action="Install",outcome="Succeeded"} 1`,
		`fairlead_release_actions_total{action="Rollback",outcome="Failed"} 0`,
		`fairlead_release_action_duration_seconds_count{action="Install"} 1`,
		`fairlead_release_operations_underway 0`,
		`fairlead_source_lookups_total{result="ok",source="repository"}`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics has no %s", want)
		}
	}
}

// TestEvents reads what happened as events.
func TestEvents(t *testing.T) {
	env := harness.New(t)
	charts := harness.NewChartRepo(t)
	charts.Publish(t, harness.WebChart, "1.0.0")
	env.Create(t, harness.NewRelease("web", harness.FromRepository(charts.URL, "web", "^1")))
	env.AwaitReady(t, "web")
	charts.Publish(t, harness.WebChart, "1.1.0")
	want := "Upgraded to chart web 1.1.0 as revision 2: chart web 1.0.0 -> 1.1.0"
	harness.Eventually(t, harness.Patience, "the upgrade is told by an event", func() bool {
		return strings.Contains(env.Kubectl(t, "get", "events"), want)
	}, func() string { return env.Kubectl(t, "get", "events") })
}

// TestFencing makes the leader as silent as a machine that hangs. Another one
// leads; when the first comes back it writes nothing more and ends.
func TestFencing(t *testing.T) {
	elect := harness.WithFlags("--leader-elect=true", "--leader-election-namespace=default")
	proxy := harness.NewProxy(t, harness.SharedCluster(t))
	env := harness.New(t, elect)
	env.Controller.Stop(t) // the one that is stopped last must not be the frozen one
	frozen := env.NewController(t, elect, harness.WithKubeconfig(proxy.Kubeconfig))
	charts := harness.NewChartRepo(t)
	charts.Publish(t, harness.WebChart, "1.0.0")
	env.Create(t, harness.NewRelease("web", harness.FromRepository(charts.URL, "web", "^1")))
	env.AwaitReady(t, "web")

	frozen.Signal(t, syscall.SIGSTOP)
	env.Controller.Start(t)
	charts.Publish(t, harness.WebChart, "1.1.0")
	env.AwaitWithin(t, 2*time.Minute, "web", "be upgraded by the other controller", func(hr *v1alpha1.HelmRelease) bool {
		return harness.Ready(hr) && hr.Status.Revision == 2
	})
	// Something to do for both, which the first must leave alone.
	charts.Publish(t, harness.WebChart, "1.2.0")
	writes := proxy.Halt(func(w harness.Write) (release, name string) { return "any", w.String() }, nil)
	frozen.Signal(t, syscall.SIGCONT)
	frozen.AwaitExit(t)
	for _, write := range writes.Writes("any") {
		t.Errorf("the controller that lost its lease wrote: %s", write)
	}
	env.Await(t, "web", "be upgraded once more", func(hr *v1alpha1.HelmRelease) bool {
		return harness.Ready(hr) && hr.Status.Chart.Version == "1.2.0"
	})
	records := &corev1.SecretList{}
	if err := env.Client.List(t.Context(), records, client.InNamespace(env.Namespace), client.MatchingLabels{"owner": "helm"}); err != nil {
		t.Fatal(err)
	}
	if len(records.Items) != 3 {
		t.Errorf("%d revisions are stored, want 3: one for each version", len(records.Items))
	}
}
