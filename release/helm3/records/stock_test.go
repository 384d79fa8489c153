package records

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	rspb "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fairlead-dev/fairlead/release"
)

func TestStockHelmReadsOurs(t *testing.T) {
	w := newWorld(t)
	w.install("op1")
	want := revision(w.namespace, 1, rspb.StatusDeployed)
	want.Info.Description = "Install: chart podinfo 6.5.0 -> 6.5.1 (commit abcdef0 by Jane: Bump podinfo)"

	got, err := w.stock.Get(secretName("web", 1))
	must(t, err)
	if diff := cmp.Diff(asJSON(t, want), asJSON(t, got)); diff != "" {
		t.Errorf("stock Helm reads another release: -want +got\n%s", diff)
	}
	if diff := cmp.Diff(want.Labels, got.Labels); diff != "" {
		t.Errorf("custom labels: -want +got\n%s", diff)
	}
	last, err := storage.Init(w.stock).Last("web")
	must(t, err)
	if last.Version != 1 {
		t.Errorf("stock Helm's query by labels found revision %d", last.Version)
	}
}

func TestRecordsEqualStockOnes(t *testing.T) {
	w := newWorld(t)
	w.install("op1")
	ours := w.secret(1)
	must(t, w.clients.CoreV1().Secrets(w.namespace).Delete(t.Context(), ours.Name, deleteNow))
	rls := revision(w.namespace, 1, rspb.StatusPendingInstall)
	must(t, w.stock.Create(ours.Name, rls))
	rls.Labels["createdAt"] = "1" // Only what Query returns has it.
	rls.Info.Status = rspb.StatusDeployed
	must(t, w.stock.Update(ours.Name, rls))
	stock := w.secret(1)

	if ours.Type != stock.Type || len(ours.Data) != 1 {
		t.Errorf("type %s with %d keys, stock Helm's is %s", ours.Type, len(ours.Data), stock.Type)
	}
	for _, labels := range []map[string]string{ours.Labels, stock.Labels} {
		for _, name := range []string{labelCreated, labelModified} {
			if labels[name] == "" {
				t.Errorf("no label %s in %v", name, labels)
			}
			labels[name] = ""
		}
	}
	if diff := cmp.Diff(stock.Labels, ours.Labels); diff != "" {
		t.Errorf("labels: -stock +ours\n%s", diff)
	}
}

func TestWeReadStockRecords(t *testing.T) {
	w := newWorld(t).watching()
	want := revision(w.namespace, 1, rspb.StatusDeployed)
	must(t, w.stock.Create(secretName("web", 1), want))
	eventually(t, "the watch tells of stock Helm's record", func() bool { return len(w.Store.List(w.key())) == 1 })

	if rec := w.Store.List(w.key())[0]; rec.Ours() || rec.Status != release.StatusDeployed || rec.Created.IsZero() {
		t.Errorf("stock Helm's record is read as %+v", rec)
	}
	got, err := storage.Init(w.begin(release.Upgrade, "op2")).Deployed("web")
	must(t, err)
	if diff := cmp.Diff(asJSON(t, want), asJSON(t, got)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff(want.Labels, got.Labels); diff != "" {
		t.Errorf("custom labels: -want +got\n%s", diff)
	}
}

// Stock Helm keeps no annotation of a record that it writes: that is how we see
// that somebody else did.
func TestStockUpgradeTakesTheRecordOver(t *testing.T) {
	w := newWorld(t).watching()
	w.install("op1")
	if rec := w.Store.List(w.key())[0]; rec.Operation != "op1" || rec.Outcome != release.Succeeded {
		t.Fatalf("our own record is read as %+v", rec)
	}
	stock := storage.Init(w.stock)
	last, err := stock.Last("web")
	must(t, err)
	next := *last
	next.Version = 2
	must(t, stock.Create(&next))
	last.Info.Status = rspb.StatusSuperseded
	must(t, stock.Update(last))

	eventually(t, "both revisions are seen as stock Helm's", func() bool {
		recs := w.Store.List(w.key())
		return len(recs) == 2 && !recs[0].Ours() && !recs[1].Ours() && recs[0].Status == release.StatusSuperseded
	})
}

func TestForeignMetadataStays(t *testing.T) {
	w := newWorld(t)
	w.install("op1")
	patch := []byte(`{"metadata":{"labels":{"backup":"yes"},"annotations":{"note":"keep me"},"finalizers":["example.com/keep"]}}`)
	_, err := w.clients.CoreV1().Secrets(w.namespace).Patch(t.Context(), secretName("web", 1), types.MergePatchType, patch, patchNow)
	must(t, err)

	s := w.begin(release.Upgrade, "op2")
	rls, err := s.Get(secretName("web", 1))
	must(t, err)
	rls.Info.Status = rspb.StatusSuperseded
	must(t, s.Update(secretName("web", 1), rls))

	got := w.secret(1)
	if got.Labels["backup"] != "yes" || got.Annotations["note"] != "keep me" || len(got.Finalizers) != 1 {
		t.Errorf("labels %v, annotations %v, finalizers %v", got.Labels, got.Annotations, got.Finalizers)
	}
	if got.Annotations[annotationOperation] != "op1" || got.Annotations[annotationOutcome] != string(release.Succeeded) {
		t.Errorf("superseding a record changed who made it: %v", got.Annotations)
	}
	w.edit(1, dropFinalizers)
}

func asJSON(t *testing.T, rls *rspb.Release) string {
	t.Helper()
	text, err := json.MarshalIndent(rls, "", " ")
	must(t, err)
	return string(text)
}
