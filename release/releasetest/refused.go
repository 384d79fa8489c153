package releasetest

import (
	"context"
	"strings"
	"testing"

	"github.com/fairlead-dev/fairlead/release"
)

// says fails the test unless a message has all of these parts, on one line.
func (s *scene) says(e *release.Error, parts ...string) {
	s.Helper()
	for _, p := range parts {
		if !strings.Contains(e.Message, p) {
			s.Errorf("message %q does not say %q", e.Message, p)
		}
	}
	if strings.ContainsAny(e.Message, "\n\r\t") || strings.HasSuffix(e.Message, ".") {
		s.Errorf("message %q is not one line without a full stop", e.Message)
	}
}

// refused: what can never work leaves no trace and says why.
func refused(t *testing.T, e EngineUnderTest) {
	t.Helper()
	cases := map[string]struct {
		why    string
		files  map[string]string
		values map[string]any
		kind   release.Kind
		says   []string
	}{
		"UnknownKinds": {
			why:   "A chart for an old cluster names all the kinds that are gone.",
			files: files(map[string]string{"settings": configMap, "old": unservedKind}),
			kind:  release.KindUnknownKinds,
			says: []string{
				"the cluster does not serve extensions/v1beta1 Deployment, rbac.authorization.k8s.io/v1beta1 ClusterRole",
			},
		},
		"UnknownKindInAHook": {
			why: "Helm reads hooks only when it runs them, after the record.",
			files: files(map[string]string{
				"settings": configMap,
				"hook":     strings.Replace(job("hook", "post-install", ""), "batch/v1", "batch/v1beta1", 1),
			}),
			kind: release.KindUnknownKinds,
			says: []string{"the cluster does not serve batch/v1beta1 Job"},
		},
		"NilValue": {
			why:   "The most common mistake: a value that is not there.",
			files: files(map[string]string{"settings": "\nkind: ConfigMap\nname: {{ .Values.image.tag }}\n"}),
			kind:  release.KindRender,
			says:  []string{"template web/templates/settings.yaml:2: nil pointer evaluating interface {}.tag"},
		},
		"NilValueInAnInclude": {
			why: "The line that is told is the one that fails, not the one that includes it.",
			files: with(files(map[string]string{"settings": `kind: {{ include "web.kind" . }}`}), map[string]string{
				"templates/_helpers.tpl": "{{ define \"web.kind\" }}\n{{ .Values.a.b }}{{ end }}",
			}),
			kind: release.KindRender,
			says: []string{"template web/templates/_helpers.tpl:2: nil pointer evaluating interface {}.b"},
		},
		"SaidByTheChart": {
			why:   "What fail and required say is for the user.",
			files: files(map[string]string{"settings": "\n{{ required \"set the colour\" .Values.colour }}"}),
			kind:  release.KindRender,
			says:  []string{"template web/templates/settings.yaml:1: set the colour"},
		},
		"TemplateSyntax": {
			why:   "A template that cannot be parsed.",
			files: files(map[string]string{"settings": "a: b\n{{ if }}\n"}),
			kind:  release.KindRender,
			says:  []string{"template web/templates/settings.yaml:2: missing value for if"},
		},
		"NotYAML": {
			why:   "A template that gives no YAML.",
			files: files(map[string]string{"settings": "kind: ConfigMap\n  name: settings\n"}),
			kind:  release.KindRender,
			says:  []string{"template web/templates/settings.yaml gives no valid YAML", "line 2"},
		},
		"NoObject": {
			why:   "A template that gives YAML, but no object.",
			files: files(map[string]string{"settings": "colour: blue\n"}),
			kind:  release.KindRender,
		},
		"Schema": {
			why: "The path and the rule are told, the value is not.",
			files: with(good, map[string]string{
				"values.schema.json": `{"properties": {"replicas": {"type": "integer"}}}`,
			}),
			values: map[string]any{"replicas": "hunter2"},
			kind:   release.KindValues,
			says:   []string{"replicas: got string, want integer"},
		},
		"KubeVersion": {
			why: "A chart for a later cluster.",
			files: with(good, map[string]string{
				"Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\nkubeVersion: \">=1.999.0\"\n",
			}),
			kind: release.KindChart,
			says: []string{"chart web 1.0.0 needs Kubernetes >=1.999.0, the cluster runs v1."},
		},
		"MissingDependency": {
			why: "Helm's library would go on without it.",
			files: with(good, map[string]string{
				"Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies: [{name: db, version: 1.x.x, repository: \"https://charts.example\"}]\n",
			}),
			kind: release.KindChart,
			says: []string{"db"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, e)
			s.key.Namespace += "-new"
			req := request("1.0.0", c.files)
			req.Values, req.CreateNamespace = c.values, true
			s.refuses(c.kind, c.says, func() (release.Result, error) { return s.install("one", req) })
			if s.get(namespaces, s.key.Namespace) != nil {
				t.Error("the namespace was made")
			}

			s = newScene(t, e)
			s.must(s.install("one", request("0.9.0", files(map[string]string{"settings": configMap}))))
			req.CreateNamespace = false
			if name != "UnknownKindInAHook" {
				s.refuses(c.kind, c.says, func() (release.Result, error) { return s.upgrade("two", req) })
			}
			s.same([]release.Status{release.StatusDeployed})
		})
	}
	t.Run("NotAnArchive", func(t *testing.T) { notAnArchive(newScene(t, e)) })
	t.Run("Conflict", func(t *testing.T) { conflicting(newScene(t, e)) })
	t.Run("InvalidObject", func(t *testing.T) { invalidObject(newScene(t, e)) })
}

func (s *scene) refuses(kind release.Kind, says []string, do func() (release.Result, error)) {
	s.Helper()
	failure := s.fails(kind)(do())
	s.says(failure, says...)
	if strings.Contains(failure.Message, "hunter2") {
		s.Errorf("message %q tells a value", failure.Message)
	}
	if !failure.Deterministic || failure.Revision != 0 {
		s.Errorf("deterministic %t, revision %d; want true and 0", failure.Deterministic, failure.Revision)
	}
}

func notAnArchive(s *scene) {
	s.Helper()
	req := request("1.0.0", good)
	req.Chart.Archive = func(context.Context) ([]byte, error) { return []byte("<html>not found</html>"), nil }
	s.refuses(release.KindChart, []string{"chart web 1.0.0 cannot be loaded"}, func() (release.Result, error) {
		return s.install("one", req)
	})
}

// conflicting: what belongs to somebody else is left alone. It may go away, so
// that is not for ever.
func conflicting(s *scene) {
	s.Helper()
	s.create(configMaps, s.key.Namespace, map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "settings"},
	})
	failure := s.fails(release.KindConflict)(s.install("one", request("1.0.0", good)))
	s.says(failure, "ConfigMap "+s.key.Namespace+"/settings exists and belongs to no Helm release")
	if failure.Deterministic {
		s.Error("a conflict may go away")
	}
	s.same([]release.Status{})
}

// invalidObject: what the API server refuses is named, and what it says about it.
func invalidObject(s *scene) {
	s.Helper()
	s.must(s.install("one", request("1.0.0", good)))
	moved := strings.ReplaceAll(deployment, "app: web", "app: moved")
	bad := with(good, files(map[string]string{"deployment": moved}))
	failure := s.fails(release.KindRefused)(s.upgrade("two", request("2.0.0", bad)))
	s.says(failure, "Deployment "+s.key.Namespace+"/web", "field is immutable")
	s.same([]release.Status{release.StatusDeployed, release.StatusFailed})
}

// survivesPanics: one release that panics ends nothing but its operation.
func survivesPanics(t *testing.T, e EngineUnderTest) {
	t.Helper()
	s := newScene(t, e)
	req := request("1.0.0", good)
	req.Chart.Archive = func(context.Context) ([]byte, error) { panic("out of the blue") }
	s.says(s.fails(release.KindPanic)(s.install("one", req)), "out of the blue")
	s.must(s.install("one", request("1.0.0", good)))
}
