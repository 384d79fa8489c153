package repository

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/pkg/dialguard"
)

// maxRedirects is how often a request may be sent elsewhere.
const maxRedirects = 10

// A refusedError is a redirect that our own rules forbid.
type refusedError struct{ text string }

// Error says which rule.
func (r *refusedError) Error() string { return r.text }

// A guard is the way of one request and its redirects: it decides for each hop
// whether it may be taken, and whether credentials go with it.
type guard struct {
	base        http.RoundTripper
	origin      *url.URL
	credentials chartsync.Credentials
	loopback    bool
	left        bool // a redirect left the origin
}

// RoundTrip takes one hop.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	// A proxy would dial on our behalf, past the check of the dialled address.
	if ip, err := netip.ParseAddr(r.URL.Hostname()); err == nil {
		if err := dialguard.Check(ip, g.loopback); err != nil {
			return nil, err
		}
	}
	r = r.Clone(r.Context())
	// The client takes credentials from a URL that has some, and tells where it
	// came from, which may have a secret in its query.
	r.Header.Del("Authorization")
	r.Header.Del("Referer")
	g.left = g.left || !sameOrigin(r.URL, g.origin)
	if !g.left && !g.credentials.IsZero() {
		if g.credentials.Token != "" {
			r.Header.Set("Authorization", "Bearer "+g.credentials.Token)
		} else {
			r.SetBasicAuth(g.credentials.Username, g.credentials.Password)
		}
	}
	return g.base.RoundTrip(r)
}

// checkRedirect refuses redirects that lead nowhere good.
func checkRedirect(r *http.Request, via []*http.Request) error {
	last := via[len(via)-1].URL
	switch {
	case len(via) >= maxRedirects:
		return &refusedError{text: fmt.Sprintf("it redirects more than %d times", maxRedirects)}
	case r.URL.Scheme != "http" && r.URL.Scheme != "https":
		return &refusedError{text: "it redirects to something that is neither http nor https"}
	case last.Scheme == "https" && r.URL.Scheme == "http":
		return &refusedError{text: "it redirects from https to http"}
	}
	return nil
}
