package records

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	rspb "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	corev1 "k8s.io/api/core/v1"

	"github.com/fairlead-dev/fairlead/release"
)

func TestDecode(t *testing.T) {
	packed := func(text string) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(text))
		_ = z.Close()
		return b.Bytes()
	}
	const plain = `{"name":"web","version":1,"info":{"status":"deployed"}}`
	cases := map[string]struct {
		why  string
		data string
		ok   bool
	}{
		"Uncompressed": {"Helm once stored plain JSON.", base64.StdEncoding.EncodeToString([]byte(plain)), true},
		"Compressed":   {"Helm's format.", base64.StdEncoding.EncodeToString(packed(plain)), true},
		"Empty":        {"A Secret without data.", "", false},
		"NotBase64":    {"Somebody edited it.", "%%%", false},
		"CutOff":       {"Half a gzip stream.", base64.StdEncoding.EncodeToString(packed(plain)[:30]), false},
		"NoInfo":       {"Helm would panic on it.", base64.StdEncoding.EncodeToString([]byte(`{"name":"web","version":1}`)), false},
		"Other":        {"A copy of another record.", base64.StdEncoding.EncodeToString([]byte(strings.Replace(plain, ":1", ":2", 1))), false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := decodeAs("web", 1, []byte(tc.data))
			if (err == nil) != tc.ok || !tc.ok && (!errors.Is(err, ErrUndecodable) || !strings.Contains(err.Error(), secretName("web", 1))) {
				t.Errorf("%s\ngot %v", tc.why, err)
			}
		})
	}
}

func spoil(s *corev1.Secret) { s.Data[dataKey] = []byte("hunter2") }

func TestUndecodableRecords(t *testing.T) {
	w := newWorld(t)
	w.install("op1")
	upgrade(t, w.begin(release.Upgrade, "op2"), rspb.StatusDeployed)
	w.edit(1, spoil)

	s := w.begin(release.Upgrade, "op3")
	if recs, err := s.Records(t.Context()); err != nil || len(recs) != 2 {
		t.Errorf("an undecodable record is still a record, got %d, %v", len(recs), err)
	}
	if _, err := s.List(func(*rspb.Release) bool { return true }); !errors.Is(err, ErrUndecodable) ||
		!strings.Contains(err.Error(), secretName("web", 1)) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error should name the Secret and show nothing of it: %v", err)
	}
	upgrade(t, s, rspb.StatusFailed) // An old one disturbs nobody.

	w.edit(3, spoil)
	upgrade(t, w.begin(release.Upgrade, "op4"), rspb.StatusDeployed) // Nor does a failed one.

	w.edit(4, spoil)
	upgrade(t, w.begin(release.Upgrade, "op5"), rspb.StatusFailed) // Nor does a deployed one.
	upgrade(t, w.begin(release.Upgrade, "op6"), rspb.StatusDeployed)
	was := w.secret(4)
	if was.Labels[labelStatus] != rspb.StatusSuperseded.String() || was.Annotations[annotationOperation] != "op4" {
		t.Errorf("want it superseded and still of op4: labels %v, annotations %v", was.Labels, was.Annotations)
	}
	if got := string(was.Data[dataKey]); got != "hunter2" {
		t.Errorf("the body became %q", got)
	}
	_, err := w.begin(release.Rollback, "op7").Get(secretName("web", 4))
	if !errors.Is(err, ErrUndecodable) {
		t.Errorf("a rollback needs what it targets, want an error, got %v", err)
	}
}

// A pending record that cannot be decoded must not block its release for ever.
func TestUndecodablePendingIsSettled(t *testing.T) {
	w := newWorld(t)
	w.install("op1")
	st := storage.Init(w.begin(release.Upgrade, "op2"))
	must(t, st.Create(revision(w.namespace, 2, rspb.StatusPendingUpgrade)))
	w.edit(2, spoil)

	s := w.begin(release.Upgrade, "op3")
	settled, err := s.Settle(t.Context(), nil)
	must(t, err)
	if len(settled) != 1 || settled[0].Status != release.StatusFailed || settled[0].Outcome != release.Interrupted {
		t.Errorf("settled %+v", settled)
	}
	if got := string(w.secret(2).Data[dataKey]); got != "hunter2" {
		t.Errorf("the body became %q", got)
	}
	upgrade(t, s, rspb.StatusDeployed)
}
