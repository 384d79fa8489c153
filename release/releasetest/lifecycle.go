package releasetest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead-dev/fairlead/release"
)

// lifecycle: a release comes, changes, goes back and goes.
func lifecycle(t *testing.T, e EngineUnderTest) {
	t.Helper()
	t.Run("InstallUpgradeRollbackUninstall", func(t *testing.T) { fullLife(newScene(t, e)) })
	t.Run("ResetsValues", func(t *testing.T) { resetsValues(newScene(t, e)) })
	t.Run("KeepsSoManyRevisions", func(t *testing.T) { keepsSoMany(newScene(t, e)) })
	t.Run("MakesTheNamespace", func(t *testing.T) { makesNamespace(newScene(t, e)) })
	t.Run("TemplatesSeeTheCluster", func(t *testing.T) { seesCluster(newScene(t, e)) })
	t.Run("Warnings", func(t *testing.T) { tellsWarnings(newScene(t, e)) })
	t.Run("UninstallOfNothing", func(t *testing.T) {
		s := newScene(t, e)
		if err := s.uninstall(); err != nil {
			t.Errorf("uninstalling what is not there: %v", err)
		}
	})
}

func fullLife(s *scene) {
	s.Helper()
	res := s.must(s.install("one", waiting(request("1.0.0", good), 30*time.Second)))
	if res.Revision != 1 {
		s.Errorf("revision %d, want 1", res.Revision)
	}
	s.has(true, configMaps, "settings")
	s.has(true, deployments, "web")
	first := s.record(1)
	first.Created, first.Modified, first.Operation = time.Time{}, time.Time{}, ""
	want := release.Record{
		Revision: 1, Status: release.StatusDeployed, Action: release.Install, Digest: "one",
		Outcome: release.Succeeded, Cause: "because of one", Chart: "web 1.0.0", App: "1.0.0",
	}
	if diff := cmp.Diff(want, first); diff != "" {
		s.Errorf("record of the install: -want +got\n%s", diff)
	}

	changed := with(good, files(map[string]string{"extra": extra}))
	delete(changed, "templates/service.yaml")
	s.must(s.upgrade("two", waiting(request("1.1.0", changed), 30*time.Second)))
	s.has(true, configMaps, "settings", "extra")
	s.same([]release.Status{release.StatusSuperseded, release.StatusDeployed})

	s.must(s.rollback("two", 1, release.RollbackRequest{Timeout: 30 * time.Second, Wait: true}))
	s.has(false, configMaps, "extra")
	s.same([]release.Status{release.StatusSuperseded, release.StatusSuperseded, release.StatusDeployed})
	if got := s.record(3); got.Digest != "one" || got.Tried != "two" || got.Action != release.Rollback {
		s.Errorf("the rollback's record has digest %q, tried %q, action %q", got.Digest, got.Tried, got.Action)
	}

	if err := s.uninstall(); err != nil {
		s.Fatal(err)
	}
	s.has(false, configMaps, "settings", "extra")
	s.has(false, deployments, "web")
	s.same([]release.Status{})
}

// same fails the test unless these are the statuses of the records.
func (s *scene) same(want []release.Status) {
	s.Helper()
	if diff := cmp.Diff(want, s.statuses()); diff != "" {
		s.Errorf("statuses of the records: -want +got\n%s", diff)
	}
}

func resetsValues(s *scene) {
	s.Helper()
	req := request("1.0.0", files(map[string]string{"settings": configMap}))
	req.Values = map[string]any{"colour": "red"}
	s.must(s.install("one", req))
	req.Values = nil
	s.must(s.upgrade("two", req))
	colour := s.get(configMaps, "settings").Object["data"].(map[string]any)["colour"]
	if colour != "blue" {
		s.Errorf("colour %q after an upgrade without values, want the chart's own, blue", colour)
	}
}

// seesCluster: lookup and Capabilities tell of the cluster, as with Helm.
func seesCluster(s *scene) {
	s.Helper()
	s.must(s.install("one", request("1.0.0", files(map[string]string{"seen": `
apiVersion: v1
kind: ConfigMap
metadata: {name: seen}
data:
  found: {{ (lookup "v1" "Namespace" "" .Release.Namespace).metadata.name | quote }}
  missing: {{ lookup "v1" "ConfigMap" .Release.Namespace "nothing" | toJson | quote }}
  version: {{ semverCompare ">=1.25.0-0" .Capabilities.KubeVersion.Version | quote }}
  group: {{ .Capabilities.APIVersions.Has "apps/v1" | quote }}
  kind: {{ .Capabilities.APIVersions.Has "apps/v1/Deployment" | quote }}
  gone: {{ .Capabilities.APIVersions.Has "extensions/v1beta1" | quote }}
`}))))
	want := map[string]any{
		"found": s.key.Namespace, "missing": "{}", "version": "true", "group": "true", "kind": "true", "gone": "false",
	}
	if diff := cmp.Diff(want, s.get(configMaps, "seen").Object["data"]); diff != "" {
		s.Errorf("what templates see: -want +got\n%s", diff)
	}
}

// tellsWarnings: the API server does not refuse a typing mistake, it warns.
func tellsWarnings(s *scene) {
	s.Helper()
	mistaken := strings.Replace(deployment, "replicas:", "replicaz:", 1)
	res := s.must(s.install("one", request("1.0.0", files(map[string]string{"deployment": mistaken}))))
	if len(res.Warnings) != 1 || !strings.Contains(res.Warnings[0], `unknown field "spec.replicaz"`) {
		s.Errorf("warnings %q, want the unknown field", res.Warnings)
	}
}

func keepsSoMany(s *scene) {
	s.Helper()
	req := request("1.0.0", files(map[string]string{"settings": configMap}))
	req.MaxHistory = 2
	s.must(s.install("1", req))
	for _, colour := range []string{"red", "green", "white"} {
		req.Values = map[string]any{"colour": colour}
		s.must(s.upgrade(colour, req))
	}
	s.same([]release.Status{release.StatusSuperseded, release.StatusDeployed})
}

func makesNamespace(s *scene) {
	s.Helper()
	s.key.Namespace += "-new"
	req := request("1.0.0", files(map[string]string{"settings": configMap}))
	failure := s.fails(release.KindRefused)(s.install("one", req))
	if want := "namespace " + s.key.Namespace + " does not exist: create it, or set install.createNamespace"; failure.Message != want {
		s.Errorf("message %q, want %q", failure.Message, want)
	}
	req.CreateNamespace = true
	s.must(s.install("one", req))
	s.has(true, configMaps, "settings")
}
