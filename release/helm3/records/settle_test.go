package records

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	rspb "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"

	"github.com/fairlead-dev/fairlead/release"
)

func TestSettle(t *testing.T) {
	cases := map[string]struct {
		why       string
		stock     bool   // stock Helm began it
		by        string // the operation that did
		status    rspb.Status
		abandoned func(release.Record) bool
		want      []int
		text      string
	}{
		"Ours": {
			why: "Nobody works on what an earlier operation of ours left pending.",
			by:  "op2", status: rspb.StatusPendingUpgrade, want: []int{2},
			text: "Upgrade: chart podinfo 6.5.0 -> 6.5.1 (commit abcdef0 by Jane: Bump podinfo): " +
				"interrupted: nobody was at work any more on this pending-upgrade revision",
		},
		"Rollback": {
			why: "A pending rollback too.",
			by:  "op2", status: rspb.StatusPendingRollback, want: []int{2},
			text: "Upgrade: chart podinfo 6.5.0 -> 6.5.1 (commit abcdef0 by Jane: Bump podinfo): " +
				"interrupted: nobody was at work any more on this pending-rollback revision",
		},
		"Own":    {why: "This operation is at work.", by: "op3", status: rspb.StatusPendingUpgrade},
		"Failed": {why: "It has ended.", by: "op2", status: rspb.StatusFailed},
		"Person": {why: "A person may be at work.", stock: true, status: rspb.StatusPendingUpgrade},
		"AbandonedByAPerson": {
			why: "The engine says that nobody is.", stock: true, status: rspb.StatusPendingUpgrade,
			abandoned: func(release.Record) bool { return true }, want: []int{2},
			text: "interrupted: nobody was at work any more on this pending-upgrade revision",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.install("op1")
			var left *storage.Storage
			if left = storage.Init(w.stock); !tc.stock {
				left = storage.Init(w.begin(release.Upgrade, tc.by))
			}
			must(t, left.Create(revision(w.namespace, 2, tc.status)))

			settled, err := w.begin(release.Upgrade, "op3").Settle(t.Context(), tc.abandoned)
			must(t, err)
			var got []int
			for _, rec := range settled {
				got = append(got, rec.Revision)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Fatalf("%s\n-want +got\n%s", tc.why, diff)
			}
			rls, err := w.stock.Get(secretName("web", 2))
			must(t, err)
			if tc.want != nil && (rls.Info.Status != rspb.StatusFailed || rls.Manifest == "") {
				t.Errorf("%s\nit became %s", tc.why, rls.Info.Status)
			}
			if diff := cmp.Diff(tc.text, rls.Info.Description); tc.want != nil && diff != "" {
				t.Errorf("description: -want +got\n%s", diff)
			}
		})
	}
}

func TestMarkOwn(t *testing.T) {
	w := newWorld(t)
	s := w.begin(release.Install, "op1")
	must(t, s.Create(secretName("web", 1), revision(w.namespace, 1, rspb.StatusPendingInstall)))
	must(t, s.Mark(t.Context(), 1, release.StatusFailed, release.Superseded, "superseded by newer inputs"))
	rec, ok := s.Own()
	if !ok || rec.Status != release.StatusFailed || rec.Outcome != release.Superseded || rec.Operation != "op1" {
		t.Errorf("own record: %+v", rec)
	}
	must(t, s.Reload(t.Context()))
	if again, _ := s.Own(); again != rec {
		t.Errorf("read again it is %+v", again)
	}
}

func TestUninstallTellsWhy(t *testing.T) {
	w := newWorld(t)
	w.install("op1")
	s := w.begin(release.Uninstall, "op2")
	rls, err := storage.Init(s).Last("web")
	must(t, err)
	rls.SetStatus(rspb.StatusUninstalling, "Deletion in progress (or silently failed)")
	must(t, s.Update(secretName("web", 1), rls))

	got, err := w.stock.Get(secretName("web", 1))
	must(t, err)
	want := "Uninstall: chart podinfo 6.5.0 -> 6.5.1 (commit abcdef0 by Jane: Bump podinfo): " +
		"Deletion in progress (or silently failed)"
	if diff := cmp.Diff(want, got.Info.Description); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if rec, ok := s.Own(); ok {
		t.Errorf("an uninstall makes no record, got %+v", rec)
	}
}
