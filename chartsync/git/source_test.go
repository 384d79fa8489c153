package git_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/chartsync/sourcetest"
	"github.com/fairlead-dev/fairlead/test/githost"
	"github.com/fairlead-dev/fairlead/test/githost/githosttest"
)

var web = sourcetest.Chart{Name: "web", Version: "1.0.0", AppVersion: "2.0", Text: "one"}

// spec names a path at the remote's HEAD.
func spec(url, path string) chartsync.Spec {
	return chartsync.Spec{Git: &chartsync.GitSpec{URL: url, Path: path}}
}

// resolve resolves a spec that can be resolved.
func resolve(t *testing.T, s chartsync.Source, sp chartsync.Spec) chartsync.Revision {
	t.Helper()
	rev, err := s.Resolve(t.Context(), sp)
	if err != nil {
		t.Fatal(err)
	}
	return rev
}

func TestRevisionTellsWhereItCameFrom(t *testing.T) {
	repo := githosttest.New(t)
	commit := repo.Commit(t, "Add web", below("charts/web", web.Files()))
	_, url := repo.Serve(t, githost.Options{})
	source := openSource(t, t.TempDir())
	got := resolve(t, source, spec(url, "/charts//web/"))
	want := chartsync.Revision{
		Name: "web", Version: "1.0.0", AppVersion: "2.0",
		Digest: "git-tree:" + repo.Git(t, "rev-parse", "HEAD:charts/web"), Location: "charts/web",
		Commit: &chartsync.Commit{Hash: commit, Author: "Ada Lovelace", Email: "ada@example.com", Subject: "Add web", Time: got.Commit.Time},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}

	repo.Commit(t, "Unrelated", map[string]string{"charts/other/values.yaml": "a: 1"})
	if diff := cmp.Diff(want, resolve(t, source, spec(url, "charts/web"))); diff != "" {
		t.Errorf("after an unrelated commit: -want +got\n%s", diff)
	}
	web2 := web
	web2.Text = "two"
	changed := repo.Commit(t, "Change web", below("charts/web", web2.Files()))
	if got := resolve(t, source, spec(url, "charts/web")); got.Commit.Hash != changed || got.Digest == want.Digest {
		t.Errorf("after a change: want commit %s and another digest, got %+v", changed, got)
	}
}

func TestOneMirrorForManyCharts(t *testing.T) {
	repo := githosttest.New(t)
	files := map[string]string{}
	paths := []string{"charts/a", "charts/b", "charts/c", "charts/d", "charts/e"}
	for _, path := range paths {
		for name, text := range below(path, web.Files()) {
			files[name] = text
		}
	}
	repo.Commit(t, "five charts", files)
	repo.Git(t, "push", "--quiet", "origin", "HEAD:refs/tags/v1", "HEAD:refs/heads/stable")
	host, url := repo.Serve(t, githost.Options{})
	dir := t.TempDir()
	source := openSource(t, dir)
	for _, path := range paths {
		for _, ref := range []chartsync.Ref{{}, {Branch: "main"}, {Branch: "stable"}, {Tag: "v1"}} {
			sp := spec(url, path)
			sp.Git.Ref = ref
			if _, err := source.Fetch(t.Context(), sp, resolve(t, source, sp)); err != nil {
				t.Fatal(err)
			}
		}
	}
	fetched := 0
	for _, r := range host.Requests() {
		if r.Fetched() {
			fetched++
		}
	}
	mirrors, err := os.ReadDir(filepath.Join(dir, "mirrors"))
	if err != nil || len(mirrors) != 1 || fetched != 1 {
		t.Errorf("want 1 mirror and 1 fetch, got %d, %d and %v", len(mirrors), fetched, err)
	}
}

func TestFetchWithoutTheStore(t *testing.T) {
	repo := githosttest.New(t)
	repo.Commit(t, "Add web", below("web", web.Files()))
	host, url := repo.Serve(t, githost.Options{})
	dir := t.TempDir()
	source := openSource(t, dir)
	rev := resolve(t, source, spec(url, "web"))
	first, err := source.Fetch(t.Context(), spec(url, "web"), rev)
	if err != nil {
		t.Fatal(err)
	}
	before := len(host.Requests())
	remove := func(what string) {
		t.Helper()
		if err := os.RemoveAll(filepath.Join(dir, what)); err != nil {
			t.Fatal(err)
		}
	}
	fetch := func() {
		t.Helper()
		again, err := openSource(t, dir).Fetch(t.Context(), spec(url, "web"), rev)
		if err != nil {
			t.Fatal(err)
		}
		if string(again.Archive) != string(first.Archive) {
			t.Error("the same revision has other bytes")
		}
	}
	remove("archives")
	fetch()
	if n := len(host.Requests()) - before; n != 0 {
		t.Errorf("the mirror has it: want no request, got %d", n)
	}
	remove("mirrors")
	fetch()
	if n := len(host.Requests()) - before; n != 0 {
		t.Errorf("the store has it: want no request, got %d", n)
	}
	remove("mirrors")
	remove("archives")
	fetch()
	if n := len(host.Requests()) - before; n != 2 {
		t.Errorf("nobody has it: want a look and a fetch, got %d requests", n)
	}
}

func TestFetchOfALostRevision(t *testing.T) {
	repo := githosttest.New(t)
	repo.Commit(t, "Add web", below("web", web.Files()))
	_, url := repo.Serve(t, githost.Options{})
	rev := resolve(t, openSource(t, t.TempDir()), spec(url, "web"))
	rev.Digest = "git-tree:" + strings.Repeat("1", 40)
	_, err := openSource(t, t.TempDir()).Fetch(t.Context(), spec(url, "web"), rev)
	want := "the chart with tree 1111111 is no longer in " + url
	if !errors.Is(err, chartsync.ErrNotFound) || err.Error() != want {
		t.Errorf("want %q, got %v", want, err)
	}
}
