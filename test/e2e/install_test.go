package e2e

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/test/e2e/harness"
)

// TestInstallFromRepository installs a chart from a repository by a range, sees
// a newer version come, and removes it all.
func TestInstallFromRepository(t *testing.T) {
	env := harness.New(t)
	charts := harness.NewChartRepo(t)
	charts.Publish(t, harness.WebChart, "0.1.0")

	env.Create(t, harness.NewRelease("web",
		harness.FromRepository(charts.URL, "web", "~0.1"),
		harness.Values(t, `{replicas: 2, greeting: "good morning"}`)))
	env.AwaitReady(t, "web")
	expectLive(t, env, "web", 2, "good morning")

	charts.Publish(t, harness.WebChart, "0.1.1")
	hr := env.Await(t, "web", "be upgraded to 0.1.1", func(hr *v1alpha1.HelmRelease) bool {
		return harness.Ready(hr) && hr.Status.Revision == 2
	})
	if diff := cmp.Diff("0.1.1", hr.Status.Chart.Version); diff != "" {
		t.Errorf("the chart's version: -want +got:\n%s", diff)
	}
	for _, want := range []string{"web-0.1.0", "web-0.1.1"} {
		if history := env.Helm(t, "history", "web"); !strings.Contains(history, want) {
			t.Errorf("want %s in stock Helm's history, got:\n%s", want, history)
		}
	}

	env.Delete(t, "web")
	expectGone(t, env, "web")
}

// TestInstallFromGit installs a chart from a path in git; a commit to the chart
// upgrades it, and the history says whose commit.
func TestInstallFromGit(t *testing.T) {
	env := harness.New(t)
	repo := harness.NewGitRepo(t)
	repo.CommitChart(t, "Add the web chart", harness.WebChart, nil)

	env.Create(t, harness.NewRelease("web", harness.FromGit(repo.URL, "charts/web")))
	env.AwaitReady(t, "web")
	expectLive(t, env, "web", 1, "hello")

	commit := repo.Commit(t, "Greet the moon", map[string]string{"charts/web/values.yaml": "replicas: 1\nimage: example.com/web:1.0\ngreeting: moon\n"})
	env.Await(t, "web", "be upgraded", func(hr *v1alpha1.HelmRelease) bool {
		return harness.Ready(hr) && hr.Status.Revision == 2
	})
	expectLive(t, env, "web", 1, "moon")
	for _, want := range []string{commit[:7], "Ada Lovelace"} {
		if history := env.Fairlead(t, "history", "web"); !strings.Contains(history, want) {
			t.Errorf("want %q in the history, got:\n%s", want, history)
		}
		if history := env.Helm(t, "history", "web"); !strings.Contains(history, want) {
			t.Errorf("want %q in stock Helm's history, got:\n%s", want, history)
		}
	}
}

// expectLive checks the objects of the web chart.
func expectLive(t *testing.T, env *harness.Env, name string, replicas int32, greeting string) {
	t.Helper()
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: name}}
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if !env.Get(t, deployment) || !env.Get(t, config) {
		t.Fatalf("the objects of %s are not there", name)
	}
	if got := deployment.Status.ReadyReplicas; got != replicas {
		t.Errorf("%s has %d ready pods, want %d", name, got, replicas)
	}
	if got := config.Data["greeting"]; got != greeting {
		t.Errorf("%s greets with %q, want %q", name, got, greeting)
	}
}

// expectGone checks that nothing of the web chart and of Helm's is left.
func expectGone(t *testing.T, env *harness.Env, name string) {
	t.Helper()
	meta := metav1.ObjectMeta{Name: name}
	if env.Get(t, &appsv1.Deployment{ObjectMeta: meta}) || env.Get(t, &corev1.ConfigMap{ObjectMeta: meta}) {
		t.Errorf("objects of %s are left", name)
	}
	if left := strings.TrimSpace(env.Helm(t, "list", "--all", "--short")); left != "" {
		t.Errorf("stock Helm still lists %s", left)
	}
}
