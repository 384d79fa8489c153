package repository

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"

	"github.com/fairlead-dev/fairlead/chartsync"
)

// maxRedirects is how often a request may be sent elsewhere.
const maxRedirects = 10

// A refusedError is a request that our own rules forbid.
type refusedError struct{ text string }

// Error says which rule.
func (r *refusedError) Error() string { return r.text }

// metadata are the addresses outside link-local where clouds hand out the
// machine's own credentials.
var metadata = map[netip.Addr]bool{
	netip.MustParseAddr("fd00:ec2::254"):   true, // AWS
	netip.MustParseAddr("100.100.100.200"): true, // Alibaba Cloud
	netip.MustParseAddr("192.0.0.192"):     true, // Oracle Cloud
}

// nat64 holds IPv4 addresses in its last four bytes.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// checkAddress refuses addresses that no chart repository has.
func checkAddress(ip netip.Addr, loopback bool) error {
	ip = ip.Unmap().WithZone("")
	if nat64.Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	refuse := func(kind string) error {
		return &refusedError{text: fmt.Sprintf("its address %s is %s", ip, kind)}
	}
	switch {
	case ip.IsLinkLocalUnicast(), ip.IsLinkLocalMulticast(), ip.IsInterfaceLocalMulticast():
		return refuse("link-local, which is never asked")
	case ip.IsMulticast():
		return refuse("a multicast address, which is never asked")
	case metadata[ip]:
		return refuse("a cloud's metadata service, which is never asked")
	// Linux connects 0.0.0.0 to loopback.
	case !loopback && (ip.IsLoopback() || ip.IsUnspecified()):
		return refuse("loopback, which is not allowed here")
	}
	return nil
}

// control is the check of each address that is about to be dialled. It sees
// what a name resolved to, so neither DNS nor a redirect gets around it.
func control(loopback bool) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		target, err := netip.ParseAddrPort(address)
		if err != nil {
			return &refusedError{text: "its address is no IP address"}
		}
		return checkAddress(target.Addr(), loopback)
	}
}

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
		if err := checkAddress(ip, g.loopback); err != nil {
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
