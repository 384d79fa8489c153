package git_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairlead-dev/fairlead/chartsync"
	chartgit "github.com/fairlead-dev/fairlead/chartsync/git"
	"github.com/fairlead-dev/fairlead/chartsync/sourcetest"
	"github.com/fairlead-dev/fairlead/pkg/git"
	"github.com/fairlead-dev/fairlead/test/githost"
	"github.com/fairlead-dev/fairlead/test/githost/githosttest"
)

func TestSourceConformance(t *testing.T) {
	for name, credentials := range map[string]chartsync.Credentials{
		"HTTP":  {},
		"Basic": {Username: "ada", Password: "pa55-w0rd"},
		"Token": {Token: "t0ken-of-ada"},
	} {
		t.Run(name, func(t *testing.T) {
			sourcetest.Run(t, func(t *testing.T) sourcetest.Fixture {
				repo := githosttest.New(t)
				host, err := githost.Handler(repo.Root, githost.Options{})
				if err != nil {
					t.Fatal(err)
				}
				return &fixture{Server: sourcetest.NewServer(t, host, credentials), repo: repo}
			})
		})
	}
}

// fixture is a git repository with a chart in charts/podinfo.
type fixture struct {
	*sourcetest.Server
	repo *githosttest.Repo
}

func (f *fixture) Open(t *testing.T, dir string) chartsync.Source {
	t.Helper()
	return openSource(t, dir)
}

func (f *fixture) at(path string) chartsync.Spec {
	return chartsync.Spec{
		Git:         &chartsync.GitSpec{URL: f.URL + "/" + f.repo.Name, Path: path},
		Credentials: f.Credentials,
	}
}

func (f *fixture) Spec() chartsync.Spec      { return f.at("charts/podinfo") }
func (f *fixture) Missing() chartsync.Spec   { return f.at("charts/other") }
func (f *fixture) Malformed() chartsync.Spec { return f.at("../podinfo") }

func (f *fixture) Publish(t *testing.T, c sourcetest.Chart) {
	t.Helper()
	f.repo.Commit(t, "Publish "+c.Version, below("charts/podinfo", c.Files()))
}

func (f *fixture) PublishUnrelated(t *testing.T) {
	t.Helper()
	f.repo.Commit(t, "Unrelated", map[string]string{"docs/README.md": f.repo.Git(t, "count-objects", "-v")})
}

func (f *fixture) Downloads() int {
	return f.Count(func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/git-upload-pack") })
}

// below puts files into a directory.
func below(dir string, files map[string]string) map[string]string {
	moved := map[string]string{}
	for name, text := range maps.All(files) {
		moved[dir+"/"+name] = text
	}
	return moved
}

// openSource returns a source that keeps everything below dir.
func openSource(t *testing.T, dir string) *chartgit.Source {
	t.Helper()
	mirrors, err := git.Open(filepath.Join(dir, "mirrors"), git.WithLoopback(true))
	if err != nil {
		t.Fatal(err)
	}
	return chartgit.New(mirrors, archives(filepath.Join(dir, "archives")))
}

// archives keeps each archive in a file of a directory.
type archives string

func (a archives) path(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(string(a), hex.EncodeToString(sum[:]))
}

func (a archives) Get(key string) ([]byte, bool, error) {
	data, err := os.ReadFile(a.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	return data, err == nil, err
}

func (a archives) Put(key string, archive []byte) error {
	if err := os.MkdirAll(string(a), 0o700); err != nil {
		return err
	}
	return os.WriteFile(a.path(key), archive, 0o600)
}
