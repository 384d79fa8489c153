package git

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"

	"github.com/fairlead-dev/fairlead/pkg/dialguard"
)

// explain turns what went wrong between us and the remote into a sentence.
// Texts of go-git are not passed on: some of them quote what the server sent.
func (m *Mirror) explain(ctx context.Context, err error) error {
	err = unwrapped(err)
	var (
		p      *problem
		status *githttp.Err
	)
	switch {
	case errors.As(err, &p):
		return p
	case ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded):
		return m.timedOut(ctx, err)
	case errors.Is(err, transport.ErrAuthenticationRequired):
		return m.refused(http.StatusUnauthorized, err)
	case errors.Is(err, transport.ErrAuthorizationFailed):
		return m.refused(http.StatusForbidden, err)
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return &problem{ErrNotFound, fmt.Sprintf("no git repository at %s (HTTP 404)", m.url), err}
	case errors.As(err, &status) && status.StatusCode() == http.StatusGone:
		return &problem{ErrNotFound, fmt.Sprintf("no git repository at %s any more (HTTP 410)", m.url), err}
	case errors.As(err, &status):
		return &problem{ErrUnavailable, fmt.Sprintf("git repository %s answered HTTP %d", m.url, status.StatusCode()), err}
	}
	if text := networkText(err); text != "" {
		return &problem{ErrUnavailable, fmt.Sprintf("cannot reach git repository %s: %s", m.url, text), err}
	}
	return &problem{ErrInvalid, fmt.Sprintf("the server of %s does not answer like a git server over HTTP", m.url), err}
}

// timedOut tells our own limit from the end of the caller's context.
func (m *Mirror) timedOut(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil && !errors.Is(cause, context.DeadlineExceeded) {
		return &problem{ErrUnavailable, fmt.Sprintf("asking git repository %s: stopped before it answered", m.url), cause}
	}
	return &problem{ErrUnavailable, fmt.Sprintf("git repository %s did not answer in time", m.url), err}
}

// refused says that the remote does not let us in, and with what we tried.
func (m *Mirror) refused(status int, err error) error {
	with := "the credentials"
	if m.credentials == (Credentials{}) {
		with = "access without credentials"
	}
	return &problem{ErrUnauthorized, fmt.Sprintf("git repository %s refuses %s (HTTP %d)", m.url, with, status), err}
}

// unwrapped takes off go-git's wrappers, which errors.As cannot see through.
func unwrapped(err error) error {
	var unexpected *plumbing.UnexpectedError
	var permanent *plumbing.PermanentError
	switch {
	case errors.As(err, &unexpected):
		return unwrapped(unexpected.Err)
	case errors.As(err, &permanent):
		return unwrapped(permanent.Err)
	}
	return err
}

// networkText returns the plain reason of an error of the network, and "" for
// any other error.
func networkText(err error) string {
	var (
		ours    *dialguard.RefusedError
		dns     *net.DNSError
		op      *net.OpError
		cert    *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		netErr  net.Error
		urlErr  *url.Error
	)
	switch {
	case errors.As(err, &ours):
		return ours.Error()
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("no such host %q", dns.Name)
	case errors.As(err, &dns):
		return fmt.Sprintf("looking up host %q did not work", dns.Name)
	case errors.As(err, &cert):
		return cert.Err.Error()
	case errors.As(err, &unknown):
		return unknown.Error()
	case errors.As(err, &op) && op.Op == "dial":
		return fmt.Sprintf("connecting to %s: %s", op.Addr, innermost(op.Err))
	case errors.As(err, &netErr) && netErr.Timeout():
		return "it did not answer in time"
	case errors.As(err, &op):
		return "the connection broke"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection broke"
	case errors.As(err, &urlErr) && strings.HasPrefix(urlErr.Err.Error(), "http redirect: "):
		return "it redirects to where we do not follow"
	case errors.As(err, &urlErr):
		return "the exchange over HTTP broke off"
	}
	return ""
}

// innermost returns the error at the end of the chain: "connection refused"
// without the name of the system call.
func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
