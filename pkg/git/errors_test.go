package git_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead-dev/fairlead/pkg/git"
)

func TestErrorsOfServers(t *testing.T) {
	const body = "SECRET-BODY"
	answer := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, body, status) }
	}
	cases := map[string]struct {
		why    string
		answer http.HandlerFunc
		with   git.Credentials
		kind   error
		text   string
	}{
		"NotFound":     {"A wrong path.", answer(404), git.Credentials{}, git.ErrNotFound, "no git repository at URL (HTTP 404)"},
		"Gone":         {"A moved one.", answer(410), git.Credentials{}, git.ErrNotFound, "no git repository at URL any more (HTTP 410)"},
		"Private":      {"It wants credentials.", answer(401), git.Credentials{}, git.ErrUnauthorized, "git repository URL refuses access without credentials (HTTP 401)"},
		"Unauthorized": {"It wants others.", answer(401), git.Credentials{Token: "t"}, git.ErrUnauthorized, "git repository URL refuses the credentials (HTTP 401)"},
		"Forbidden":    {"They may not read it.", answer(403), git.Credentials{Token: "t"}, git.ErrUnauthorized, "git repository URL refuses the credentials (HTTP 403)"},
		"Failing":      {"Its own trouble.", answer(503), git.Credentials{}, git.ErrUnavailable, "git repository URL answered HTTP 503"},
		"Busy":         {"Too many of us.", answer(429), git.Credentials{}, git.ErrUnavailable, "git repository URL answered HTTP 429"},
		"WebPage":      {"A login page, say.", answer(200), git.Credentials{}, git.ErrInvalid, "the server of URL does not answer like a git server over HTTP"},
		"Dropped": {
			"It hangs up.", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			git.Credentials{}, git.ErrUnavailable, "cannot reach git repository URL: the connection broke",
		},
		"Slow": {
			"It never answers.", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			git.Credentials{}, git.ErrUnavailable, "git repository URL did not answer in time",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Log(tc.why)
			server := httptest.NewServer(tc.answer)
			t.Cleanup(server.Close)
			mirrors, err := git.Open(t.TempDir(), git.WithLoopback(true), git.WithTimeout(time.Second))
			check(t, err)
			m, err := mirrors.Mirror(server.URL+"/x.git", tc.with)
			check(t, err)
			_, err = m.Resolve(t.Context(), git.Ref{})
			if !errors.Is(err, tc.kind) {
				t.Fatalf("want an error that wraps %q, got %v", tc.kind, err)
			}
			if diff := cmp.Diff(tc.text, strings.ReplaceAll(err.Error(), m.URL(), "URL")); diff != "" {
				t.Errorf("message: -want +got\n%s", diff)
			}
		})
	}
}

func TestErrorsOfTheNetwork(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	closed := nobody.Addr().String()
	check(t, nobody.Close())
	m := openMirror(t, t.TempDir(), "http://"+closed+"/x.git", git.Credentials{})
	_, err = m.Resolve(t.Context(), git.Ref{})
	want := "cannot reach git repository http://" + closed + "/x.git: connecting to " + closed + ": connection refused"
	if !errors.Is(err, git.ErrUnavailable) || err.Error() != want {
		t.Errorf("want %q, got %v", want, err)
	}

	unknown := &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "git.example.com", IsNotFound: true}}
	err = git.Explain(openMirror(t, t.TempDir(), "https://git.example.com/x.git", git.Credentials{}), t.Context(), unknown)
	want = `cannot reach git repository https://git.example.com/x.git: no such host "git.example.com"`
	if !errors.Is(err, git.ErrUnavailable) || err.Error() != want {
		t.Errorf("want %q, got %v", want, err)
	}
}

func TestMirrorURLs(t *testing.T) {
	mirrors, err := git.Open(t.TempDir())
	check(t, err)
	for url, want := range map[string]string{
		"ssh://git@example.com/x.git":       `contains credentials`,
		"git://example.com/x.git":           `git URL "git://example.com/x.git": only http and https are supported`,
		"file:///etc":                       `git URL "file:///etc": only http and https are supported`,
		"/etc":                              `git URL "/etc": only http and https are supported`,
		"--upload-pack=touch /tmp/x":        `only http and https are supported`,
		"ext::sh -c touch% /tmp/x":          `only http and https are supported`,
		"https:///x.git":                    `git URL "https:///x.git" names no host`,
		"https://ada:pw@example.com/x.git":  `the git URL of host "example.com" contains credentials; put them into a Secret instead`,
		"https://example.com/x.git?token=t": `the git URL of host "example.com" has a query or a fragment; write https://host/path`,
		"https://ada:pw@exa mple.com/x.git": `the git URL is no URL; write https://host/path`,
	} {
		_, err := mirrors.Mirror(url, git.Credentials{})
		if !errors.Is(err, git.ErrBadSpec) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q, got %v", url, want, err)
		}
	}
	a, err := mirrors.Mirror("https://Example.com/x.git/", git.Credentials{})
	check(t, err)
	b, err := mirrors.Mirror("https://example.com/x.git", git.Credentials{})
	check(t, err)
	if a != b {
		t.Error("want one mirror for two spellings of a URL")
	}
}
