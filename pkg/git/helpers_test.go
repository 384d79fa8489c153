package git_test

import (
	"os"
	"testing"

	"github.com/fairlead-dev/fairlead/pkg/git"
	"github.com/fairlead-dev/fairlead/test/githost"
)

func TestMain(m *testing.M) {
	if os.Getenv(killedURL) != "" {
		fetchUntilKilled()
		return
	}
	os.Exit(m.Run())
}

// openMirror returns the mirror of a URL below dir.
func openMirror(t *testing.T, dir, url string, credentials git.Credentials) *git.Mirror {
	t.Helper()
	mirrors, err := git.Open(dir, git.WithLoopback(true))
	if err != nil {
		t.Fatal(err)
	}
	m, err := mirrors.Mirror(url, credentials)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// resolve resolves a ref that is there.
func resolve(t *testing.T, m *git.Mirror, ref git.Ref) string {
	t.Helper()
	commit, err := m.Resolve(t.Context(), ref)
	if err != nil {
		t.Fatalf("resolving %s: %v", ref, err)
	}
	return commit
}

// content returns a file in the root directory of a commit.
func content(t *testing.T, m *git.Mirror, commit, name string) string {
	t.Helper()
	text, err := tryContent(m, commit, name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func tryContent(m *git.Mirror, commit, name string) (string, error) {
	tree, err := m.Tree(commit, "")
	if err != nil {
		return "", err
	}
	entries, err := m.List(tree)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if e.Name == name {
			text, err := m.Blob(e.Hash, 1<<20)
			return string(text), err
		}
	}
	return "", nil
}

// counts returns how many requests looked and how many fetched.
func counts(host *githost.Host) (looked, fetched int) {
	for _, r := range host.Requests() {
		if r.Fetched() {
			fetched++
		} else {
			looked++
		}
	}
	return looked, fetched
}

// wantCounts expects that many looks and fetches since the server started.
func wantCounts(t *testing.T, host *githost.Host, when string, looks, fetches int) {
	t.Helper()
	if looked, fetched := counts(host); looked != looks || fetched != fetches {
		t.Errorf("%s: want %d looks and %d fetches, got %d and %d", when, looks, fetches, looked, fetched)
	}
}
