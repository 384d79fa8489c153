package harness

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/repo"
	"sigs.k8s.io/yaml"
)

// TestFaults shows what a client of a broken ChartRepo gets, and that it is
// mended again afterwards.
func TestFaults(t *testing.T) {
	type seen struct {
		Index, Archive int
		Readable       bool // the index is YAML
		Digest         bool // the index has a digest
		Right          bool // the archive has that digest
		Half           bool // the archive is shorter than it was
	}
	sound := seen{Index: 200, Archive: 200, Readable: true, Digest: true, Right: true}
	cases := map[Fault]struct {
		why  string
		want seen
	}{
		Sound:             {why: "No fault.", want: sound},
		Unauthorized:      {why: "Nobody gets anything.", want: seen{Index: 401, Archive: 401}},
		Missing:           {why: "Nothing is there.", want: seen{Index: 404, Archive: 404}},
		Failing:           {why: "The server has a bad day.", want: seen{Index: 503, Archive: 503}},
		GarbageIndex:      {why: "Only the index is broken.", want: seen{Index: 200, Archive: 200}},
		WrongDigests:      {why: "The archive is not what the index says.", want: seen{Index: 200, Archive: 200, Readable: true, Digest: true}},
		MissingArchives:   {why: "The index names what is not there.", want: seen{Index: 200, Archive: 404, Readable: true, Digest: true}},
		TruncatedArchives: {why: "No digest gives the truncation away.", want: seen{Index: 200, Archive: 200, Readable: true, Half: true}},
		HalfArchives:      {why: "The digest gives it away.", want: seen{Index: 200, Archive: 200, Readable: true, Digest: true, Half: true}},
	}
	charts := NewChartRepo(t)
	charts.Publish(t, WebChart, "0.1.0")
	_, whole := get(t, charts.URL+"/web-0.1.0.tgz")

	look := func(t *testing.T) seen {
		t.Helper()
		var s seen
		var text, archive []byte
		s.Index, text = get(t, charts.URL+"/index.yaml")
		s.Archive, archive = get(t, charts.URL+"/web-0.1.0.tgz")
		var index repo.IndexFile
		if s.Index != http.StatusOK || yaml.Unmarshal(text, &index) != nil || index.Entries["web"] == nil {
			return s
		}
		sum := sha256.Sum256(archive)
		s.Readable = true
		s.Digest = index.Entries["web"][0].Digest != ""
		s.Right = s.Archive == http.StatusOK && index.Entries["web"][0].Digest == hex.EncodeToString(sum[:])
		s.Half = s.Archive == http.StatusOK && len(archive) < len(whole)
		return s
	}
	for fault, tc := range cases {
		t.Run(string(fault), func(t *testing.T) {
			charts.Break(fault)
			if diff := cmp.Diff(tc.want, look(t)); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.why, diff)
			}
			charts.Break(Sound)
			if diff := cmp.Diff(sound, look(t)); diff != "" {
				t.Errorf("mended: -want +got:\n%s", diff)
			}
		})
	}

	t.Run("Down", func(t *testing.T) {
		charts.Down(t)
		if response, err := http.Get(charts.URL); err == nil {
			_ = response.Body.Close()
			t.Errorf("want no connection, got %s", response.Status)
		}
		charts.Up(t)
		if diff := cmp.Diff(sound, look(t)); diff != "" {
			t.Errorf("up again: -want +got:\n%s", diff)
		}
	})
}

func get(t *testing.T, url string) (status int, body []byte) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}
