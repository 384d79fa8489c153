package git

import (
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/fairlead-dev/fairlead/pkg/dialguard"
)

// newHTTPClient returns the client of all mirrors. Whole exchanges are bounded
// by their contexts: a clone may take long, so there is no timeout here.
func newHTTPClient(loopback bool) *http.Client {
	dialer := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second, Control: dialguard.Control(loopback)}
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
