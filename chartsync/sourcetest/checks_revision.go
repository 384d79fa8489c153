package sourcetest

import (
	"bytes"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"

	"github.com/fairlead-dev/fairlead/chartsync"
)

// The charts that the checks publish.
var (
	v1 = Chart{Version: "1.0.0", AppVersion: "6.0", Text: "one"}
	v2 = Chart{Version: "1.1.0", AppVersion: "6.1", Text: "two"}
)

func resolvesTheNewest(t *testing.T, newFixture func(*testing.T) Fixture) {
	s := open(t, newFixture, v1)
	if got := s.resolve(t, s.Spec()); got.Name != ChartName || got.Version != v1.Version || got.AppVersion != v1.AppVersion {
		t.Errorf("want %s %s (app %s), got %+v", ChartName, v1.Version, v1.AppVersion, got)
	}
	s.Publish(t, v2)
	if got := s.resolve(t, s.Spec()); got.Version != v2.Version || got.AppVersion != v2.AppVersion {
		t.Errorf("after publishing %s (app %s), got %+v", v2.Version, v2.AppVersion, got)
	}
}

func equalContentEqualDigest(t *testing.T, newFixture func(*testing.T) Fixture) {
	a, b := open(t, newFixture, v1), open(t, newFixture, v1)
	first, second := a.resolve(t, a.Spec()), b.resolve(t, b.Spec())
	if first.Digest != second.Digest {
		t.Errorf("two servers with equal charts: %s and %s", first.Digest, second.Digest)
	}
	if again := a.resolve(t, a.Spec()); again != first && again.Digest != first.Digest {
		t.Errorf("asked twice: %+v, then %+v", first, again)
	}
}

func otherContentOtherDigest(t *testing.T, newFixture func(*testing.T) Fixture) {
	s := open(t, newFixture, v1)
	was := s.resolve(t, s.Spec())
	changed := v1
	changed.Text = "changed"
	s.Publish(t, changed)
	is := s.resolve(t, s.Spec())
	if is.Version != was.Version || is.Digest == was.Digest {
		t.Errorf("other content under %s: %s, then %s %s", was.Version, was.Digest, is.Version, is.Digest)
	}
	if a, b := s.fetch(t, s.Spec(), is), changed.Text; !bytes.Contains(template(t, a), []byte(b)) {
		t.Errorf("want the changed content %q in the fetched chart", b)
	}
}

func unrelatedChangeKeepsTheRevision(t *testing.T, newFixture func(*testing.T) Fixture) {
	s := open(t, newFixture, v1)
	was := s.resolve(t, s.Spec())
	s.PublishUnrelated(t)
	if is := s.resolve(t, s.Spec()); is.Digest != was.Digest || is.Version != was.Version {
		t.Errorf("an unrelated change: %+v, then %+v", was, is)
	}
}

func revisionIsImmutable(t *testing.T, newFixture func(*testing.T) Fixture) {
	s := open(t, newFixture, v1)
	old := s.resolve(t, s.Spec())
	s.Publish(t, v2)
	s.resolve(t, s.Spec())
	c := s.fetch(t, s.Spec(), old)
	if !bytes.Contains(template(t, c), []byte(v1.Text)) {
		t.Errorf("the content of %s is not what was published under it", old.Version)
	}
}

func replacedContentIsNeverServed(t *testing.T, newFixture func(*testing.T) Fixture) {
	changed := v1
	changed.Text = "changed"

	s := open(t, newFixture, v1)
	old := s.resolve(t, s.Spec()) // resolved, not yet fetched
	s.Publish(t, changed)
	s.resolve(t, s.Spec())
	c, err := s.tryFetch(t, s.Spec(), old)
	if err != nil {
		wantError(t, err, chartsync.ErrInvalid, s.Spec())
		return
	}
	if c.Revision.Digest != old.Digest || !bytes.Contains(template(t, c), []byte(v1.Text)) {
		t.Errorf("asked for %s, got the content of its replacement", old.Digest)
	}
}

func archiveIsAChart(t *testing.T, newFixture func(*testing.T) Fixture) {
	s := open(t, newFixture, v1)
	rev := s.resolve(t, s.Spec())
	fetched := s.fetch(t, s.Spec(), rev)
	c, err := loader.LoadArchive(bytes.NewReader(fetched.Archive))
	if err != nil {
		t.Fatalf("loading the archive: %v", err)
	}
	if c.Name() != rev.Name || c.Metadata.Version != rev.Version || c.AppVersion() != rev.AppVersion {
		t.Errorf("the archive is %s %s (app %s), the revision %+v", c.Name(), c.Metadata.Version, c.AppVersion(), rev)
	}
	if again := s.fetch(t, s.Spec(), rev); !bytes.Equal(again.Archive, fetched.Archive) {
		t.Error("fetched twice, the archive differs")
	}
}

// template returns the content of the chart's only template.
func template(t *testing.T, fetched chartsync.Chart) []byte {
	t.Helper()
	c, err := loader.LoadArchive(bytes.NewReader(fetched.Archive))
	if err != nil {
		t.Fatalf("loading the archive: %v", err)
	}
	if len(c.Templates) != 1 {
		t.Fatalf("want 1 template, got %d", len(c.Templates))
	}
	return c.Templates[0].Data
}
