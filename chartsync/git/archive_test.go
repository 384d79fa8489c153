package git_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"

	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/test/githost"
	"github.com/fairlead-dev/fairlead/test/githost/githosttest"
)

// rich has everything that Helm's loader treats in a way of its own.
var rich = map[string]string{
	"Chart.yaml":                             "# kept as it is\napiVersion: v2\nname: rich\nversion: 1.2.3\ndependencies: [{name: sub, version: 1.0.0}]\n",
	"Chart.lock":                             "dependencies: [{name: sub, version: 1.0.0}]\n",
	"values.yaml":                            "a: 1\n",
	"values.schema.json":                     "{}",
	"README.md":                              "\xef\xbb\xbfwith a byte order mark",
	".helmignore":                            "# comment\n*.bak\nsecret/\n/top.txt\n",
	"old.bak":                                "ignored",
	"secret/key":                             "ignored",
	"top.txt":                                "ignored",
	"files/top.txt":                          "not ignored",
	"files/" + strings.Repeat("long", 40):    "a name longer than 100 bytes",
	"templates/a.yaml":                       "a: {{ .Values.a }}\n",
	"templates/.hidden.yaml":                 "ignored by Helm's defaults",
	"templates/_helpers.tpl":                 "{{/* */}}",
	"crds/crd.yaml":                          "kind: CustomResourceDefinition\n",
	"charts/sub/Chart.yaml":                  "apiVersion: v1\nname: sub\nversion: 1.0.0\n",
	"charts/sub/requirements.yaml":           "dependencies: []\n",
	"charts/sub/templates/b.yaml":            "b: 1\n",
	"charts/sub/old.bak":                     "ignored here too",
	"charts/_off/Chart.yaml":                 "apiVersion: v1\nname: off\nversion: 1.0.0\n",
	"charts/sub/charts/deep/Chart.yaml":      "apiVersion: v2\nname: deep\nversion: 1.0.0\n",
	"charts/sub/charts/deep/files/ümläut.md": "any name",
}

// flat lists what a chart consists of, subcharts included.
func flat(prefix string, c *chart.Chart) map[string]string {
	files := map[string]string{prefix + "metadata": c.Name() + " " + c.Metadata.Version + " " + c.Metadata.APIVersion}
	for _, f := range slices.Concat(c.Raw, c.Templates, c.Files) {
		files[prefix+f.Name] = string(f.Data)
	}
	for _, dep := range c.Dependencies() {
		for name, text := range flat(prefix+dep.Name()+": ", dep) {
			files[name] = text
		}
	}
	return files
}

func TestArchiveEqualsHelmsView(t *testing.T) {
	repo := githosttest.New(t)
	repo.Commit(t, "files", below("rich", rich))
	links := map[string]string{
		"rich/files/link.md": "../README.md", "rich/files/all": "../crds", "rich/files/twice": "all/crd.yaml", "rich/dangling.bak": "/nowhere",
	}
	for name, target := range links {
		if err := os.Symlink(target, repo.Path(name)); err != nil {
			t.Fatal(err)
		}
	}
	repo.Commit(t, "links", nil)
	_, url := repo.Serve(t, githost.Options{})
	source := openSource(t, t.TempDir())
	rev := resolve(t, source, spec(url, "rich"))
	fetched, err := source.Fetch(t.Context(), spec(url, "rich"), rev)
	if err != nil {
		t.Fatal(err)
	}
	got, err := loader.LoadArchive(bytes.NewReader(fetched.Archive))
	if err != nil {
		t.Fatal(err)
	}
	// Helm refuses a dangling link even where it is ignored; we do not.
	if err := os.Remove(repo.Path("rich/dangling.bak")); err != nil {
		t.Fatal(err)
	}
	want, err := loader.LoadDir(repo.Path("rich"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(flat("", want), flat("", got)); diff != "" {
		t.Errorf("-want (Helm's LoadDir) +got\n%s", diff)
	}
	other := openSource(t, t.TempDir())
	again, err := other.Fetch(t.Context(), spec(url, "rich"), resolve(t, other, spec(url, "rich")))
	if err != nil || !bytes.Equal(again.Archive, fetched.Archive) {
		t.Errorf("want the same bytes twice, got %d and %d bytes and %v", len(fetched.Archive), len(again.Archive), err)
	}
}

func TestUnfitCharts(t *testing.T) {
	cases := map[string]struct {
		why   string
		files map[string]string
		links map[string]string
		text  string // after the chart and the place
	}{
		"LinkOutside": {
			why: "A change there would go unseen.", links: map[string]string{"values.yaml": "../common/values.yaml"},
			text: `symbolic link "values.yaml" leaves the chart`,
		},
		"LinkAbsolute": {
			why: "Nothing of this machine gets into a chart.", links: map[string]string{"templates/x.yaml": "/etc/passwd"},
			text: `symbolic link "templates/x.yaml" leaves the chart`,
		},
		"LinkNowhere": {
			why: "Helm refuses it, too.", links: map[string]string{"x": "y"},
			text: `symbolic link "x" leads nowhere`,
		},
		"LinkLoop": {
			why: "A walk must end.", links: map[string]string{"x": "x"},
			text: `symbolic link "x" leads through too many others`,
		},
		"LinkAround": {
			why: "A walk must end.", links: map[string]string{"templates/x": ".."},
			text: `symbolic link "templates/x" leads to a directory around it`,
		},
		"LFS": {
			why: "git has only a pointer.", files: map[string]string{"charts/sub.tgz": "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n"},
			text: `file "charts/sub.tgz" is a Git LFS pointer; its content is not in the git repository`,
		},
		"Backslash": {
			why: "Helm takes it for a directory.", files: map[string]string{`templates/a\b.yaml`: "a: 1"},
			text: `file name "a\\b.yaml" cannot be part of a chart`,
		},
		"HugeFile": {
			why: "Helm's own limit.", files: map[string]string{"big": strings.Repeat("x", 5<<20+1)},
			text: `file "big" has 5242881 bytes, more than Helm's limit of 5242880`,
		},
		"AllIgnored": {
			why: "An exclamation mark makes Helm ignore everything else.", files: map[string]string{".helmignore": "!keep\n"},
			text: ".helmignore leaves out Chart.yaml",
		},
		"BadValues": {
			why: "Helm cannot load it.", files: map[string]string{"values.yaml": "a: [1"},
			text: `cannot load values.yaml: error converting YAML to JSON: yaml: line 1: did not find expected ',' or ']'`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Log(tc.why)
			repo := githosttest.New(t)
			repo.Commit(t, "chart", below("web", web.Files()))
			for link, target := range tc.links {
				if err := errors.Join(os.RemoveAll(repo.Path("web/"+link)), os.Symlink(target, repo.Path("web/"+link))); err != nil {
					t.Fatal(err)
				}
			}
			repo.Commit(t, "unfit", below("web", tc.files))
			wantUnfit(t, repo, tc.text)
		})
	}
	t.Run("Submodule", func(t *testing.T) {
		repo := githosttest.New(t)
		commit := repo.Commit(t, "chart", below("web", web.Files()))
		repo.Git(t, "update-index", "--add", "--cacheinfo", "160000,"+commit+",web/charts/sub")
		if err := os.MkdirAll(filepath.Join(repo.Path("web/charts/sub")), 0o755); err != nil {
			t.Fatal(err)
		}
		repo.Git(t, "commit", "--quiet", "--message", "submodule")
		repo.Git(t, "push", "--quiet", "origin", "HEAD")
		wantUnfit(t, repo, `"charts/sub" is a git submodule, which is not supported`)
	})
}

// wantUnfit expects that the chart in web cannot be fetched.
func wantUnfit(t *testing.T, repo *githosttest.Repo, text string) {
	t.Helper()
	_, url := repo.Serve(t, githost.Options{})
	source := openSource(t, t.TempDir())
	rev := resolve(t, source, spec(url, "web"))
	_, err := source.Fetch(t.Context(), spec(url, "web"), rev)
	want := `chart in "web" at commit ` + rev.Commit.Hash[:7] + " of " + url + ": " + text
	if !errors.Is(err, chartsync.ErrInvalid) || err.Error() != want {
		t.Errorf("want %q\n got %q", want, err)
	}
}
