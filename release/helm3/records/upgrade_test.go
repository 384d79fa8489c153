package records

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rspb "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fairlead-dev/fairlead/release"
)

var (
	deleteNow = metav1.DeleteOptions{}
	patchNow  = metav1.PatchOptions{}
)

func dropFinalizers(s *corev1.Secret) { s.Finalizers = nil }

// upgrade does to storage what Helm's upgrade does.
func upgrade(t *testing.T, s *Session, end rspb.Status) {
	t.Helper()
	st := storage.Init(s)
	last, err := st.Last("web")
	must(t, err)
	current := last
	if last.Info.Status != rspb.StatusDeployed {
		current, err = st.Deployed("web")
		must(t, err)
	}
	next := revision(s.op.Key.Namespace, last.Version+1, rspb.StatusPendingUpgrade)
	must(t, st.Create(next))
	if end == rspb.StatusDeployed {
		current.Info.Status = rspb.StatusSuperseded
		must(t, st.Update(current))
		next.SetStatus(end, "Upgrade complete")
	} else {
		must(t, st.Update(current))
		next.SetStatus(end, `Upgrade "web" failed: timed out`+"\nwaiting for deployment web")
	}
	must(t, st.Update(next))
}

func TestRequests(t *testing.T) {
	w := newWorld(t)
	cases := []struct {
		name, why string
		do        func()
		want      string
	}{{
		name: "Install",
		why:  "An install asks once for what is there.",
		do:   func() { _, _ = storage.Init(w.begin(release.Install, "op0")).History("web"); w.install("op1") },
		want: "LIST LIST POST PUT",
	}, {
		name: "UpgradeAfterInstall",
		why:  "Our own write filled the cache, so that no body is fetched.",
		do:   func() { upgrade(t, w.begin(release.Upgrade, "op2"), rspb.StatusDeployed) },
		want: "LIST POST PUT PUT",
	}, {
		name: "UpgradeAfterRestart",
		why:  "The deployed body is fetched when it is not cached, and nothing else.",
		do: func() {
			w.bodies = newBodies(bodiesLimit)
			upgrade(t, w.begin(release.Upgrade, "op3"), rspb.StatusDeployed)
		},
		want: "LIST GET POST PUT PUT",
	}, {
		name: "List",
		why:  "The watch answers without a request.",
		do:   func() { w.Store.List(w.key()) },
		want: "",
	}}
	for _, tc := range cases {
		tc.do()
		if diff := cmp.Diff(tc.want, w.requests.take()); diff != "" {
			t.Errorf("%s: %s\n-want +got\n%s", tc.name, tc.why, diff)
		}
	}
}

func TestDescriptions(t *testing.T) {
	const cause = "Upgrade: chart podinfo 6.5.0 -> 6.5.1 (commit abcdef0 by Jane: Bump podinfo)"
	cases := map[string]struct {
		why     string
		end     rspb.Status
		outcome release.Outcome
		cause   string
		want    string
		wantOut release.Outcome
	}{
		"Succeeded": {
			why: "`helm history` is asked for the cause.",
			end: rspb.StatusDeployed, want: cause, wantOut: release.Succeeded,
		},
		"Failed": {
			why: "The cause first, then Helm's text, redacted and on one line.",
			end: rspb.StatusFailed, want: cause + ": failed: timed out waiting for *** web", wantOut: release.Failed,
		},
		"Superseded": {
			why: "The engine knows better than Helm why it failed.",
			end: rspb.StatusFailed, outcome: release.Superseded,
			want: cause + ": failed: timed out waiting for *** web", wantOut: release.Superseded,
		},
		"LongCause": {
			why: "A long cause leaves room for the failure.",
			end: rspb.StatusFailed, cause: strings.Repeat("é", 400),
			want:    "Upgrade: " + strings.Repeat("é", 144) + "...: failed: timed out waiting for *** web",
			wantOut: release.Failed,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.install("op1")
			op := w.operation(release.Upgrade, "op2")
			if tc.cause != "" {
				op.Cause = release.Cause{Text: tc.cause}
			}
			s := w.Session(t.Context(), op, Details{
				Redact: func(text string) string { return strings.ReplaceAll(text, "deployment", "***") },
			})
			if tc.outcome != "" {
				s.Outcome(tc.outcome)
			}
			upgrade(t, s, tc.end)

			got, err := w.stock.Get(secretName("web", 2))
			must(t, err)
			if diff := cmp.Diff(tc.want, got.Info.Description); diff != "" {
				t.Errorf("%s\n-want +got\n%s", tc.why, diff)
			}
			if rec, ok := s.Own(); !ok || rec.Outcome != tc.wantOut {
				t.Errorf("%s\nown record: %+v", tc.why, rec)
			}
		})
	}
}

func TestAnnotations(t *testing.T) {
	w := newWorld(t)
	w.install("op1")
	upgrade(t, w.begin(release.Upgrade, "op2"), rspb.StatusFailed)
	op := w.operation(release.Rollback, "op3")
	op.Target, op.Digest = 1, "digest-op2"
	s := w.Session(t.Context(), op, Details{})
	upgrade(t, s, rspb.StatusDeployed) // To storage a rollback is an upgrade.

	recs, err := s.Records(t.Context())
	must(t, err)
	commit := op.Cause.Commit
	want := []release.Record{
		{Revision: 1, Status: release.StatusSuperseded, Operation: "op1", Action: release.Install, Digest: "digest-op1", Outcome: release.Succeeded},
		{Revision: 2, Status: release.StatusFailed, Operation: "op2", Action: release.Upgrade, Digest: "digest-op2", Outcome: release.Failed},
		{Revision: 3, Status: release.StatusDeployed, Operation: "op3", Action: release.Rollback, Digest: "digest-op1", Outcome: release.Succeeded, Tried: "digest-op2"},
	}
	for i := range want {
		want[i].Cause, want[i].Chart, want[i].App, want[i].Commit = op.Cause.Text, "podinfo 6.5.1", "6.5.1-app", commit
		want[i].Created, want[i].Modified = recs[i].Created, recs[i].Modified
	}
	if diff := cmp.Diff(want, recs); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// A stub that Helm writes back becomes the whole record with the new status.
func TestStubIsNeverWritten(t *testing.T) {
	w := newWorld(t)
	w.install("op1")
	upgrade(t, w.begin(release.Upgrade, "op2"), rspb.StatusDeployed)

	s := w.begin(release.Upgrade, "op3")
	all, err := s.Query(map[string]string{"name": "web", "owner": "helm"})
	must(t, err)
	if len(all) != 2 || all[0].Manifest != "" || all[1].Manifest == "" {
		t.Fatalf("want a stub and a complete release, got %d", len(all))
	}
	all[0].Info.Status = rspb.StatusFailed
	must(t, s.Update(secretName("web", 1), all[0]))
	got, err := w.stock.Get(secretName("web", 1))
	must(t, err)
	if got.Manifest == "" || got.Config == nil || got.Info.Status != rspb.StatusFailed {
		t.Errorf("the record became %+v", got)
	}
}
