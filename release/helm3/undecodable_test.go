package helm3_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/helm3"
	"github.com/fairlead-dev/fairlead/release/releasetest"
)

const garbage = "%%%"

// A spoiled is a release of two revisions, records of which cannot be decoded.
// ConfigMap both is in both revisions, second in the deployed one only.
type spoiled struct {
	*testing.T
	*helm3.Engine
	live kubernetes.Interface
	key  release.Key
}

func newSpoiled(t *testing.T, name string, revisions ...int) *spoiled {
	t.Helper()
	cfg := releasetest.Cluster(t)
	namespace(t, cfg, name)
	live, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := &spoiled{T: t, Engine: started(t, cfg), live: live, key: release.Key{Namespace: name, Name: "web"}}
	if _, err := s.Install(t.Context(), operation(release.Install, name), request(plus("both"))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Upgrade(t.Context(), operation(release.Upgrade, name), request(plus("both", "second"))); err != nil {
		t.Fatal(err)
	}
	for _, revision := range revisions {
		secrets := live.CoreV1().Secrets(name)
		record, err := secrets.Get(t.Context(), recordName(revision), metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		record.Data["release"] = []byte(garbage)
		if _, err := secrets.Update(t.Context(), record, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func recordName(revision int) string { return fmt.Sprintf("sh.helm.release.v1.web.v%d", revision) }

// plus is the chart of three objects with ConfigMaps of these names.
func plus(names ...string) map[string]string {
	files := maps.Clone(three)
	for _, name := range names {
		files["templates/"+name+".yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata: {here: \"yes\"}\n"
	}
	return files
}

// configMaps returns the names of those that are live, in order.
func (s *spoiled) configMaps() []string {
	s.Helper()
	list, err := s.live.CoreV1().ConfigMaps(s.key.Namespace).List(s.Context(), metav1.ListOptions{})
	if err != nil {
		s.Fatal(err)
	}
	var names []string
	for _, item := range list.Items {
		if item.Name != "kube-root-ca.crt" {
			names = append(names, item.Name)
		}
	}
	return names
}

// same fails the test unless two values are equal.
func (s *spoiled) same(what string, want, got any) {
	s.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("%s: -want +got\n%s", what, diff)
	}
}

func (s *spoiled) statuses() []release.Status {
	var out []release.Status
	for _, rec := range s.Records(s.key) {
		out = append(out, rec.Status)
	}
	return out
}

// An upgrade from a deployed revision that cannot be decoded adopts what is live,
// and takes back what the readable revision before it had.
func TestUpgradeFromUndecodable(t *testing.T) {
	s := newSpoiled(t, "undecodable-upgrade", 2)
	settings := func() (uid, colour string) {
		t.Helper()
		obj, err := s.live.CoreV1().ConfigMaps(s.key.Namespace).Get(t.Context(), "settings", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return string(obj.UID), obj.Data["colour"]
	}
	was, _ := settings()
	req := request(three)
	req.Values = map[string]any{"colour": "red"}
	res, err := s.Upgrade(t.Context(), operation(release.Upgrade, s.key.Namespace), req)
	if err != nil {
		t.Fatal(err)
	}
	s.same("warnings", []string{"revision 2 cannot be decoded: what only it had is not removed"}, res.Warnings)
	s.same("statuses", []release.Status{release.StatusSuperseded, release.StatusSuperseded, release.StatusDeployed}, s.statuses())
	s.same("ConfigMaps", []string{"second", "settings"}, s.configMaps())
	uid, colour := settings()
	s.same("the live object's uid", was, uid)
	s.same("its colour", "red", colour)
	record, err := s.live.CoreV1().Secrets(s.key.Namespace).Get(t.Context(), recordName(2), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.same("the body", garbage, string(record.Data["release"]))

	res, err = s.Upgrade(t.Context(), operation(release.Upgrade, s.key.Namespace), request(three))
	if err != nil || len(res.Warnings) > 0 {
		t.Errorf("the next upgrade: %v, warnings %v", err, res.Warnings)
	}
}

func TestUninstallOfUndecodable(t *testing.T) {
	cases := map[string]struct {
		why       string
		namespace string
		spoil     []int
		left      []string
		service   bool
		warnings  []string
	}{
		"OlderIsReadable": {
			why:       "What the newest readable revision had is deleted.",
			namespace: "undecodable-newest", spoil: []int{2},
			left:     []string{"second"},
			warnings: []string{"revision 2 cannot be decoded: what only it had is not removed"},
		},
		"NoneIsReadable": {
			why:       "Nobody knows what to delete, and the release is let go.",
			namespace: "undecodable-all", spoil: []int{1, 2},
			left: []string{"both", "second", "settings"}, service: true,
			warnings: []string{
				"revision 2 cannot be decoded: what only it had is not removed",
				"revision 1 cannot be decoded: what only it had is not removed",
				"no revision can be decoded: only the records are removed, the objects stay",
			},
		},
		"NewestIsReadable": {
			why:       "An old one disturbs nobody.",
			namespace: "undecodable-old", spoil: []int{1},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSpoiled(t, c.namespace, c.spoil...)
			res, err := s.Uninstall(t.Context(), operation(release.Uninstall, c.namespace),
				release.UninstallRequest{Timeout: 30 * time.Second, Wait: true})
			if err != nil {
				t.Fatalf("%s: %v", c.why, err)
			}
			s.same("warnings", c.warnings, res.Warnings)
			s.same("ConfigMaps", c.left, s.configMaps())
			s.same("records", []release.Status(nil), s.statuses())
			_, err = s.live.CoreV1().Services(c.namespace).Get(t.Context(), "web", metav1.GetOptions{})
			if got := !apierrors.IsNotFound(err); got != c.service {
				t.Errorf("the Service is live: %t, want %t: %v", got, c.service, err)
			}
		})
	}
}

// A rollback to a revision that cannot be decoded is refused for good, so that
// the next try goes forward.
func TestRollbackToUndecodable(t *testing.T) {
	s := newSpoiled(t, "undecodable-target", 1)
	was := s.statuses()
	op := operation(release.Rollback, s.key.Namespace)
	op.Target = 1
	_, err := s.Rollback(t.Context(), op, release.RollbackRequest{Timeout: 30 * time.Second, Wait: true})
	var failure *release.Error
	if !errors.As(err, &failure) || failure.Kind != release.KindStorage || !failure.Deterministic || failure.Revision != 0 {
		t.Errorf("got %+v, want a deterministic error of storage, without a revision", failure)
	}
	if got := s.statuses(); !slices.Equal(was, got) {
		t.Errorf("the records were %v and are %v", was, got)
	}
}
