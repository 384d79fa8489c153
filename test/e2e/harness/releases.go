package harness

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
)

// A Change makes a HelmRelease what a test needs.
type Change func(*v1alpha1.HelmRelease)

// NewRelease returns a HelmRelease with short times: the source is asked every
// ten seconds, and an operation may take a minute.
func NewRelease(name string, changes ...Change) *v1alpha1.HelmRelease {
	hr := &v1alpha1.HelmRelease{ObjectMeta: metav1.ObjectMeta{Name: name}}
	hr.Spec.Interval = metav1.Duration{Duration: 10 * time.Second}
	Timeout(time.Minute)(hr)
	for _, change := range changes {
		change(hr)
	}
	return hr
}

// FromRepository takes the chart from a Helm repository.
func FromRepository(url, chart, version string) Change {
	return func(hr *v1alpha1.HelmRelease) {
		hr.Spec.Chart = v1alpha1.ChartSource{Repository: &v1alpha1.RepositoryChart{URL: url, Name: chart, Version: version}}
	}
}

// FromGit takes the chart from a path on the branch main.
func FromGit(url, path string) Change {
	return func(hr *v1alpha1.HelmRelease) {
		hr.Spec.Chart = v1alpha1.ChartSource{Git: &v1alpha1.GitChart{URL: url, Path: path, Ref: &v1alpha1.GitRef{Branch: "main"}}}
	}
}

// Values sets the values from YAML or JSON text.
func Values(t testing.TB, text string) Change {
	t.Helper()
	values := map[string]any{}
	if err := yamlInto(text, &values); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return func(hr *v1alpha1.HelmRelease) { hr.Spec.Values = &apiextensionsv1.JSON{Raw: raw} }
}

// Timeout sets the timeout of install and upgrade.
func Timeout(timeout time.Duration) Change {
	return func(hr *v1alpha1.HelmRelease) {
		hr.Spec.Install.Timeout.Duration = timeout
		hr.Spec.Upgrade.Timeout.Duration = timeout
	}
}

// Interval sets how often the source is asked.
func Interval(interval time.Duration) Change {
	return func(hr *v1alpha1.HelmRelease) { hr.Spec.Interval.Duration = interval }
}

// OnUpgradeFailure sets what follows a failed upgrade.
func OnUpgradeFailure(strategy string, retries int32) Change {
	return func(hr *v1alpha1.HelmRelease) {
		hr.Spec.Upgrade.OnFailure = v1alpha1.UpgradeFailure{Strategy: strategy, Retries: &retries}
	}
}

// OnInstallFailure sets what follows a failed install.
func OnInstallFailure(strategy string, retries int32) Change {
	return func(hr *v1alpha1.HelmRelease) {
		hr.Spec.Install.OnFailure = v1alpha1.InstallFailure{Strategy: strategy, Retries: &retries}
	}
}

// Status returns a HelmRelease's name, generation and status as YAML, for
// messages.
func Status(hr *v1alpha1.HelmRelease) string {
	return fmt.Sprintf("HelmRelease %s/%s, generation %d, status:\n%s", hr.Namespace, hr.Name, hr.Generation, yamlOf(hr.Status))
}
