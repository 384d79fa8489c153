package crash

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/test/e2e/harness"
)

// helmName is the name of every Helm release here; each has a namespace of its
// own, which is called as its HelmRelease.
const helmName = "web"

// An operation is what the controller is killed in.
type operation struct {
	why string
	// installed says that the release is there, at version 0.1.0, before the
	// operation begins.
	installed bool
	// timeout of hooks and waits: a failure takes that long.
	timeout time.Duration
	// begin asks for the operation.
	begin func(*testing.T, *stage, string)
	// over says whether a HelmRelease, nil if it is gone, has come to its end.
	over func(*v1alpha1.HelmRelease) bool
	// hooks are those of the operation.
	hooks []string
	// objects must be live then, and the rest must be as in want.
	objects []string
	want    ending
}

// operations are all that the controller performs.
var operations = map[string]operation{
	"Install": {
		why:     "An install that is cut off is made again, with its hooks, and what is there is taken over.",
		timeout: 2 * time.Minute,
		begin:   func(t *testing.T, s *stage, name string) { s.create(t, name) },
		over:    ready,
		hooks:   []string{"pre-install", "post-install"},
		objects: []string{"ConfigMap web", "ConfigMap web-before", "Deployment web", "Service web"},
		want: ending{
			Status: "deployed", Chart: "hooks-0.1.0", Newest: true, Listed: true, Deployed: 1, Ready: "True InstallSucceeded",
		},
	},
	"Upgrade": {
		why:       "An upgrade that is cut off goes forward.",
		installed: true, timeout: 2 * time.Minute,
		begin:   func(t *testing.T, s *stage, name string) { s.change(t, name, `{greeting: goodbye}`) },
		over:    ready,
		hooks:   []string{"pre-upgrade", "post-upgrade"},
		objects: []string{"ConfigMap web", "ConfigMap web-after", "Deployment web", "Service web"},
		want: ending{
			Status: "deployed", Chart: "hooks-0.2.0", Newest: true, Listed: true, Deployed: 1, Ready: "True UpgradeSucceeded",
		},
	},
	"Rollback": {
		why: "An upgrade that is cut off and fails is rolled back, and a rollback that is cut off is made again.",
		// The pods are never ready, so the upgrade takes this long to fail.
		installed: true, timeout: 30 * time.Second,
		begin: func(t *testing.T, s *stage, name string) {
			s.change(t, name, `{greeting: goodbye, podLabels: {fairlead.dev/test-pod: never-ready}}`)
		},
		over:    rolledBack,
		hooks:   []string{"pre-upgrade", "pre-rollback", "post-rollback"},
		objects: []string{"ConfigMap web", "ConfigMap web-before", "Deployment web", "Service web"},
		want: ending{
			Status: "deployed", Chart: "hooks-0.1.0", Newest: true, Listed: true, Deployed: 1,
			Ready: "False RetriesSpent", Remediated: "True RollbackSucceeded",
		},
	},
	"Uninstall": {
		why:       "An uninstall that is cut off is made again, and nothing is left.",
		installed: true, timeout: 2 * time.Minute,
		begin: func(t *testing.T, s *stage, name string) { s.remove(t, name) },
		over:  func(hr *v1alpha1.HelmRelease) bool { return hr == nil },
		hooks: []string{"pre-delete", "post-delete"},
		want:  ending{Listed: true},
	},
}

func ready(hr *v1alpha1.HelmRelease) bool { return hr != nil && harness.Ready(hr) }

// rolledBack is the end of what failed and may not be tried again.
func rolledBack(hr *v1alpha1.HelmRelease) bool {
	return hr != nil &&
		harness.Has(hr, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRetriesSpent) &&
		harness.Has(hr, v1alpha1.ConditionRemediated, metav1.ConditionTrue, "RollbackSucceeded")
}

// publish makes two versions of a chart: each has an object that the other has
// not, and a Service with other ports.
func publish(t *testing.T, charts *harness.ChartRepo) {
	t.Helper()
	for version, edits := range map[string][]harness.Edit{
		"0.1.0": {harness.Template("before.yaml", configMap("before")), harness.Template("service.yaml", service("{name: http, port: 80}"))},
		"0.2.0": {harness.Template("after.yaml", configMap("after")), harness.Template("service.yaml", service("{name: http, port: 80}, {name: admin, port: 81}"))},
	} {
		charts.Publish(t, harness.HooksChart, version, edits...)
	}
}

func configMap(suffix string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}-" + suffix + "'}\ndata: {is: here}\n"
}

func service(ports string) string {
	return "apiVersion: v1\nkind: Service\nmetadata: {name: '{{ .Release.Name }}'}\n" +
		"spec: {selector: {app: '{{ .Release.Name }}'}, ports: [" + ports + "]}\n"
}

// create asks for an install.
func (s *stage) create(t *testing.T, name string) {
	t.Helper()
	s.Create(t, harness.NewRelease(name, s.chart, harness.Timeout(s.timeout), harness.Interval(time.Hour),
		// An interruption must not count as a failure: one of those is too many.
		harness.OnInstallFailure("Retry", 0), harness.OnUpgradeFailure("Rollback", 0),
		func(hr *v1alpha1.HelmRelease) {
			hr.Spec.ReleaseName, hr.Spec.TargetNamespace = helmName, name
			hr.Spec.Install.CreateNamespace = true
			// What was there before has run no hooks.
			hr.Spec.Install.DisableHooks = s.installed
			if s.name != "uninstall" {
				hr.Spec.DeletionPolicy = v1alpha1.DeletionOrphan // the cluster ends with the test
			}
		}))
}

// change asks for an upgrade to version 0.2.0.
func (s *stage) change(t *testing.T, name, values string) {
	t.Helper()
	s.Change(t, name, func(hr *v1alpha1.HelmRelease) {
		hr.Spec.Chart.Repository.Version = "0.2.0"
		harness.Values(t, values)(hr)
	})
}

// remove asks for an uninstall.
func (s *stage) remove(t *testing.T, name string) {
	t.Helper()
	if err := s.Client.Delete(t.Context(), s.Release(t, name)); err != nil {
		t.Fatal(err)
	}
}
