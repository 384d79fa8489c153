package e2e

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/test/e2e/harness"
)

// widget is an object of a kind that is not served until somebody defines it.
const widget = `{{- if .Values.widget }}
apiVersion: unserved.example.com/v1
kind: Widget
metadata:
  name: {{ .Release.Name }}
spec: {size: 3}
{{- end }}
`

const widgets = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.unserved.example.com}
spec:
  group: unserved.example.com
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`

// TestUnservedAPIs installs charts with kinds that the cluster does not serve:
// they wait, without a trace in the cluster and without asking it, for something
// to change that may help.
func TestUnservedAPIs(t *testing.T) {
	env := harness.New(t)
	t.Run("Flux", func(t *testing.T) {
		// Its templates are of 2018: apps/v1beta2 is served up to Kubernetes 1.15,
		// the others up to 1.21.
		charts := harness.NewChartRepo(t)
		charts.PublishReal(t, "weaveworks/flux-*.tgz")
		own := env.Elsewhere(t)
		before := own.Stand(t)
		kinds := []string{"apps/v1beta2 Deployment", "rbac.authorization.k8s.io/v1beta1 ClusterRole",
			"rbac.authorization.k8s.io/v1beta1 ClusterRoleBinding"}
		own.Create(t, harness.NewRelease("flux", harness.FromRepository(charts.URL, "flux", "0.2.2")))
		expectStalled(t, own, "flux", "flux 0.2.2", 1, kinds...)
		expectNoTrace(t, own, before)
		expectStill(t, own, charts, "flux")

		own.Change(t, "flux", harness.Values(t, `{helmOperator: {create: true}}`))
		expectStalled(t, own, "flux", "flux 0.2.2", 2,
			append([]string{"apiextensions.k8s.io/v1beta1 CustomResourceDefinition"}, kinds...)...)
		own.Change(t, "flux", harness.FromRepository(charts.URL, "flux", "0.2.1"))
		expectStalled(t, own, "flux", "flux 0.2.1", 3,
			append([]string{"apiextensions.k8s.io/v1beta1 CustomResourceDefinition"}, kinds...)...)
		expectNoTrace(t, own, before)
	})
	t.Run("MendedByValues", func(t *testing.T) {
		own := env.Elsewhere(t)
		stalledWidget(t, own)
		own.Change(t, "web", harness.Values(t, `{widget: false}`))
		own.AwaitReady(t, "web")
		expectLive(t, own, "web", 1, "hello")
	})
	t.Run("MendedByTheChart", func(t *testing.T) {
		own := env.Elsewhere(t)
		charts := stalledWidget(t, own)
		charts.Publish(t, harness.WebChart, "1.1.0")
		own.AwaitReady(t, "web")
		expectLive(t, own, "web", 1, "hello")
	})
	t.Run("MendedByTheCluster", func(t *testing.T) {
		own := env.Elsewhere(t)
		before := own.Stand(t)
		charts := stalledWidget(t, own)
		expectNoTrace(t, own, before)
		expectStill(t, own, charts, "web")
		// The history remembers for the next process what it was refused for.
		own.Controller.Stop(t)
		looks := len(charts.Requests())
		own.Controller.Start(t)
		harness.Eventually(t, harness.Patience, "the source to be asked after a restart", func() bool {
			return len(charts.Requests()) > looks
		}, func() string { return strings.Join(charts.Requests(), "\n") })
		expectStill(t, own, charts, "web")

		own.Apply(t, widgets)
		own.AwaitReady(t, "web")
		expectLive(t, own, "web", 1, "hello")
		own.Kubectl(t, "get", "widgets.unserved.example.com", "web")

		// When the kind goes before the release does, nothing gets stuck.
		own.Kubectl(t, "delete", "crd", "widgets.unserved.example.com")
		own.Delete(t, "web")
		expectNoTrace(t, own, before)
	})
}

// stalledWidget creates a release that waits for a kind to be served.
func stalledWidget(t *testing.T, env *harness.Env) *harness.ChartRepo {
	t.Helper()
	charts := harness.NewChartRepo(t)
	charts.Publish(t, harness.WebChart, "1.0.0", harness.Template("widget.yaml", widget))
	env.Create(t, harness.NewRelease("web", harness.FromRepository(charts.URL, "web", "^1"), harness.Values(t, `{widget: true}`)))
	expectStalled(t, env, "web", "web 1.0.0", 1, "unserved.example.com/v1 Widget")
	return charts
}

// expectStalled waits until a release is stalled after so many attempts, none of
// them repeated, and reads which kinds are missing, and what would help.
func expectStalled(t *testing.T, env *harness.Env, name, chart string, attempts int, kinds ...string) {
	t.Helper()
	hr := env.AwaitCondition(t, name, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonKindsNotServed)
	missing := "he cluster does not serve " + strings.Join(kinds, ", ")
	want := map[string]string{
		v1alpha1.ConditionReady:    "Install of chart " + chart + " failed: t" + missing,
		v1alpha1.ConditionReleased: "T" + missing,
		v1alpha1.ConditionStalled:  "T" + missing + "; it is tried again when chart, values or the kinds that the cluster serves change",
	}
	for kind, message := range want {
		if diff := cmp.Diff(message, hr.Condition(kind).Message); diff != "" {
			t.Errorf("the message of %s: -want +got:\n%s", kind, diff)
		}
	}
	if !harness.Has(hr, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonKindsNotServed) ||
		hr.Condition(v1alpha1.ConditionReconciling) != nil {
		t.Errorf("want it not Ready and nothing under way:%s", harness.Status(hr))
	}
	if hr.Status.Revision != 0 || len(hr.Status.History) != attempts || hr.Status.History[0].Count > 1 {
		t.Errorf("want %d attempts, and no revision of any:%s", attempts, harness.Status(hr))
	}
}

// expectNoTrace looks for objects, in the namespace and the whole cluster, and
// for a record of Helm's.
func expectNoTrace(t *testing.T, env *harness.Env, before harness.Standing) {
	t.Helper()
	if there := env.Picture(t, before); len(there) > 0 {
		t.Errorf("objects are there: %v", slices.Sorted(maps.Keys(there)))
	}
	if listed := strings.TrimSpace(env.Helm(t, "list", "--all", "--short")); listed != "" {
		t.Errorf("stock Helm lists %s", listed)
	}
	if records := env.Kubectl(t, "get", "secrets", "--selector", "owner=helm", "--output", "name"); records != "" {
		t.Errorf("there are records: %s", records)
	}
}

// expectStill lets the controller look at a release and its source again, by
// itself and because it is asked to: nothing is tried, and the cluster is asked
// for nothing but to note that.
func expectStill(t *testing.T, env *harness.Env, charts *harness.ChartRepo, name string) {
	t.Helper()
	was := env.Release(t, name)
	asked := env.Requests(t)
	looks := len(charts.Requests())
	harness.Eventually(t, harness.Patience, "the source to be asked again", func() bool {
		return len(charts.Requests()) > looks
	}, func() string { return strings.Join(charts.Requests(), "\n") })
	if got := asked(); len(got) > 0 {
		t.Errorf("a stalled release should ask the cluster for nothing:\n%s", got)
	}
	at := env.ReconcileNow(t, name)
	hr := env.Await(t, name, "be looked at", func(hr *v1alpha1.HelmRelease) bool { return hr.Status.LastHandledReconcileAt == at })
	want := harness.Requests{{Verb: "patch", Resource: "helmreleases.fairlead.dev/status", Namespace: env.Namespace, Name: name, Code: 200}}
	if diff := cmp.Diff(want, asked()); diff != "" {
		t.Errorf("a reconcile that an annotation asked for: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(was.Status.History, hr.Status.History); diff != "" {
		t.Errorf("something was tried: -before +after:\n%s", diff)
	}
}
