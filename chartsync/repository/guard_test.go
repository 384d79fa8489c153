package repository

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/repo"

	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/chartsync/sourcetest"
)

func TestLoopbackIsRefused(t *testing.T) {
	f := newFixture(t, false, chartsync.Credentials{})
	f.Publish(t, podinfo1)
	f.opts = nil
	s := f.Open(t, t.TempDir())
	_, err := s.Resolve(t.Context(), f.Spec())
	wantProblem(t, err, chartsync.ErrBadSpec, "its address 127.0.0.1 is loopback, which is not allowed here")

	named := f.Spec()
	named.Repository.URL = strings.Replace(named.Repository.URL, "127.0.0.1", "localhost", 1)
	_, err = s.Resolve(t.Context(), named) // what a name resolves to is seen when it is dialled
	wantProblem(t, err, chartsync.ErrInvalid, "is loopback, which is not allowed here")
	if n := f.Requests(); n != 0 {
		t.Errorf("want no request, got %d", n)
	}
}

func TestRefusedAddressesBehindTheIndex(t *testing.T) {
	// Whoever writes an index or answers with a redirect chooses an address too.
	const evil = "http://169.254.169.254/latest/meta-data"
	f := newFixture(t, false, chartsync.Credentials{})
	f.Publish(t, podinfo1)
	f.host.edit(func(i *repo.IndexFile) { i.Entries["podinfo"][0].URLs[0] = evil })
	err := fetchNewest(t, f.Open(t, t.TempDir()), f.Spec())
	wantProblem(t, err, chartsync.ErrInvalid, "its address 169.254.169.254 is link-local, which is never asked")

	redirecting := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, evil, http.StatusFound) })
	err = fetchNewest(t, redirecting.Open(t, t.TempDir()), redirecting.Spec())
	wantProblem(t, err, chartsync.ErrInvalid, "its address 169.254.169.254 is link-local, which is never asked")
}

// serve returns a fixture whose server does as it likes.
func serve(t *testing.T, handle http.HandlerFunc) *fixture {
	t.Helper()
	return &fixture{Server: sourcetest.NewServer(t, handle, chartsync.Credentials{}), opts: []Option{WithLoopback(true)}}
}

func TestRedirects(t *testing.T) {
	elsewhere := newFixture(t, false, chartsync.Credentials{})
	elsewhere.Publish(t, podinfo1)
	secure := newFixture(t, true, chartsync.Credentials{})
	for name, c := range map[string]struct {
		why    string
		target string
		want   string
	}{
		"Followed": {"A repository that moved.", elsewhere.URL + "/charts/index.yaml", ""},
		"Loop":     {"It would never end.", "/charts/index.yaml", "it redirects more than 10 times"},
		"Scheme":   {"Files are no charts.", "ftp://example.com/index.yaml", "it redirects to something that is neither http nor https"},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, c.target, http.StatusFound) })
			_, err := f.Open(t, t.TempDir()).Resolve(t.Context(), f.Spec())
			if c.want == "" {
				if err != nil {
					t.Errorf("%s %v", c.why, err)
				}
				return
			}
			wantProblem(t, err, chartsync.ErrInvalid, c.want)
		})
	}
	t.Run("Downgrade", func(t *testing.T) {
		secure.host.put("index.yaml", nil)
		s := sourcetest.NewTLSServer(t, http.RedirectHandler(elsewhere.URL+"/charts/index.yaml", http.StatusFound), chartsync.Credentials{})
		f := &fixture{Server: s, opts: []Option{WithLoopback(true), WithRootCAs(s.RootCAs)}}
		_, err := f.Open(t, t.TempDir()).Resolve(t.Context(), f.Spec())
		wantProblem(t, err, chartsync.ErrInvalid, "it redirects from https to http")
	})
}

func TestCredentialsStayAtTheOrigin(t *testing.T) {
	credentials := map[string]chartsync.Credentials{
		"Basic":  {Username: "reader", Password: "c0rrect-h0rse"},
		"Bearer": {Token: "t0ken-0f-trust"},
	}
	for name, c := range credentials {
		t.Run(name, func(t *testing.T) {
			// The archives are on another port, which is another origin.
			other := newFixture(t, false, chartsync.Credentials{})
			other.Publish(t, podinfo1)
			f := newFixture(t, false, c)
			f.Publish(t, podinfo1)
			f.host.edit(func(i *repo.IndexFile) {
				i.Entries["podinfo"][0].URLs[0] = strings.Replace(other.URL, "http://", "http://u:p@", 1) + "/charts/archives/podinfo-1.0.0.tgz"
			})
			if err := fetchNewest(t, f.Open(t, t.TempDir()), f.Spec()); err != nil {
				t.Fatal(err)
			}
			wantNoCredentials(t, other.Server, 1)
		})
	}
}

func TestCredentialsFollowNoRedirect(t *testing.T) {
	var home string // set before the first request
	away := sourcetest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, home+"/charts/index.yaml", http.StatusFound)
	}), chartsync.Credentials{})
	c := chartsync.Credentials{Username: "reader", Password: "c0rrect-h0rse"}
	seen := map[string]bool{}
	f := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _, seen[r.URL.Path] = r.BasicAuth()
		switch r.URL.Path {
		case "/moved/index.yaml": // within the origin: credentials go along
			http.Redirect(w, r, "/there/index.yaml?secret=of-the-query", http.StatusFound)
		case "/there/index.yaml":
			http.Redirect(w, r, away.URL, http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	})
	home = f.URL
	spec := f.Spec()
	spec.Credentials = c
	spec.Repository.URL = f.URL + "/moved"
	_, err := f.Open(t, t.TempDir()).Resolve(t.Context(), spec)
	wantProblem(t, err, chartsync.ErrNotFound, "no index.yaml at")
	wantNoCredentials(t, away, 1)
	if !seen["/moved/index.yaml"] || !seen["/there/index.yaml"] {
		t.Errorf("the origin did not get the credentials: %v", seen)
	}
	if with, asked := seen["/charts/index.yaml"]; !asked || with {
		t.Errorf("sent back by another host, the origin was asked: %v, with credentials: %v", asked, with)
	}
}

// wantNoCredentials expects n requests, none with credentials or a referer.
func wantNoCredentials(t *testing.T, s *sourcetest.Server, n int) {
	t.Helper()
	if got := s.Requests(); got != n {
		t.Errorf("want %d requests elsewhere, got %d", n, got)
	}
	told := s.Count(func(r *http.Request) bool {
		return r.Header.Get("Authorization") != "" || r.Header.Get("Referer") != ""
	})
	if told != 0 {
		t.Errorf("%d requests elsewhere had credentials or a referer", told)
	}
}

func TestProxy(t *testing.T) {
	// The proxy gets whole URLs; nothing else could answer for this host.
	proxied := newHost()
	proxied.publish(t, podinfo1)
	proxy := sourcetest.NewServer(t, proxied, chartsync.Credentials{})
	u, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{Server: &sourcetest.Server{URL: "http://charts.invalid"}, opts: []Option{WithLoopback(true), WithProxy(http.ProxyURL(u))}}
	s := f.Open(t, t.TempDir())
	if err := fetchNewest(t, s, f.Spec()); err != nil {
		t.Fatal(err)
	}
	before := proxy.Requests()
	literal := f.Spec()
	literal.Repository.URL = "http://169.254.169.254/charts"
	_, err = s.Resolve(t.Context(), literal)
	wantProblem(t, err, chartsync.ErrBadSpec, "link-local")
	if proxy.Requests() != before {
		t.Error("the proxy was asked for a link-local address")
	}
}

func TestSameOrigin(t *testing.T) {
	for name, c := range map[string]struct {
		a, b string
		want bool
	}{
		"Path":        {"https://a.example/x", "https://a.example/y", true},
		"ImpliedPort": {"https://a.example", "https://A.EXAMPLE:443", true},
		"HTTPPort":    {"http://a.example:80", "http://a.example", true},
		"Port":        {"https://a.example", "https://a.example:8443", false},
		"Scheme":      {"https://a.example", "http://a.example", false},
		"CrossedPort": {"https://a.example", "http://a.example:443", false},
		"Subdomain":   {"https://a.example", "https://b.a.example", false},
	} {
		a, errA := url.Parse(c.a)
		b, errB := url.Parse(c.b)
		if errA != nil || errB != nil || sameOrigin(a, b) != c.want || sameOrigin(b, a) != c.want {
			t.Errorf("%s: sameOrigin(%s, %s): want %v", name, c.a, c.b, c.want)
		}
	}
}
