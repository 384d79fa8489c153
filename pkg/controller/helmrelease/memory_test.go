package helmrelease

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/release"
	rt "github.com/fairlead-dev/fairlead/release/releasetest"
)

var (
	web    = release.Key{Namespace: "shop", Name: "web"}
	db     = release.Key{Namespace: "shop", Name: "db"}
	first  = named("first")
	second = named("second")
	third  = named("third")
)

func named(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: "shop", Name: name}
}

// TestClaims has three HelmReleases ask for one Helm release.
func TestClaims(t *testing.T) {
	c := newClaims()
	asked := 0
	claim := func(key release.Key, name types.NamespacedName) types.NamespacedName {
		return c.claim(key, name, func() types.NamespacedName { asked++; return first })
	}
	if _, known := c.holderOf(web); known {
		t.Error("somebody has a release that nobody claimed")
	}
	for _, name := range []types.NamespacedName{second, first, third, second} {
		if got := claim(web, name); got != first {
			t.Errorf("%s was told that %s has the release, and the API server knows %s as the first", name, got, first)
		}
	}
	if asked != 1 {
		t.Errorf("the API server's knowledge was asked for %d times, and once is enough", asked)
	}
	if freed, woken := c.release(third); len(freed)+len(woken) != 0 {
		t.Errorf("one that only waited goes, which freed %v and woke %v", freed, woken)
	}
	freed, woken := c.release(first)
	if diff := cmp.Diff([]release.Key{web}, freed); diff != "" {
		t.Errorf("what is free when the holder goes: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]types.NamespacedName{second}, woken); diff != "" {
		t.Errorf("who is woken when the holder goes: -want +got:\n%s", diff)
	}
	if got := c.claim(web, second, func() types.NamespacedName { return second }); got != second {
		t.Errorf("the release is free, and %s was told that %s has it", second, got)
	}
	claim(db, first)
	if diff := cmp.Diff(2, len(c.all())); diff != "" {
		t.Errorf("how many have a release: -want +got:\n%s", diff)
	}
}

func TestFirstClaimant(t *testing.T) {
	claimant := func(name string, age time.Duration, revision int) v1alpha1.HelmRelease {
		hr := v1alpha1.HelmRelease{ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: name, CreationTimestamp: metav1.NewTime(rt.Now.Add(-age)),
		}}
		hr.Status.Revision = revision
		return hr
	}
	cases := map[string]struct {
		why  string
		all  []v1alpha1.HelmRelease
		want types.NamespacedName
	}{
		"Alone":    {why: "There is no other.", all: []v1alpha1.HelmRelease{claimant("first", 0, 0)}, want: first},
		"Older":    {why: "Who came first has it.", all: []v1alpha1.HelmRelease{claimant("second", time.Hour, 0), claimant("first", 2*time.Hour, 0)}, want: first},
		"Released": {why: "Who has a revision had it, whoever is older: the older one was given another name.", all: []v1alpha1.HelmRelease{claimant("second", time.Hour, 0), claimant("first", time.Minute, 3)}, want: first},
		"SameTime": {why: "The API server's times are whole seconds.", all: []v1alpha1.HelmRelease{claimant("second", time.Hour, 0), claimant("first", time.Hour, 0)}, want: first},
		"Itself":   {why: "The list may hold the one who asks a second time.", all: []v1alpha1.HelmRelease{claimant("first", time.Hour, 0), claimant("first", time.Hour, 0)}, want: first},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := firstClaimant(tc.all); got != tc.want {
				t.Errorf("%s Got %s, want %s", tc.why, got, tc.want)
			}
		})
	}
}

// TestWritten has an object from before our last write, which must not be
// decided on.
func TestWritten(t *testing.T) {
	object := func(version string) *v1alpha1.HelmRelease {
		return &v1alpha1.HelmRelease{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "first", ResourceVersion: version}}
	}
	w := &written{versions: map[types.NamespacedName]string{}}
	if w.newerThan(object("7")) {
		t.Error("nothing was written yet")
	}
	w.note(object("9"))
	for version, want := range map[string]bool{"8": true, "9": false, "10": false} {
		if got := w.newerThan(object(version)); got != want {
			t.Errorf("version %s is from before our write of version 9: got %t, want %t", version, got, want)
		}
	}
	w.forget(first)
	if w.newerThan(object("8")) {
		t.Error("an object of the same name that came later is another one")
	}
}
