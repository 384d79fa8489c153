package git_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"sync"
	"testing"

	"github.com/fairlead-dev/fairlead/pkg/git"
	"github.com/fairlead-dev/fairlead/test/githost"
	"github.com/fairlead-dev/fairlead/test/githost/githosttest"
)

func TestUnchangedRemoteIsOneLook(t *testing.T) {
	repo := githosttest.New(t)
	commit := repo.Commit(t, "one", map[string]string{"a": "1"})
	repo.Git(t, "push", "--quiet", "origin", "HEAD:refs/heads/other")
	host, url := repo.Serve(t, githost.Options{})
	dir := t.TempDir()
	m := openMirror(t, dir, url, git.Credentials{})

	resolve(t, m, git.Ref{})
	wantCounts(t, host, "the first time", 1, 1)
	resolve(t, m, git.Ref{Branch: "main"})
	wantCounts(t, host, "unchanged", 2, 1)
	resolve(t, m, git.Ref{Branch: "other"})
	wantCounts(t, host, "another branch", 3, 1)
	resolve(t, m, git.Ref{Commit: commit})
	wantCounts(t, host, "a commit that is there", 3, 1)
	resolve(t, openMirror(t, dir, url, git.Credentials{}), git.Ref{})
	wantCounts(t, host, "after a restart", 4, 1)
	repo.Commit(t, "two", map[string]string{"a": "2"})
	resolve(t, m, git.Ref{Branch: "other"})
	wantCounts(t, host, "only another branch moved", 5, 1)
	if got := content(t, m, resolve(t, m, git.Ref{}), "a"); got != "2" {
		t.Errorf("want the new content, got %q", got)
	}
	wantCounts(t, host, "the branch moved", 6, 2)
}

func TestForcePushAndDeletedRefsAreFollowed(t *testing.T) {
	repo := githosttest.New(t)
	base := repo.Commit(t, "base", map[string]string{"a": "base"})
	repo.Commit(t, "old", map[string]string{"a": "old"})
	repo.Git(t, "push", "--quiet", "origin", "HEAD:refs/heads/gone")
	host, url := repo.Serve(t, githost.Options{})
	m := openMirror(t, t.TempDir(), url, git.Credentials{})
	old := resolve(t, m, git.Ref{})

	repo.Git(t, "reset", "--quiet", "--hard", base)
	forced := repo.Commit(t, "forced", map[string]string{"a": "new"})
	repo.Git(t, "push", "--quiet", "origin", "--delete", "gone")
	repo.Bare(t, "gc", "--quiet", "--prune=now")
	if got := resolve(t, m, git.Ref{}); got != forced || content(t, m, got, "a") != "new" {
		t.Errorf("want the forced commit %s, got %s", forced, got)
	}
	if _, err := m.Resolve(t.Context(), git.Ref{Branch: "gone"}); !errors.Is(err, git.ErrNotFound) {
		t.Errorf("want the deleted branch to be gone, got %v", err)
	}
	if got := content(t, m, old, "a"); got != "old" {
		t.Errorf("want what was fetched once to stay readable, got %q", got)
	}
	if _, fetched := counts(host); fetched != 2 {
		t.Errorf("want 2 fetches, got %d", fetched)
	}
}

func TestConcurrentCallersShare(t *testing.T) {
	repo := githosttest.New(t)
	want := repo.Commit(t, "one", map[string]string{"a": "1"})
	arrived, open := make(chan struct{}, 100), make(chan struct{})
	host, url := repo.Serve(t, githost.Options{}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			arrived <- struct{}{}
			<-open
			next.ServeHTTP(w, r)
		})
	})
	m := openMirror(t, t.TempDir(), url, git.Credentials{})

	impatient, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := m.Resolve(impatient, git.Ref{})
		left <- err
	}()
	<-arrived
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) || !errors.Is(err, git.ErrUnavailable) {
		t.Errorf("want a cancelled caller to be told so, got %v", err)
	}
	var callers sync.WaitGroup
	for range 5 {
		callers.Go(func() {
			if got, err := m.Resolve(t.Context(), git.Ref{}); err != nil || got != want {
				t.Errorf("want %s, got %q and %v", want, got, err)
			}
		})
	}
	close(open)
	callers.Wait()
	looked, fetched := counts(host)
	// The look that was on its way when they came may be too old for them.
	if looked > 6 || fetched != 1 {
		t.Errorf("want few looks and one fetch, got %d and %d", looked, fetched)
	}
}

func TestCredentialsShareNothing(t *testing.T) {
	repo := githosttest.New(t)
	commit := repo.Commit(t, "secret", map[string]string{"a": "secret"})
	host, url := repo.Serve(t, githost.Options{Username: "ada", Password: "pw"})
	dir := t.TempDir()
	right := openMirror(t, dir, url, git.Credentials{Username: "ada", Password: "pw"})
	resolve(t, right, git.Ref{})
	tree, err := right.Tree(commit, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, credentials := range map[string]git.Credentials{
		"Wrong": {Username: "ada", Password: "guess"}, "Anonymous": {}, "Token": {Token: "pw"},
	} {
		t.Run(name, func(t *testing.T) {
			m := openMirror(t, dir, url, credentials)
			for _, ref := range []git.Ref{{}, {Commit: commit}} {
				if _, err := m.Resolve(t.Context(), ref); !errors.Is(err, git.ErrUnauthorized) {
					t.Errorf("%s: want an error that wraps ErrUnauthorized, got %v", ref, err)
				}
			}
			if known, err := m.HasTree(tree); known || err != nil {
				t.Errorf("want nothing of the other mirror, got %t and %v", known, err)
			}
		})
	}
	if _, fetched := counts(host); fetched != 1 {
		t.Errorf("want 1 fetch, got %d", fetched)
	}
	// One directory per URL and credentials; who is refused leaves none.
	if dirs, err := os.ReadDir(dir); err != nil || len(dirs) != 1 {
		t.Errorf("want 1 mirror on disk, got %d and %v", len(dirs), err)
	}
}
