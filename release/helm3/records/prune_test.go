package records

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	rspb "helm.sh/helm/v3/pkg/release"

	"github.com/fairlead-dev/fairlead/release"
)

func TestPrunable(t *testing.T) {
	const (
		deployed = release.StatusDeployed
		old      = release.StatusSuperseded
		failed   = release.StatusFailed
		pending  = release.StatusPendingUpgrade
	)
	cases := map[string]struct {
		why  string
		recs []release.Status
		keep int
		want []int
	}{
		"All":              {"0 keeps all.", []release.Status{old, old, deployed}, 0, nil},
		"Fits":             {"There is room.", []release.Status{old, old, deployed}, 3, nil},
		"OldestFirst":      {"As Helm does.", []release.Status{old, failed, old, deployed}, 2, []int{1, 2}},
		"NeverTheDeployed": {"Only what is older goes.", []release.Status{old, deployed, failed, failed}, 1, []int{1}},
		"NewerFailures":    {"They are bases of the next upgrade.", []release.Status{deployed, failed, failed, failed}, 2, nil},
		"NoSuccess":        {"Every failure is a base.", []release.Status{failed, failed, failed}, 1, nil},
		"Pending":          {"A pending record is recovered first.", []release.Status{pending, old, deployed}, 1, []int{2}},
		"TwoDeployed":      {"Helm may leave two.", []release.Status{deployed, old, deployed}, 1, []int{2}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var recs []release.Record
			for i, status := range tc.recs {
				recs = append(recs, release.Record{Revision: i + 1, Status: status})
			}
			if diff := cmp.Diff(tc.want, prunable(recs, tc.keep)); diff != "" {
				t.Errorf("%s\n-want +got\n%s", tc.why, diff)
			}
		})
	}
}

func TestPrune(t *testing.T) {
	w := newWorld(t).watching()
	w.install("op1")
	upgrade(t, w.begin(release.Upgrade, "op2"), rspb.StatusFailed)
	upgrade(t, w.begin(release.Upgrade, "op3"), rspb.StatusDeployed)
	s := w.begin(release.Upgrade, "op4")
	upgrade(t, s, rspb.StatusDeployed)
	w.requests.take()

	must(t, s.Prune(t.Context(), 2))
	var got []int
	for _, rec := range w.Store.List(w.key()) {
		got = append(got, rec.Revision)
	}
	if diff := cmp.Diff([]int{3, 4}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff("DELETE DELETE", w.requests.take()); diff != "" {
		t.Errorf("requests: -want +got\n%s", diff)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	b := newBodies(10)
	for _, uid := range []string{"a", "b", "c"} {
		b.put(metaWith(uid, "1"), []byte("1234"))
	}
	if b.get(metaWith("a", "1")) != nil || b.get(metaWith("c", "1")) == nil || b.size != 8 {
		t.Errorf("want the oldest gone, %d bytes are kept", b.size)
	}
	b.put(metaWith("c", "2"), []byte("12345"))
	b.put(metaWith("d", "1"), []byte("a body above the limit"))
	if b.get(metaWith("c", "1")) != nil || string(b.get(metaWith("c", "2"))) != "12345" || b.size != 9 {
		t.Errorf("want one version of each, %d bytes are kept", b.size)
	}
}
