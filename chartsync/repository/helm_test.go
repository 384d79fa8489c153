package repository

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand"
	"os"
	"path/filepath"
	"testing"
	"time"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/repo"
	"sigs.k8s.io/yaml"

	"github.com/fairlead-dev/fairlead/chartsync"
)

// ranges are what people write for a version, and what they should not.
var ranges = []string{
	"", "*", "x", "1.x", "^1", "~1", "~1.2", "1.2", "1", "=1.2.3", "1.2.3", "v1.2.3", "!=1.2.3", ">1.2.3", ">=1 <2", ">=1, <2",
	"<1", "<=2.0.0", "1 - 2", "1.0 - 1.3", "^0", "^0.1", "~0.1.0", "^1 || ^3", ">0-0", ">=1.0.0-0", "^1.0.0-0", "~1.2-0",
	"1.3.0-rc.1", "2.0.0-alpha", ">=2.0.0-alpha <3", "1.2.3+build.1", "1.2.3+build.2", ">99", "=>1", " 1.2.3", "1.2.3 ",
	"latest", "1.2.x.x", "not a range", ">=", "^", "1..2", "01.2.3",
}

// versions are what indexes have.
var versions = []string{
	"0.1.0", "0.1.1", "0.2.0", "1.0.0", "1.0.1", "1.2.0", "1.2.3", "1.2.3", "v1.2.3", "1.2.3+build.1", "1.2.3+build.2", "1.2.4-rc.1",
	"1.3.0-rc.1", "1.3.0-alpha", "1.3.0", "1.10.0", "1.9.0", "2.0.0-alpha", "2.0.0-beta.2", "2.0.0-beta.11", "2.0.0", "3", "3.1",
	"v4.0.0-rc1", "01.2.3", "1.2", "latest", "", "1.2.3.4", "not-a-version",
}

// randomIndex returns an index with everything that one meets in the wild.
func randomIndex(rnd *rand.Rand) *repo.IndexFile {
	index := repo.NewIndexFile()
	for c := range rnd.Intn(4) {
		name := fmt.Sprintf("chart-%d", c)
		index.Entries[name] = repo.ChartVersions{}
		for i := range rnd.Intn(12) {
			index.Entries[name] = append(index.Entries[name], randomVersion(rnd, name, i))
		}
	}
	return index
}

// randomVersion returns one version, sometimes one that Helm skips.
func randomVersion(rnd *rand.Rand, name string, i int) *repo.ChartVersion {
	v := &repo.ChartVersion{
		Metadata: &chart.Metadata{
			APIVersion: "v2", Name: name, Version: versions[rnd.Intn(len(versions))], AppVersion: fmt.Sprintf("%d.10", i),
			Description: "several\nlines:\n  - of: text\n# and a comment\n\nin it", Deprecated: rnd.Intn(4) == 0,
		},
		URLs: []string{fmt.Sprintf("%s-%d.tgz", name, i)}, Created: time.Unix(1700000000, 0).UTC(), Removed: rnd.Intn(8) == 0,
	}
	switch rnd.Intn(16) {
	case 0:
		return nil
	case 1:
		v.Metadata = nil
	case 2:
		v.APIVersion = ""
	case 3:
		v.Name = ""
	case 4:
		v.Name = "../" + name
	case 5:
		v.Type = "nonsense"
	case 6: // Helm keeps those, see its issue 12748
		v.Dependencies = []*chart.Dependency{{Name: "a", Version: "1"}, {Name: "a", Version: "1"}}
	case 7:
		v.Dependencies = []*chart.Dependency{{Name: "a b", Alias: "!"}}
	case 8:
		v.Maintainers = []*chart.Maintainer{nil}
	}
	return v
}

// TestChoosesAsHelmDoes compares each answer with Helm's, on indexes as YAML in
// several layouts and as JSON.
func TestChoosesAsHelmDoes(t *testing.T) {
	seed := time.Now().UnixNano()
	rnd := rand.New(rand.NewSource(seed))
	dir := t.TempDir()
	found, absent, refused, scanned := 0, 0, 0, 0
	for round := range 25 {
		index := randomIndex(rnd)
		if round%10 == 0 {
			index.APIVersion = "" // Helm refuses it
		}
		for layout, body := range layouts(t, index) {
			theirs, err := loadByHelm(t, dir, body)
			ours, ourErr := decode(body)
			if _, err := scan(body); err == nil {
				scanned++
			}
			if err != nil {
				refused++
				if ourErr == nil {
					t.Fatalf("seed %d, %s: Helm refuses the index (%v), we do not:\n%s", seed, layout, err, body)
				}
				continue
			}
			if ourErr != nil {
				t.Fatalf("seed %d, %s: Helm reads the index, we do not (%v):\n%s", seed, layout, ourErr, body)
			}
			for c := range 4 {
				for _, version := range ranges {
					if compareChoice(t, theirs, ours, fmt.Sprintf("chart-%d", c), version) {
						found++
					} else {
						absent++
					}
				}
			}
			if t.Failed() {
				t.Fatalf("seed %d, %s:\n%s", seed, layout, body)
			}
		}
	}
	t.Logf("%d found, %d absent, %d indexes refused, %d scanned", found, absent, refused, scanned)
	if scanned == 0 || found == 0 || absent == 0 || refused == 0 {
		t.Error("the indexes do not show every case")
	}
}

// layouts returns one index in several ways of writing it.
func layouts(t *testing.T, index *repo.IndexFile) map[string][]byte {
	t.Helper()
	asYAML, err := yaml.Marshal(index)
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.MarshalIndent(index, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"Helm":        asYAML,
		"JSON":        asJSON,
		"JSONAsYAML":  append([]byte("# not JSON\n"), asJSON...),
		"Reindented":  reindent(asYAML),
		"CRLFMarker":  append([]byte("---\r\n"), crlf(asYAML)...),
		"EntriesLast": entriesLast(asYAML),
	}
}

// loadByHelm loads an index as Helm does.
func loadByHelm(t *testing.T, dir string, body []byte) (*repo.IndexFile, error) {
	t.Helper()
	path := filepath.Join(dir, "index.yaml")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	log.SetOutput(io.Discard) // Helm logs each entry that it skips
	defer log.SetOutput(os.Stderr)
	return repo.LoadIndexFile(path)
}

// compareChoice compares what is chosen, and reports whether anything is.
func compareChoice(t *testing.T, theirs *repo.IndexFile, ours map[string][]entry, name, version string) bool {
	t.Helper()
	want, err := theirs.Get(name, version)
	got, chooseErr := chooseIn(t, ours, name, version)
	if (err == nil) != (chooseErr == nil) {
		t.Errorf("%s %q: Helm says %v, we say %v", name, version, err, chooseErr)
		return false
	}
	if err != nil {
		return false
	}
	url := ""
	if len(want.URLs) > 0 {
		url = want.URLs[0]
	}
	if got.version != want.Version || got.url != url || got.appVersion != want.AppVersion || got.name != want.Name {
		t.Errorf("%s %q: Helm chooses %s (%s), we choose %+v", name, version, want.Version, url, got)
	}
	return true
}

// chooseIn does what Resolve does with an index.
func chooseIn(t *testing.T, charts map[string][]entry, name, version string) (entry, error) {
	t.Helper()
	r, err := parse(repositorySpec("https://charts.example.com", name, version), false)
	if err != nil {
		return entry{}, err
	}
	return (&index{charts: charts}).choose(r)
}

// realCharts holds charts beside the checkout, on machines that have them.
const realCharts = "../../../shared/charts"

func TestChoosesAsHelmDoesAmongRealCharts(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join(realCharts, "*", "*.tgz"))
	if err != nil || len(folders) == 0 {
		t.Skipf("there are no charts in %s", realCharts)
	}
	index, err := repo.IndexDirectory(realCharts, "https://charts.example.com")
	if err != nil {
		t.Fatal(err)
	}
	body, err := yaml.Marshal(index)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := scan(body); err != nil {
		t.Errorf("Helm's own layout should be scanned: %v", err)
	}
	theirs, err := loadByHelm(t, t.TempDir(), body)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := decode(body)
	if err != nil {
		t.Fatal(err)
	}
	wants := append([]string{"~8.1", "^8", "8.2.x", ">=7 <8.1", "~4.53", "^9", "0.2.2", "~0.2", "9.0.2"}, ranges...)
	found := 0
	for name, versions := range theirs.Entries {
		for _, version := range wants {
			if compareChoice(t, theirs, ours, name, version) {
				found++
			}
		}
		for _, v := range versions {
			compareChoice(t, theirs, ours, name, v.Version)
			compareChoice(t, theirs, ours, name, "~"+v.Version)
		}
	}
	if e, err := chooseIn(t, ours, "kube-state-metrics", "~8.1"); err != nil || e.version != "8.1.3" {
		t.Errorf("kube-state-metrics ~8.1: want 8.1.3, got %+v, %v", e, err)
	}
	t.Logf("%d charts, %d choices", len(theirs.Entries), found)
}

// TestServesRealCharts resolves and fetches each of them.
func TestServesRealCharts(t *testing.T) {
	archives, err := filepath.Glob(filepath.Join(realCharts, "*", "*.tgz"))
	if err != nil || len(archives) == 0 {
		t.Skipf("there are no charts in %s", realCharts)
	}
	f := newFixture(t, false, chartsync.Credentials{})
	index, err := repo.IndexDirectory(realCharts, "")
	if err != nil {
		t.Fatal(err)
	}
	f.host.edit(func(i *repo.IndexFile) { i.Entries = index.Entries })
	for _, path := range archives {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		relative, err := filepath.Rel(realCharts, path)
		if err != nil {
			t.Fatal(err)
		}
		f.host.put(filepath.ToSlash(relative), content)
	}
	s := f.Open(t, t.TempDir())
	for name, versions := range index.Entries {
		for _, v := range versions {
			spec := f.spec(name, v.Version)
			rev := mustResolve(t, s, spec)
			c := mustFetch(t, s, spec, rev)
			sum := sha256.Sum256(c.Archive)
			if "sha256:"+hex.EncodeToString(sum[:]) != rev.Digest || rev.Version != v.Version {
				t.Errorf("%s %s: got %+v", name, v.Version, rev)
			}
		}
	}
}
