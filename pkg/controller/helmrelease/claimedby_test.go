package helmrelease

import (
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
)

// TestClaimedBy has several HelmReleases for one Helm release, in two namespaces,
// and a controller that has just started: who has it does not depend on who is
// looked at first.
func TestClaimedBy(t *testing.T) {
	w := newWorld(t)
	claims := func(hr *v1alpha1.HelmRelease) { hr.Spec.ReleaseName, hr.Spec.TargetNamespace = "claimed", w.namespace }
	newcomer, owner, alone := w.release("a-newcomer", claims), w.release("owner", claims), w.release("alone")
	for _, hr := range []*v1alpha1.HelmRelease{newcomer, owner, alone} {
		w.create(t, hr)
	}
	owner.Status.Revision = 3
	if err := w.user.Status().Update(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the cache to know the owner", func() bool {
		var seen v1alpha1.HelmRelease
		return w.client.Get(t.Context(), client.ObjectKeyFromObject(owner), &seen) == nil && seen.Status.Revision == 3
	})
	for name, tc := range map[string]struct {
		why   string
		order []*v1alpha1.HelmRelease
	}{
		"NewcomerFirst": {why: "It comes first by its name, and was created first.", order: []*v1alpha1.HelmRelease{newcomer, owner}},
		"OwnerFirst":    {why: "It has a revision.", order: []*v1alpha1.HelmRelease{owner, newcomer}},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.restarted()
			for _, hr := range append(tc.order, alone) {
				want := map[string]string{"a-newcomer": w.namespace + "/owner"}[hr.Name]
				got, err := r.claimedBy(t.Context(), r.begin(hr))
				if err != nil || got != want {
					t.Errorf("%s %s was told that %q has it, want %q (%v)", tc.why, hr.Name, got, want, err)
				}
			}
		})
	}
}
