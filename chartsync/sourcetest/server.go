package sourcetest

import (
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/fairlead-dev/fairlead/chartsync"
)

// A Server is a real HTTP server on loopback that counts, asks for credentials
// and breaks on demand. A Fixture embeds it.
type Server struct {
	// URL is where it listens: http://127.0.0.1:port, or https.
	URL string
	// Credentials are what it asks for; the zero value asks for none.
	Credentials chartsync.Credentials
	// RootCAs has the certificate of a server with TLS, and is nil otherwise.
	RootCAs *x509.CertPool

	handler http.Handler

	mu       sync.Mutex
	how      Breakage
	changed  chan struct{} // closed by the next Break
	requests []*http.Request
}

// NewServer serves handler until the test ends. With credentials, whoever does
// not send them gets HTTP 401; a token is asked for as a bearer token.
func NewServer(t *testing.T, handler http.Handler, credentials chartsync.Credentials) *Server {
	t.Helper()
	s := &Server{Credentials: credentials, handler: handler, how: Healthy, changed: make(chan struct{})}
	hs := httptest.NewServer(s)
	t.Cleanup(func() { s.Break(Healthy); hs.Close() })
	s.URL = hs.URL
	return s
}

// NewTLSServer is NewServer with HTTPS and a certificate authority that only
// RootCAs knows.
func NewTLSServer(t *testing.T, handler http.Handler, credentials chartsync.Credentials) *Server {
	t.Helper()
	s := &Server{Credentials: credentials, handler: handler, how: Healthy, changed: make(chan struct{})}
	hs := httptest.NewUnstartedServer(s)
	hs.Config.ErrorLog = discardLog() // a client that refuses the certificate is no news
	hs.StartTLS()
	t.Cleanup(func() { s.Break(Healthy); hs.Close() })
	s.URL = hs.URL
	s.RootCAs = x509.NewCertPool()
	s.RootCAs.AddCert(hs.Certificate())
	return s
}

// Break makes the server misbehave until the next call.
func (s *Server) Break(how Breakage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.how = how
	close(s.changed)
	s.changed = make(chan struct{})
}

// Requests is how many requests the server has seen.
func (s *Server) Requests() int {
	return s.Count(func(*http.Request) bool { return true })
}

// Count is how many of the requests so far match.
func (s *Server) Count(match func(*http.Request) bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, r := range s.requests {
		if match(r) {
			n++
		}
	}
	return n
}

// ServeHTTP counts the request, misbehaves if it should, and serves it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, &http.Request{Method: r.Method, URL: r.URL, Header: r.Header.Clone(), Host: r.Host})
	how, changed := s.how, s.changed
	s.mu.Unlock()

	switch how {
	case Down:
		panic(http.ErrAbortHandler)
	case Failing:
		http.Error(w, Body, http.StatusServiceUnavailable)
		return
	case Refusing:
		http.Error(w, Body, http.StatusUnauthorized)
		return
	case Slow:
		select {
		case <-changed:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	if !s.allows(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm="charts"`)
		http.Error(w, Body, http.StatusUnauthorized)
		return
	}
	s.handler.ServeHTTP(w, r)
}

// allows reports whether the request carries what the server asks for.
func (s *Server) allows(r *http.Request) bool {
	if s.Credentials.IsZero() {
		return true
	}
	if s.Credentials.Token != "" {
		return r.Header.Get("Authorization") == "Bearer "+s.Credentials.Token
	}
	user, password, ok := r.BasicAuth()
	return ok && user == s.Credentials.Username && password == s.Credentials.Password
}
