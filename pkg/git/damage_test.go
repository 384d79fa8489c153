package git_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-dev/fairlead/pkg/git"
	"github.com/fairlead-dev/fairlead/test/githost"
	"github.com/fairlead-dev/fairlead/test/githost/githosttest"
)

// The test binary starts itself with these, to be killed in a fetch.
const (
	killedURL = "FAIRLEAD_TEST_KILLED_URL"
	killedDir = "FAIRLEAD_TEST_KILLED_DIR"
)

func fetchUntilKilled() {
	mirrors, err := git.Open(os.Getenv(killedDir), git.WithLoopback(true))
	if err == nil {
		var m *git.Mirror
		if m, err = mirrors.Mirror(os.Getenv(killedURL), git.Credentials{}); err == nil {
			_, err = m.Resolve(context.Background(), git.Ref{})
		}
	}
	fmt.Println("not killed:", err)
}

// noise is text that does not compress.
func noise(n int) string {
	source := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, n)
	for i := range text {
		text[i] = byte(' ' + source.IntN(90))
	}
	return string(text)
}

// halfway lets a fetch through up to half a response, then calls stuck and
// waits for the client to go.
func halfway(stuck func()) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				next.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(&throttle{ResponseWriter: w, left: 100 << 10, done: r.Context().Done(), stuck: stuck}, r)
		})
	}
}

type throttle struct {
	http.ResponseWriter
	left  int
	done  <-chan struct{}
	stuck func()
}

func (l *throttle) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left > 0 {
		return l.ResponseWriter.Write(p)
	}
	l.ResponseWriter.(http.Flusher).Flush()
	l.stuck()
	<-l.done
	return 0, io.ErrClosedPipe
}

func TestKilledInTheMiddleOfAFetch(t *testing.T) {
	repo := githosttest.New(t)
	first := repo.Commit(t, "one", map[string]string{"a": "1"})
	dir := t.TempDir()
	_, healthy := repo.Serve(t, githost.Options{})
	for _, state := range []string{"Clone", "Increment"} {
		t.Run(state, func(t *testing.T) {
			want := repo.Commit(t, state, map[string]string{"a": state, "noise": state + noise(400<<10)})
			stuck := make(chan struct{}, 1)
			_, url := repo.Serve(t, githost.Options{}, halfway(func() { stuck <- struct{}{} }))
			if state == "Increment" { // the mirror's name comes from the URL: make it the one that hangs
				seed(t, repo, dir, url, first)
			}
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), killedURL+"="+url, killedDir+"="+dir)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			select {
			case <-stuck:
			case <-time.After(30 * time.Second):
				t.Error("the fetch did not get half way")
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // says "killed"
			moveMirror(t, dir, url, healthy)
			m := openMirror(t, dir, healthy, git.Credentials{})
			if got := resolve(t, m, git.Ref{}); got != want || content(t, m, got, "a") != state {
				t.Errorf("want %s, got %s", want, got)
			}
			wantNoLeftovers(t, dir)
			if err := os.RemoveAll(mirrorDir(t, dir)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// seed fills the mirror of a URL with an older commit, from a server that works.
func seed(t *testing.T, repo *githosttest.Repo, dir, url, commit string) {
	t.Helper()
	now := repo.Bare(t, "rev-parse", "main")
	repo.Bare(t, "update-ref", "refs/heads/main", commit)
	_, healthy := repo.Serve(t, githost.Options{})
	resolve(t, openMirror(t, dir, healthy, git.Credentials{}), git.Ref{})
	moveMirror(t, dir, healthy, url)
	repo.Bare(t, "update-ref", "refs/heads/main", now)
}

// moveMirror makes the only mirror below dir the one of another URL: test
// servers have a port each.
func moveMirror(t *testing.T, dir, _, url string) {
	t.Helper()
	was := mirrorDir(t, dir)
	if err := os.Rename(was, filepath.Join(dir, git.DirName(url))); err != nil {
		t.Fatal(err)
	}
}

// mirrorDir returns the only mirror below dir.
func mirrorDir(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("want 1 mirror, got %v and %v", found, err)
	}
	return found[0]
}

// wantNoLeftovers expects no unfinished files in the mirror below dir.
func wantNoLeftovers(t *testing.T, dir string) {
	t.Helper()
	packs, err := os.ReadDir(filepath.Join(mirrorDir(t, dir), "objects", "pack"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packs {
		if !strings.HasPrefix(p.Name(), "pack-") {
			t.Errorf("leftover: %s", p.Name())
		}
	}
}

func TestDamageHeals(t *testing.T) {
	overwrite := func(t *testing.T, path string, change func([]byte) []byte) {
		t.Helper()
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, change(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	scramble := func(data []byte) []byte {
		for i := 12; i < len(data)-20; i++ {
			data[i] ^= 0x5a
		}
		return data
	}
	cases := map[string]struct {
		why    string
		damage func(t *testing.T, pack string)
	}{
		"PackGone":      {"An index whose pack is gone.", func(t *testing.T, pack string) { check(t, os.Remove(pack)) }},
		"PackScrambled": {"A pack with other bytes.", func(t *testing.T, pack string) { overwrite(t, pack, scramble) }},
		"PackEmpty":     {"A pack of no bytes, as a full disk leaves it.", func(t *testing.T, pack string) { check(t, truncate(pack)) }},
		"IndexGone":     {"A pack whose index is gone.", func(t *testing.T, pack string) { check(t, os.Remove(index(pack))) }},
		"IndexHalf": {"Half an index.", func(t *testing.T, pack string) {
			overwrite(t, index(pack), func(data []byte) []byte { return data[:len(data)/2] })
		}},
		"HalfIndexAlone": {"What go-git leaves behind when it is killed: half an index, no pack.", func(t *testing.T, pack string) {
			overwrite(t, index(pack), func(data []byte) []byte { return data[:len(data)/2] })
			check(t, os.Remove(pack))
		}},
		"RefsAlone": {"Refs that promise what is not there.", func(t *testing.T, pack string) {
			check(t, errors.Join(os.Remove(pack), os.Remove(index(pack))))
		}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Log(tc.why)
			repo := githosttest.New(t)
			repo.Commit(t, "one", map[string]string{"a": "1", "b": noise(1000)})
			_, url := repo.Serve(t, githost.Options{})
			dir := t.TempDir()
			resolve(t, openMirror(t, dir, url, git.Credentials{}), git.Ref{})
			packs, err := filepath.Glob(filepath.Join(mirrorDir(t, dir), "objects", "pack", "*.pack"))
			if err != nil || len(packs) != 1 {
				t.Fatalf("want 1 pack, got %v and %v", packs, err)
			}
			tc.damage(t, packs[0])

			m := openMirror(t, dir, url, git.Credentials{})
			got := ""
			check(t, m.Mend(t.Context(), func() error {
				commit, err := m.Resolve(t.Context(), git.Ref{})
				if err == nil {
					got, err = tryContent(m, commit, "a")
				}
				return err
			}))
			if got != "1" {
				t.Errorf("want the content, got %q", got)
			}
		})
	}
}

func TestDamageBelowTheRootHeals(t *testing.T) {
	repo := githosttest.New(t)
	repo.Commit(t, "one", map[string]string{"a": "1"})
	host, url := repo.Serve(t, githost.Options{})
	dir := t.TempDir()
	m := openMirror(t, dir, url, git.Credentials{})
	resolve(t, m, git.Ref{})
	reads := 0
	check(t, m.Mend(t.Context(), func() error {
		commit, err := m.Resolve(t.Context(), git.Ref{})
		if err != nil {
			return err
		}
		if reads++; reads == 1 {
			_, err = m.Blob(strings.Repeat("1", 40), 1) // as if a tree had named it
			return err
		}
		_, err = tryContent(m, commit, "a")
		return err
	}))
	if _, fetched := counts(host); reads != 2 || fetched != 2 {
		t.Errorf("want 2 reads and 2 fetches, got %d and %d", reads, fetched)
	}
	mirrorDir(t, dir) // and nothing discarded lies around
}

func TestRemoteDamageIsNotFetchedForever(t *testing.T) {
	repo := githosttest.New(t)
	repo.Commit(t, "one", map[string]string{"a": "1"})
	host, url := repo.Serve(t, githost.Options{})
	m := openMirror(t, t.TempDir(), url, git.Credentials{})
	for range 3 {
		err := m.Mend(t.Context(), func() error {
			if _, err := m.Resolve(t.Context(), git.Ref{}); err != nil {
				return err
			}
			_, err := m.Blob(strings.Repeat("1", 40), 1) // as if a tree had named it
			return err
		})
		if want := "git repository " + url + " has objects that cannot be read"; !errors.Is(err, git.ErrInvalid) || err.Error() != want {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	if _, fetched := counts(host); fetched != 2 {
		t.Errorf("want one more fetch than usual, got %d in all", fetched)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func index(pack string) string { return strings.TrimSuffix(pack, ".pack") + ".idx" }

func truncate(path string) error {
	return errors.Join(os.Chmod(path, 0o600), os.Truncate(path, 0))
}
