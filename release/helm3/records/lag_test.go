package records

import (
	"fmt"
	"sync"
	"testing"

	rspb "helm.sh/helm/v3/pkg/release"

	"github.com/fairlead-dev/fairlead/release"
)

// The watch lags our own writes; List must not.
func TestListHasOurWritesAtOnce(t *testing.T) {
	w := newWorld(t).watching()
	late := 0
	for i := range 100 {
		s := w.begin(release.Install, fmt.Sprintf("op%d", i))
		rls := revision(w.namespace, i+1, rspb.StatusPendingInstall)
		key := secretName("web", rls.Version)
		steps := []struct {
			do   func() error
			want release.Status
		}{
			{func() error { return s.Create(key, rls) }, release.StatusPendingInstall},
			{func() error { rls.Info.Status = rspb.StatusFailed; return s.Update(key, rls) }, release.StatusFailed},
			{func() error { _, err := s.Delete(key); return err }, ""},
		}
		for _, step := range steps {
			must(t, step.do())
			if len(watched(w.watchOf(w.namespace), w.key())) != min(1, len(step.want)) {
				late++
			}
			got := release.Status("")
			for _, rec := range w.Store.List(w.key()) {
				got = rec.Status
			}
			if got != step.want {
				t.Fatalf("round %d: List tells %q after %q was written", i, got, step.want)
			}
		}
	}
	t.Logf("the watch was late %d of 300 times", late)
	eventually(t, "nothing is remembered that the watch knows", func() bool {
		w.Store.List(w.key())
		w.recent.mu.Lock()
		defer w.recent.mu.Unlock()
		return len(w.recent.seen) == 0
	})
}

func TestOnChange(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	heard := 0
	w.OnChange(func(key release.Key) {
		mu.Lock()
		defer mu.Unlock()
		if key == w.key() {
			heard++
		}
	})
	calls := func() int {
		mu.Lock()
		defer mu.Unlock()
		return heard
	}
	w.watching()
	for i := range 20 {
		rls := revision(w.namespace, i+1, rspb.StatusDeployed)
		before := calls()
		must(t, w.stock.Create(secretName("web", i+1), rls))
		eventually(t, "a record that somebody else made is told", func() bool { return calls() > before })
		before = calls()
		_, err := w.stock.Delete(secretName("web", i+1))
		must(t, err)
		eventually(t, "a record that somebody else deleted is told", func() bool { return calls() > before })
	}
	if n := len(w.Store.List(w.key())); n != 0 {
		t.Errorf("%d records are left", n)
	}
}

// A record that others delete and make again while we remember our own write.
func TestRecreatedByOthers(t *testing.T) {
	w := newWorld(t).watching()
	w.install("op1")
	_, err := w.stock.Delete(secretName("web", 1))
	must(t, err)
	must(t, w.stock.Create(secretName("web", 1), revision(w.namespace, 1, rspb.StatusFailed)))
	eventually(t, "the others' record is listed", func() bool {
		recs := w.Store.List(w.key())
		return len(recs) == 1 && recs[0].Status == release.StatusFailed && !recs[0].Ours()
	})
}
