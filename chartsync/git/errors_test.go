package git_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/test/githost"
	"github.com/fairlead-dev/fairlead/test/githost/githosttest"
)

func TestErrorsForPeople(t *testing.T) {
	repo := githosttest.New(t)
	files := below("deploy/charts/web", web.Files())
	files["deploy/notes.txt"] = "no chart here"
	files["docs/readme"] = "nor here"
	files["bad/yaml/Chart.yaml"] = "name: [web"
	files["bad/version/Chart.yaml"] = "apiVersion: v2\nname: web\nversion: new\n"
	files["bad/nameless/Chart.yaml"] = "apiVersion: v2\nversion: 1.0.0\n"
	commit := repo.Commit(t, "one", files)
	_, url := repo.Serve(t, githost.Options{})
	private, privateURL := repo.Serve(t, githost.Options{Username: "ada", Password: "pw"})
	place := `at HEAD (commit ` + commit[:7] + `) of URL`

	cases := map[string]struct {
		why  string
		url  string
		ref  chartsync.Ref
		path string
		kind error
		text string
	}{
		"NoChart": {
			why: "People point one level too high.", path: "deploy/charts", kind: chartsync.ErrInvalid,
			text: `no Chart.yaml in "deploy/charts" ` + place + `; there is one in "deploy/charts/web"`,
		},
		"NoChartNear": {
			why: "Nothing is suggested where nothing is.", path: "docs", ref: chartsync.Ref{Branch: "main"}, kind: chartsync.ErrInvalid,
			text: `no Chart.yaml in "docs" at branch "main" (commit ` + commit[:7] + `) of URL`,
		},
		"NoChartInRoot": {
			why: "The root has no name.", ref: chartsync.Ref{Commit: commit}, kind: chartsync.ErrInvalid,
			text: `no Chart.yaml in the root directory at commit ` + commit[:7] + ` of URL`,
		},
		"NoPath": {
			why: "A path that is not there.", path: "deploy/wbe", kind: chartsync.ErrNotFound,
			text: `no directory "deploy/wbe" ` + place,
		},
		"FilePath": {
			why: "A path of a file.", path: "deploy/notes.txt", kind: chartsync.ErrInvalid,
			text: `"deploy/notes.txt" is a file and no directory ` + place,
		},
		"BadYAML": {
			why: "A slip in Chart.yaml.", path: "bad/yaml", kind: chartsync.ErrInvalid,
			text: `invalid Chart.yaml in "bad/yaml" ` + place + `: error converting YAML to JSON: yaml: line 1: did not find expected ',' or ']'`,
		},
		"BadVersion": {
			why: "Versions are semver.", path: "bad/version", kind: chartsync.ErrInvalid,
			text: `invalid Chart.yaml in "bad/version" ` + place + `: chart.metadata.version "new" is invalid`,
		},
		"NoName": {
			why: "A chart has a name.", path: "bad/nameless", kind: chartsync.ErrInvalid,
			text: `invalid Chart.yaml in "bad/nameless" ` + place + `: chart.metadata.name is required`,
		},
		"NoBranch": {
			why: "A branch that is not there.", ref: chartsync.Ref{Branch: "mian"}, path: "docs", kind: chartsync.ErrNotFound,
			text: `no branch "mian" in URL: did you mean "main"?`,
		},
		"NoTag": {
			why: "A tag that is not there.", ref: chartsync.Ref{Tag: "v1"}, path: "docs", kind: chartsync.ErrNotFound,
			text: `no tag "v1" in URL: it has no tags`,
		},
		"NoCommit": {
			why: "A commit that is not there.", ref: chartsync.Ref{Commit: strings.Repeat("1", 40)}, kind: chartsync.ErrNotFound,
			text: `no commit ` + strings.Repeat("1", 40) + ` in URL: no branch or tag leads to it`,
		},
		"NoRepository": {
			why: "A wrong URL.", url: url + "x", kind: chartsync.ErrNotFound,
			text: `no git repository at URL (HTTP 404)`,
		},
		"Private": {
			why: "A repository that wants credentials.", url: privateURL, kind: chartsync.ErrUnauthorized,
			text: `git repository URL refuses access without credentials (HTTP 401)`,
		},
		"Outside": {
			why: "A path that leaves the repository.", path: "charts/../../etc", kind: chartsync.ErrBadSpec,
			text: `path "charts/../../etc" leaves the git repository`,
		},
		"SSH": {
			why: "SSH comes later.", url: "git@github.com:org/repo.git", kind: chartsync.ErrBadSpec,
			text: `the git URL is no URL; write https://host/path`,
		},
	}
	source := openSource(t, t.TempDir())
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Log(tc.why)
			if tc.url == "" {
				tc.url = url
			}
			_, err := source.Resolve(t.Context(), chartsync.Spec{Git: &chartsync.GitSpec{URL: tc.url, Ref: tc.ref, Path: tc.path}})
			if !errors.Is(err, tc.kind) {
				t.Fatalf("want an error that wraps %q, got %v", tc.kind, err)
			}
			if diff := cmp.Diff(tc.text, strings.ReplaceAll(err.Error(), tc.url, "URL")); diff != "" {
				t.Errorf("message: -want +got\n%s", diff)
			}
		})
	}
	if n := len(private.Requests()); n != 1 {
		t.Errorf("want 1 request to the private server, got %d", n)
	}
}
