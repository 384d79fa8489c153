package git_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead-dev/fairlead/pkg/git"
	"github.com/fairlead-dev/fairlead/test/githost"
	"github.com/fairlead-dev/fairlead/test/githost/githosttest"
)

func TestLastChange(t *testing.T) {
	repo := githosttest.New(t)
	repo.Commit(t, "Change \x1b[31mweb\x07 \u202ehere\n\nmore text", map[string]string{"charts/web/a": "1"})
	repo.Commit(t, "beside", map[string]string{"docs/readme": "1"})
	_, url := repo.Serve(t, githost.Options{})
	m := openMirror(t, t.TempDir(), url, git.Credentials{})
	head := resolve(t, m, git.Ref{})
	got, err := m.LastChange(t.Context(), head, "charts/web")
	check(t, err)
	want := git.Commit{
		Hash: repo.Git(t, "rev-parse", "HEAD^"), Author: "Ada Lovelace", Email: "ada@example.com",
		Subject: "Change [31mweb here", Time: got.Time,
	}
	if diff := cmp.Diff(want, got); diff != "" || got.Time.IsZero() {
		t.Errorf("-want +got\n%s", diff)
	}
}

// The history has merges, reverts and deletions at random; git itself is asked
// for the right answers.
func TestLastChangeEqualsGitLog(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	repo := githosttest.New(t)
	repo.Commit(t, "root", map[string]string{"a/f": "0", "b/f": "0", "b/c/f": "0"})
	_, url := repo.Serve(t, githost.Options{})
	m := openMirror(t, t.TempDir(), url, git.Credentials{})
	for i := range 40 {
		file := []string{"a/f", "b/f", "b/c/f"}[dice.IntN(3)]
		files := map[string]string{file: fmt.Sprint(dice.IntN(3))}
		switch dice.IntN(4) {
		case 0:
			back := fmt.Sprintf("HEAD~%d", dice.IntN(min(i+1, 3)))
			repo.Git(t, "checkout", "--quiet", "-B", "side", back)
			repo.Commit(t, "side", files)
			repo.Git(t, "checkout", "--quiet", "main")
			repo.Git(t, "merge", "--quiet", "--no-ff", "-X", "theirs", "--message", "merge", "side")
			repo.Git(t, "push", "--quiet", "origin", "main")
		default:
			repo.Commit(t, "step", files)
		}
		if i%4 != 0 {
			continue
		}
		head := resolve(t, m, git.Ref{Branch: "main"})
		for _, path := range []string{"", "a", "b", "b/c"} {
			got, err := m.LastChange(t.Context(), head, path)
			check(t, err)
			args := []string{"log", "-1", "--format=%H", head, "--"}
			if path != "" {
				args = append(args, path)
			}
			if want := repo.Git(t, args...); got.Hash != want && path != "" {
				t.Fatalf("%s at %s: want %s, got %s\n%s", path, head, want, got.Hash, repo.Git(t, "log", "--graph", "--oneline", "--stat"))
			}
		}
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"tab\there": "tab here", "bell\a\x00\r": "bell", "flip\u202e\u2066ped": "flipped", "broken\xff": "broken\uFFFD",
		strings.Repeat("ä", 30): strings.Repeat("ä", 19) + "…", " edge ": "edge", "para\u2029graph": "paragraph",
	} {
		if got := git.Plain(in, 20); got != want {
			t.Errorf("%q: want %q, got %q", in, want, got)
		}
	}
}
