package git_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fairlead-dev/fairlead/pkg/git"
	"github.com/fairlead-dev/fairlead/test/githost"
	"github.com/fairlead-dev/fairlead/test/githost/githosttest"
)

func TestLoopbackIsOffByDefault(t *testing.T) {
	repo := githosttest.New(t)
	host, url := repo.Serve(t, githost.Options{})
	mirrors, err := git.Open(t.TempDir())
	check(t, err)
	m, err := mirrors.Mirror(url, git.Credentials{})
	check(t, err)
	_, err = m.Resolve(t.Context(), git.Ref{})
	want := "cannot reach git repository " + url + ": its address 127.0.0.1 is loopback, which is not allowed here"
	if !errors.Is(err, git.ErrUnavailable) || err.Error() != want {
		t.Errorf("want %q, got %v", want, err)
	}
	wantCounts(t, host, "refused", 0, 0)
}

func TestRedirects(t *testing.T) {
	repo := githosttest.New(t)
	want := repo.Commit(t, "one", map[string]string{"a": "1"})
	credentials := git.Credentials{Username: "ada", Password: "pw"}
	_, private := repo.Serve(t, githost.Options{Username: "ada", Password: "pw"})
	var leaked []string
	_, public := repo.Serve(t, githost.Options{}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if a := r.Header.Get("Authorization"); a != "" {
				leaked = append(leaked, a)
			}
			next.ServeHTTP(w, r)
		})
	})
	redirect := func(to string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, to+strings.TrimPrefix(r.URL.Path, "/old.git")+"?"+r.URL.RawQuery, http.StatusFound)
		}))
		t.Cleanup(server.Close)
		return server.URL + "/old.git"
	}

	t.Run("ElsewhereIsFollowedWithoutCredentials", func(t *testing.T) {
		if got := resolve(t, openMirror(t, t.TempDir(), redirect(public), credentials), git.Ref{}); got != want || leaked != nil {
			t.Errorf("want %s and no credentials sent, got %s and %d times", want, got, len(leaked))
		}
	})
	t.Run("SoAPrivatePlaceElsewhereRefuses", func(t *testing.T) {
		_, err := openMirror(t, t.TempDir(), redirect(private), credentials).Resolve(t.Context(), git.Ref{})
		if !errors.Is(err, git.ErrUnauthorized) {
			t.Errorf("want an error that wraps ErrUnauthorized, got %v", err)
		}
	})
	t.Run("LinkLocalIsNeverDialled", func(t *testing.T) {
		url := redirect("http://169.254.169.254/latest")
		_, err := openMirror(t, t.TempDir(), url, credentials).Resolve(t.Context(), git.Ref{})
		if !errors.Is(err, git.ErrUnavailable) || !strings.Contains(err.Error(), "link-local") {
			t.Errorf("want link-local refused, got %v", err)
		}
	})
	t.Run("OtherProtocolsAreNotFollowed", func(t *testing.T) {
		url := redirect("file:///etc")
		_, err := openMirror(t, t.TempDir(), url, credentials).Resolve(t.Context(), git.Ref{})
		text := "cannot reach git repository " + url + ": it redirects to where we do not follow"
		if !errors.Is(err, git.ErrUnavailable) || err.Error() != text {
			t.Errorf("want %q, got %v", text, err)
		}
	})
}
