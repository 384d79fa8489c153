package githost_test

import (
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairlead-dev/fairlead/test/githost"
	"github.com/fairlead-dev/fairlead/test/githost/githosttest"
)

func TestPush(t *testing.T) {
	source := rand.New(rand.NewPCG(1, 2))
	big := make([]byte, 3<<20) // git sends more than 1 MB chunked
	for i := range big {
		big[i] = byte(source.Uint32())
	}
	for name, push := range map[string]bool{"Allowed": true, "Refused": false} {
		t.Run(name, func(t *testing.T) {
			repo := githosttest.New(t)
			commit := repo.Commit(t, "one", map[string]string{"big": string(big)})
			clone := filepath.Join(t.TempDir(), "clone")
			repo.Git(t, "clone", "--quiet", repo.Path("."), clone)
			repo.Bare(t, "update-ref", "-d", "refs/heads/main")

			host, url := repo.Serve(t, githost.Options{Push: push})
			out, err := exec.Command("git", "-C", clone, "push", url, "HEAD:refs/heads/pushed").CombinedOutput()
			if (err == nil) != push {
				t.Fatalf("want pushed %t, got %v\n%s", push, err, out)
			}
			if push && repo.Bare(t, "rev-parse", "pushed") != commit {
				t.Error("the pushed branch is another commit")
			}
			if len(host.Requests()) == 0 {
				t.Error("no request was counted")
			}
		})
	}
}

func TestBasicAuthentication(t *testing.T) {
	repo := githosttest.New(t)
	repo.Commit(t, "one", nil)
	_, url := repo.Serve(t, githost.Options{Username: "ada", Password: "pw"})
	for user, want := range map[string]bool{"ada:pw@": true, "ada:no@": false, "": false} {
		address := strings.Replace(url, "http://", "http://"+user, 1)
		out, err := exec.Command("git", "-c", "core.askPass=true", "ls-remote", address).CombinedOutput()
		if (err == nil) != want {
			t.Errorf("%q: want %t, got %v\n%s", user, want, err, out)
		}
	}
}
