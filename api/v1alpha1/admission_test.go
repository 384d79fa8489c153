package v1alpha1

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"
)

// newClient starts an API server that serves the generated CRDs.
func newClient(t *testing.T) client.Client {
	t.Helper()
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Fatal("KUBEBUILDER_ASSETS is not set: run this with `make test`, which sets it and builds what is there")
	}
	server := &envtest.Environment{CRDDirectoryPaths: []string{filepath.Join("..", "..", "deploy", "crds")}, ErrorIfCRDPathMissing: true}
	config, err := server.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	c, err := client.New(config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	repository = `chart: {repository: {url: "https://charts.example.com", name: web}}`
	git        = `chart: {git: {url: "https://git.example.com/web.git"}}`
)

func object(t *testing.T, name, spec string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{Object: map[string]any{}}
	if err := yaml.Unmarshal([]byte(spec), &o.Object); err != nil {
		t.Fatal(err)
	}
	o.Object = map[string]any{"spec": o.Object}
	o.SetGroupVersionKind(GroupVersion.WithKind("HelmRelease"))
	o.SetNamespace("default")
	o.SetName(name)
	return o
}

func TestAdmission(t *testing.T) {
	c := newClient(t)
	for name, tc := range map[string]struct {
		why  string
		name string
		spec string
		// says is in the refusal; empty where the object is accepted.
		says string
	}{
		"Repository":  {why: "the shortest spec", spec: repository},
		"Git":         {why: "HEAD and the root are the defaults", spec: git},
		"AnyRange":    {why: "a permissive pattern never refuses a valid range", spec: `chart: {repository: {url: "http://x", name: web, version: ">=1.2.0-0 <2 || ~3.1.x, !=3.1.4+build.5"}}`},
		"Retries":     {why: "as many as the history can hold", spec: repository + "\nupgrade: {onFailure: {retries: 7}}"},
		"KeepAll":     {why: "0 keeps all, whatever the retries", spec: repository + "\nmaxHistory: 0\nupgrade: {onFailure: {retries: 20}}"},
		"BothSources": {why: "a chart has one source", spec: `chart: {repository: {url: "https://x", name: web}, git: {url: "https://x"}}`, says: "chart needs exactly one of repository and git"},
		"NoSource":    {why: "a chart has a source", spec: "chart: {}", says: "chart needs exactly one of repository and git"},
		"Password":    {why: "an object is no place for a password", spec: `chart: {git: {url: "https://joe:secret@x/y.git"}}`, says: "must not hold credentials (use secretRef)"},
		"SSH":         {why: "it does not work yet", spec: `chart: {git: {url: "git@x:y.git"}}`, says: "url must begin with http:// or https://"},
		"TwoRefs":     {why: "one thing can be followed", spec: `chart: {git: {url: "https://x", ref: {branch: a, tag: b}}}`, says: "ref needs exactly one of branch, tag and commit"},
		"ShortCommit": {why: "a short hash may name two commits", spec: `chart: {git: {url: "https://x", ref: {commit: abc1234}}}`, says: "commit must be a full hash"},
		"Escape":      {why: "a path stays in its repository", spec: `chart: {git: {url: "https://x", path: a/../../b}}`, says: "must not contain .."},
		"NotARange":   {why: "no version has a space and an ampersand", spec: `chart: {repository: {url: "https://x", name: web, version: "1 && 2"}}`, says: "version must be a semver version or range"},
		"Interval":    {why: "a source is not asked every second", spec: repository + "\ninterval: 1s", says: "interval must be at least 10s"},
		"NoDuration":  {why: "the message says what to write", spec: repository + "\ninstall: {timeout: soon}", says: "timeout must be between 1s and 24h, for example 5m"},
		"LongTimeout": {why: "a day is the most", spec: repository + "\nupgrade: {timeout: 25h}", says: "timeout must be between 1s and 24h"},
		"MaxHistory":  {why: "the last good revision must still be there", spec: repository + "\nmaxHistory: 5", says: "maxHistory must be 0 (keep all) or at least upgrade.onFailure.retries + 3"},
		"ManyRetries": {why: "status must be able to count them", spec: repository + "\nmaxHistory: 0\ninstall: {onFailure: {retries: 21}}", says: "spec.install.onFailure.retries"},
		"Strategy":    {why: "an install has nothing to roll back to", spec: repository + "\ninstall: {onFailure: {strategy: Rollback}}", says: `"Retry", "Uninstall", "None"`},
		"LongName":    {why: "Helm allows 53 characters", name: strings.Repeat("a", 54), spec: repository, says: "set spec.releaseName to a shorter one"},
		"LongNameOK":  {why: "the release's own name counts", name: strings.Repeat("b", 54), spec: repository + "\nreleaseName: b"},
		"Values":      {why: "values are an object", spec: repository + "\nvalues: [1]", says: "spec.values"},
		"NullValues":  {why: "a null deletes a default and is kept", spec: repository + "\nvalues: {a: null, b: {c: [1, x]}}"},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.name == "" {
				tc.name = strings.ToLower(name)
			}
			err := c.Create(t.Context(), object(t, tc.name, tc.spec))
			switch {
			case tc.says == "" && err != nil:
				t.Errorf("%s: refused: %v", tc.why, err)
			case tc.says != "" && (!apierrors.IsInvalid(err) || !strings.Contains(err.Error(), tc.says)):
				t.Errorf("%s: want a refusal that says %q, got %v", tc.why, tc.says, err)
			}
		})
	}
}

func TestDefaultsAndImmutability(t *testing.T) {
	c := newClient(t)
	o := object(t, "web", repository+"\nvalues: {a: null}")
	if err := c.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]any{
		"interval": "10m", "deletionPolicy": "Uninstall", "maxHistory": int64(10), "install.timeout": "5m", "install.wait": true,
		"install.onFailure.strategy": "Retry", "install.onFailure.retries": int64(3), "upgrade.timeout": "5m", "upgrade.wait": true,
		"upgrade.onFailure.strategy": "Rollback", "upgrade.onFailure.retries": int64(3), "values.a": nil,
	} {
		got, found, err := unstructured.NestedFieldNoCopy(o.Object, append([]string{"spec"}, strings.Split(path, ".")...)...)
		if err != nil || !found || got != want {
			t.Errorf("spec.%s = %v (found %t, %v), want %v", path, got, found, err, want)
		}
	}
	for field, says := range map[string]string{
		"releaseName":     "releaseName cannot be changed",
		"targetNamespace": "targetNamespace cannot be changed",
	} {
		changed := o.DeepCopy()
		if err := unstructured.SetNestedField(changed.Object, "other", "spec", field); err != nil {
			t.Fatal(err)
		}
		if err := c.Update(t.Context(), changed); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("changing %s: want a refusal that says %q, got %v", field, says, err)
		}
	}
}
