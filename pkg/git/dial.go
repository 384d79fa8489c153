package git

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// A refusedAddress is a dial that our own rules forbid.
type refusedAddress struct{ text string }

// Error says which address, and why it is not dialled.
func (r *refusedAddress) Error() string { return r.text }

// guard returns the check of each address that is about to be dialled. It sees
// what the name resolved to, so neither DNS nor a redirect gets around it.
func guard(loopback bool) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		target, err := netip.ParseAddrPort(address)
		if err != nil {
			return &refusedAddress{text: "its address is no IP address"}
		}
		switch ip := target.Addr().Unmap(); {
		case ip.IsLinkLocalUnicast(), ip.IsLinkLocalMulticast(), ip.IsMulticast():
			return &refusedAddress{text: fmt.Sprintf("its address %s is link-local, which is never dialled", ip)}
		// Linux takes 0.0.0.0 for loopback.
		case !loopback && (ip.IsLoopback() || ip.IsUnspecified()):
			return &refusedAddress{text: fmt.Sprintf("its address %s is loopback, which is not allowed here", ip)}
		}
		return nil
	}
}

// newHTTPClient returns the client of all mirrors. Whole exchanges are bounded
// by their contexts: a clone may take long, so there is no timeout here.
func newHTTPClient(loopback bool) *http.Client {
	dialer := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second, Control: guard(loopback)}
	return &http.Client{
		Transport: &withoutErrorBodies{base: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           dialer.DialContext,
			ForceAttemptHTTP2:     true,
			TLSHandshakeTimeout:   15 * time.Second,
			ExpectContinueTimeout: time.Second,
			IdleConnTimeout:       time.Minute,
			MaxIdleConnsPerHost:   4,
		}},
	}
}

// withoutErrorBodies drops the bodies of responses that are no success: go-git
// reads them whole and puts them into its errors.
type withoutErrorBodies struct{ base http.RoundTripper }

// RoundTrip performs the request.
func (w *withoutErrorBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := w.base.RoundTrip(r)
	if err != nil || res.StatusCode < 300 {
		return res, err
	}
	// A short body is drained, so that the connection can be used again.
	_, err = io.CopyN(io.Discard, res.Body, 4<<10)
	if err = errors.Join(ignoreEOF(err), res.Body.Close()); err != nil {
		return nil, err
	}
	res.Body, res.ContentLength = http.NoBody, 0
	return res, nil
}

// ignoreEOF returns err unless it says that there was no more to read.
func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
