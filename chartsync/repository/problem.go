package repository

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"

	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/pkg/dialguard"
)

// A problem is an error for people: its text is the whole sentence, and what it
// wraps is for callers, not for readers.
type problem struct {
	text   string
	causes []error
}

// Error returns the sentence.
func (p *problem) Error() string { return p.text }

// Unwrap returns the sentinel and the cause.
func (p *problem) Unwrap() []error { return p.causes }

// problemf returns a problem that wraps a sentinel of chartsync, and a cause if
// there is one. The cause's text is not shown: it may quote a response.
func problemf(sentinel, cause error, format string, args ...any) error {
	p := &problem{text: fmt.Sprintf(format, args...), causes: []error{sentinel}}
	if cause != nil {
		p.causes = append(p.causes, cause)
	}
	return p
}

// presentable makes sure that an error is a problem. What is none comes from
// the caller's context or from the store.
func presentable(err error, r request) error {
	var p *problem
	switch {
	case errors.As(err, &p):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return problemf(chartsync.ErrUnavailable, err, "asking %s: %v", r, err)
	}
	return problemf(chartsync.ErrUnavailable, err, "%v", err)
}

// unreachable explains why a request got no answer. It never shows the text of
// an error that it does not know: that may quote what a server sent.
func (c *client) unreachable(err error, where, host string) error {
	var (
		refused *refusedError
		address *dialguard.RefusedError
		dns     *net.DNSError
		unknown x509.UnknownAuthorityError
		named   x509.HostnameError
		invalid x509.CertificateInvalidError
		alert   tls.AlertError
		timeout net.Error
	)
	because := func(format string, args ...any) error {
		return problemf(chartsync.ErrUnavailable, err, "asking %s: "+format, append([]any{where}, args...)...)
	}
	switch {
	case errors.As(err, &refused):
		return problemf(chartsync.ErrInvalid, err, "asking %s: %s", where, refused.text)
	case errors.As(err, &address):
		return problemf(chartsync.ErrInvalid, err, "asking %s: %v", where, address)
	case errors.As(err, &dns) && dns.IsNotFound:
		return because("no such host")
	case errors.Is(err, context.Canceled):
		return because("%v", context.Canceled)
	case errors.As(err, &dns):
		return because("its host name cannot be resolved now")
	case errors.As(err, &unknown):
		return because("its certificate is signed by an unknown authority")
	case errors.As(err, &named):
		return because("its certificate is for another host than %s", host)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return because("its certificate has expired or is not yet valid")
	case errors.As(err, &invalid):
		return because("its certificate is not valid")
	case errors.Is(err, http.ErrSchemeMismatch):
		return because("it speaks http, not https")
	case errors.As(err, &alert):
		return because("it refused the TLS connection")
	case errors.Is(err, syscall.ECONNREFUSED):
		return because("connection refused")
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return because("no route to host")
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return because("no answer in time (%s at most)", c.timeout)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return because("the connection was closed before the answer was complete")
	}
	return because("the request failed without a usable answer")
}
