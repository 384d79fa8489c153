// Package githosttest gives a test a git repository to commit to and a server
// that serves it.
package githosttest

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead-dev/fairlead/test/githost"
)

// A Repo is a bare repository, and a worktree of it to commit from.
type Repo struct {
	// Root is the folder to serve; the repository is Name below it.
	Root, Name string
	work       string
}

// New makes an empty repository whose HEAD names the branch "main".
func New(t *testing.T) *Repo {
	t.Helper()
	r := &Repo{Root: t.TempDir(), Name: "charts.git", work: t.TempDir()}
	run(t, r.Root, "init", "--quiet", "--bare", "--initial-branch=main", r.Name)
	run(t, r.work, "init", "--quiet", "--initial-branch=main")
	run(t, r.work, "remote", "add", "origin", filepath.Join(r.Root, r.Name))
	return r
}

// Git runs a git command in the worktree and returns what it prints.
func (r *Repo) Git(t *testing.T, args ...string) string {
	t.Helper()
	return run(t, r.work, args...)
}

// Bare runs a git command in the bare repository and returns what it prints.
func (r *Repo) Bare(t *testing.T, args ...string) string {
	t.Helper()
	return run(t, filepath.Join(r.Root, r.Name), args...)
}

// Path returns where a file of the worktree is.
func (r *Repo) Path(file string) string { return filepath.Join(r.work, filepath.FromSlash(file)) }

// Commit writes files, commits everything in the worktree and pushes the branch
// it is on. It returns the commit.
func (r *Repo) Commit(t *testing.T, subject string, files map[string]string) string {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.MkdirAll(filepath.Dir(r.Path(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(r.Path(name), []byte(files[name]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r.Git(t, "add", "--all", "--force")
	r.Git(t, "commit", "--quiet", "--allow-empty", "--message", subject)
	r.Git(t, "push", "--quiet", "--force", "origin", "HEAD")
	return r.Git(t, "rev-parse", "HEAD")
}

// Serve serves the repository until the test ends, and returns its URL. A
// wrapper, if there is one, sees each request first.
func (r *Repo) Serve(t *testing.T, opts githost.Options, wrappers ...func(http.Handler) http.Handler) (*githost.Host, string) {
	t.Helper()
	host, err := githost.Handler(r.Root, opts)
	if err != nil {
		t.Fatal(err)
	}
	var handler http.Handler = host
	for _, wrap := range wrappers {
		handler = wrap(handler)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return host, server.URL + "/" + r.Name
}

// run runs git without this machine's configuration.
func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_AUTHOR_NAME=Ada Lovelace", "GIT_AUTHOR_EMAIL=ada@example.com",
		"GIT_COMMITTER_NAME=Grace Hopper", "GIT_COMMITTER_EMAIL=grace@example.com",
	)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}
