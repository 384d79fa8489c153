package repository

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/Masterminds/semver/v3"
	"helm.sh/helm/v3/pkg/repo"

	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/pkg/dialguard"
)

// A request is a spec that was found to make sense.
type request struct {
	spec  chartsync.Spec
	url   *url.URL
	index string // URL of index.yaml
}

// parse checks a spec. Its errors wrap ErrBadSpec.
func parse(spec chartsync.Spec, loopback bool) (request, error) {
	want := spec.Repository
	if want == nil || spec.Git != nil {
		return request{}, problemf(chartsync.ErrBadSpec, nil, "the chart spec names no repository")
	}
	u, err := url.Parse(want.URL)
	if err != nil {
		return request{}, problemf(chartsync.ErrBadSpec, nil, "the repository's URL cannot be parsed")
	}
	r := request{spec: spec, url: u}
	switch {
	case u.User != nil:
		return request{}, problemf(chartsync.ErrBadSpec, nil,
			"the URL of repository %s holds credentials: put them into a Secret", show(u))
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return request{}, problemf(chartsync.ErrBadSpec, nil,
			"%q is not the URL of a repository: write https://host/path", show(u))
	case want.Name == "":
		return request{}, problemf(chartsync.ErrBadSpec, nil, "the spec names no chart of repository %s", show(u))
	case strings.ContainsAny(spec.Credentials.Token, "\r\n"):
		return request{}, problemf(chartsync.ErrBadSpec, nil, "the token for %s contains a line break", show(u))
	}
	// A name is looked at when it is dialled: what it resolves to may change.
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		if err := dialguard.Check(ip, loopback); err != nil {
			return request{}, problemf(chartsync.ErrBadSpec, err, "asking %s: %v", show(u), err)
		}
	}
	if _, err := semver.NewConstraint(want.Version); want.Version != "" && err != nil {
		return request{}, problemf(chartsync.ErrBadSpec, nil,
			`version %q of chart %q is not a semver range: write "1.2.3", "~1.2" or ">=1.2 <2"`, want.Version, want.Name)
	}
	if r.index, err = repo.ResolveReferenceURL(want.URL, "index.yaml"); err != nil {
		return request{}, problemf(chartsync.ErrBadSpec, nil, "the repository's URL cannot be parsed")
	}
	return r, nil
}

// key identifies the index: nobody shares one with other credentials.
func (r request) key() string {
	return r.spec.Repository.URL + "\n" + r.spec.Credentials.Digest()
}

// String returns the repository's URL for messages.
func (r request) String() string { return strings.TrimSuffix(show(r.url), "/") }

// showBytes bounds a URL in a message.
const showBytes = 200

// show returns u for messages: without user, query and fragment, where secrets
// may be, and not too long.
func show(u *url.URL) string {
	plain := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath, Opaque: u.Opaque}
	text := plain.String()
	if len(text) > showBytes {
		text = text[:showBytes] + "…"
	}
	return text
}

// sameOrigin reports whether both have one scheme, host and port.
func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

// port returns the port of u, given or implied.
func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}
