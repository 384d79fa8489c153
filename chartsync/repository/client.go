package repository

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/pkg/dialguard"
)

// The limits of a connection. The whole request has its own limit besides.
const (
	dialTimeout   = 10 * time.Second
	headerTimeout = 30 * time.Second
	idleTimeout   = 90 * time.Second
	headerBytes   = 1 << 20
)

// A client makes requests within limits. Its connections are shared and kept.
type client struct {
	transport http.RoundTripper
	timeout   time.Duration
	loopback  bool
	userAgent string
}

func newClient(o options) *client {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second, Control: dialguard.Control(o.loopback)}
	return &client{
		timeout:   o.timeout,
		loopback:  o.loopback,
		userAgent: o.userAgent,
		transport: &http.Transport{
			Proxy:                  o.proxy,
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true, // a dialer of our own turns it off otherwise
			TLSClientConfig:        &tls.Config{RootCAs: o.rootCAs, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    dialTimeout,
			ResponseHeaderTimeout:  headerTimeout,
			IdleConnTimeout:        idleTimeout,
			MaxIdleConnsPerHost:    4,
			MaxResponseHeaderBytes: headerBytes,
		},
	}
}

// A question is one GET.
type question struct {
	request request
	url     string
	known   validators
	// limit bounds the body, unpacked.
	limit int64
	// asIs turns off compression on the way: some servers say of a .tgz that
	// its gzip is one, and unpacking it would give other bytes.
	asIs bool
}

// validators say which content we have already.
type validators struct {
	etag, lastModified string
}

// An answer is the body of an HTTP 200; or nothing, if nothing changed.
type answer struct {
	body      []byte
	unchanged bool
	validators
}

// get asks a question. A status other than 200 and 304 is returned as a
// *statusError; every other error is a problem.
func (c *client) get(ctx context.Context, q question) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	u, err := url.Parse(q.url)
	if err != nil {
		return answer{}, problemf(chartsync.ErrInvalid, nil, "an address in the index of %s cannot be parsed", q.request)
	}
	where := show(u)
	res, err := c.do(ctx, q)
	if err != nil {
		return answer{}, c.unreachable(err, where, u.Hostname())
	}
	defer func() {
		// Nothing depends on it: the body was read, or is not wanted.
		_ = res.Body.Close()
	}()
	switch {
	case res.StatusCode == http.StatusNotModified && q.known != (validators{}):
		return answer{unchanged: true, validators: q.known}, nil
	case res.StatusCode != http.StatusOK:
		// A short body is drained, so that the connection can be used again.
		_, _ = io.CopyN(io.Discard, res.Body, 4<<10)
		return answer{}, &statusError{code: res.StatusCode, where: where}
	case res.ContentLength > q.limit:
		return answer{}, tooBig(where, q.limit)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, q.limit+1))
	if err != nil {
		return answer{}, c.unreachable(err, where, u.Hostname())
	}
	if int64(len(body)) > q.limit {
		return answer{}, tooBig(where, q.limit)
	}
	return answer{body: body, validators: validatorsOf(res.Header)}, nil
}

// do sends the question.
func (c *client) do(ctx context.Context, q question) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, q.url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", c.userAgent)
	if q.asIs {
		req.Header.Set("Accept-Encoding", "identity")
	}
	if q.known.etag != "" {
		req.Header.Set("If-None-Match", q.known.etag)
	}
	if q.known.lastModified != "" {
		req.Header.Set("If-Modified-Since", q.known.lastModified)
	}
	hops := &guard{base: c.transport, origin: q.request.url, credentials: q.request.spec.Credentials, loopback: c.loopback}
	return (&http.Client{Transport: hops, CheckRedirect: checkRedirect}).Do(req)
}

// validatorsOf returns the validators of a response. The date of a file that was
// changed within the last seconds is none: it may change again in that second.
func validatorsOf(h http.Header) validators {
	v := validators{etag: h.Get("ETag")}
	modified, err := http.ParseTime(h.Get("Last-Modified"))
	if err != nil {
		return v
	}
	answered, err := http.ParseTime(h.Get("Date"))
	if err == nil && answered.Sub(modified) > 2*time.Second {
		v.lastModified = h.Get("Last-Modified")
	}
	return v
}

// A statusError is an answer other than the one that was hoped for.
type statusError struct {
	code  int
	where string
}

// Error says which.
func (s *statusError) Error() string { return http.StatusText(s.code) }

// tooBig is the problem of a body over its limit.
func tooBig(where string, limit int64) error {
	return problemf(chartsync.ErrInvalid, nil, "the file %s is bigger than the limit of %d bytes", where, limit)
}

// explain turns a status into a problem; notFound gives the sentence for a 404.
func explain(err error, r request, notFound func(code int) string) error {
	var status *statusError
	if !errors.As(err, &status) {
		return err
	}
	// Not the URL first: a sentence begins with a capital letter.
	say := func(sentinel error, text string) error {
		return problemf(sentinel, nil, "the server of %s %s (HTTP %d)", status.where, text, status.code)
	}
	switch code := status.code; {
	case code == http.StatusUnauthorized && r.spec.Credentials.IsZero():
		return say(chartsync.ErrUnauthorized, "asks for credentials, and none are given")
	case code == http.StatusUnauthorized:
		return say(chartsync.ErrUnauthorized, "refused the credentials")
	case code == http.StatusForbidden:
		return say(chartsync.ErrUnauthorized, "does not allow access")
	case code == http.StatusNotFound, code == http.StatusGone:
		return problemf(chartsync.ErrNotFound, nil, "%s", notFound(code))
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code == http.StatusProxyAuthRequired, code >= 500:
		return say(chartsync.ErrUnavailable, "cannot answer now")
	}
	return say(chartsync.ErrInvalid, "gave an unexpected answer")
}
