package harness

import (
	"maps"
	"path"
	"testing"

	"github.com/fairlead-dev/fairlead/test/githost"
	"github.com/fairlead-dev/fairlead/test/githost/githosttest"
)

// A GitRepo is a git repository on loopback with a worktree to commit from, on
// the branch main. It ends with the test.
type GitRepo struct {
	// URL to put into a HelmRelease.
	URL string
	// Host counts who asked for it.
	Host *githost.Host

	repo *githosttest.Repo
}

// NewGitRepo starts an empty repository.
func NewGitRepo(t *testing.T) *GitRepo {
	t.Helper()
	r := &GitRepo{repo: githosttest.New(t)}
	r.Host, r.URL = r.repo.Serve(t, githost.Options{Push: true})
	return r
}

// Commit writes files, given by their paths, commits and pushes. It returns the
// commit's hash. Author is Ada Lovelace.
func (r *GitRepo) Commit(t *testing.T, subject string, files map[string]string) string {
	t.Helper()
	return r.repo.Commit(t, subject, files)
}

// CommitChart commits a chart for tests at charts/NAME; the changes are files of
// the chart that are added or replaced, by their paths in the chart.
func (r *GitRepo) CommitChart(t *testing.T, subject, name string, changes map[string]string) string {
	t.Helper()
	files := ChartFiles(t, name, path.Join("charts", name))
	for file, text := range maps.All(changes) {
		files[path.Join("charts", name, file)] = text
	}
	return r.Commit(t, subject, files)
}

// Git runs a git command in the worktree and returns what it prints.
func (r *GitRepo) Git(t *testing.T, args ...string) string {
	t.Helper()
	return r.repo.Git(t, args...)
}
