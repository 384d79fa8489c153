// Package githost serves a folder of bare git repositories over HTTP, with the
// real `git http-backend`: for tests and for the demo, never for production.
//
// Who may read may push, if pushing is on at all. There is no other access
// control than one optional pair of basic credentials.
package githost

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// Options say how a Host serves.
type Options struct {
	// Username and Password are asked for, by basic authentication, if either
	// is set.
	Username, Password string
	// Push lets clients push.
	Push bool
}

// A Host serves repositories and counts the requests for them.
type Host struct {
	backend http.Handler
	opts    Options

	mu       sync.Mutex
	requests []Request
}

// A Request is one that a Host has seen, refused ones included.
type Request struct {
	Method string
	// Path of the URL, and Service: "git-upload-pack" to fetch,
	// "git-receive-pack" to push.
	Path, Service string
}

// Fetched reports whether the request transferred objects to a client.
func (r Request) Fetched() bool {
	return r.Method == http.MethodPost && r.Service == "git-upload-pack"
}

// Handler serves the bare repositories below root, each at its own path.
func Handler(root string, opts Options) (*Host, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	git, err := exec.LookPath("git")
	if err != nil {
		return nil, fmt.Errorf("looking for git: %w", err)
	}
	env := []string{
		"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_CONFIG_COUNT=2",
		fmt.Sprintf("GIT_CONFIG_KEY_0=http.receivepack\nGIT_CONFIG_VALUE_0=%t", opts.Push),
		"GIT_CONFIG_KEY_1=safe.directory\nGIT_CONFIG_VALUE_1=*", // the folder may be another user's
	}
	return &Host{opts: opts, backend: &cgi.Handler{
		Path: git, Args: []string{"http-backend"}, Env: strings.Split(strings.Join(env, "\n"), "\n"),
		Dir: root, Stderr: io.Discard, Logger: log.New(io.Discard, "", 0),
	}}, nil
}

// Requests returns the requests so far, oldest first.
func (h *Host) Requests() []Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Request(nil), h.requests...)
}

// ServeHTTP counts the request and serves it.
func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	seen := Request{Method: r.Method, Path: r.URL.Path, Service: r.URL.Query().Get("service")}
	if seen.Service == "" {
		seen.Service = r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	}
	h.mu.Lock()
	h.requests = append(h.requests, seen)
	h.mu.Unlock()

	if !h.allows(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	// CGI has no chunked bodies, and git sends large pushes so.
	if r.ContentLength < 0 {
		body, err := spooled(r.Body)
		if err != nil {
			http.Error(w, "keeping the request failed", http.StatusInternalServerError)
			return
		}
		defer body.remove()
		r = r.Clone(r.Context())
		r.Body, r.ContentLength, r.TransferEncoding = body, body.size, nil
	}
	h.backend.ServeHTTP(w, r)
}

// allows reports whether the request carries the credentials, if there are any.
func (h *Host) allows(r *http.Request) bool {
	if h.opts.Username == "" && h.opts.Password == "" {
		return true
	}
	user, password, _ := r.BasicAuth()
	return subtle.ConstantTimeCompare([]byte(user), []byte(h.opts.Username))&
		subtle.ConstantTimeCompare([]byte(password), []byte(h.opts.Password)) == 1
}

// spool is the body of a request in a temporary file.
type spool struct {
	*os.File
	size int64
}

// spooled reads a body to its end.
func spooled(body io.Reader) (*spool, error) {
	file, err := os.CreateTemp("", "githost-")
	if err != nil {
		return nil, err
	}
	s := &spool{File: file}
	if s.size, err = io.Copy(file, body); err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

// remove closes and removes the file; a leftover in the temporary directory is
// not worth an error.
func (s *spool) remove() {
	_ = s.Close()
	_ = os.Remove(s.Name())
}
