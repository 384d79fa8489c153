package charthost

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// An Option changes how a folder is read or served.
type Option func(*settings)

type settings struct {
	report func(file string, err error)
	now    func() time.Time
}

// WithReport sets who is told about a .tgz file that is no chart, once for each
// state of the file, in place of the standard logger. Report may be called by
// several requests at a time.
func WithReport(report func(file string, err error)) Option {
	return func(s *settings) { s.report = report }
}

// WithClock sets the clock that dates the index when the folder changes.
func WithClock(now func() time.Time) Option { return func(s *settings) { s.now = now } }

func newSettings(opts []Option) settings {
	s := settings{report: logReport, now: time.Now}
	for _, option := range opts {
		option(&s)
	}
	return s
}

// A Handler serves a folder of charts as a Helm repository: GET and HEAD of
// index.yaml, of charts and of their .prov files, conditional and in ranges.
// It is safe for concurrent use.
type Handler struct {
	folder *folder
	now    func() time.Time

	mu      sync.Mutex
	index   []byte
	changed time.Time // when index became what it is
}

// NewHandler returns a handler for the folder dir. The folder must exist.
func NewHandler(dir string, opts ...Option) (*Handler, error) {
	s := newSettings(opts)
	f, err := newFolder(dir, s.report)
	if err != nil {
		return nil, err
	}
	return &Handler{folder: f, now: s.now}, nil
}

// ServeHTTP serves one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/")
	switch {
	case !ok || !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00"):
		http.NotFound(w, r)
	case name == IndexName:
		h.serveIndex(w, r)
	case strings.HasSuffix(name, ".tgz"):
		h.serveFile(w, r, name, "application/gzip")
	case strings.HasSuffix(name, ".tgz.prov"):
		h.serveFile(w, r, name, "text/plain; charset=utf-8")
	default:
		http.NotFound(w, r)
	}
}

// serveIndex serves the index of the folder as it is now.
func (h *Handler) serveIndex(w http.ResponseWriter, r *http.Request) {
	text, changed, err := h.current()
	if err != nil {
		h.folder.report(IndexName, err)
		http.Error(w, "the index cannot be made now", http.StatusInternalServerError)
		return
	}
	// A copy that may be old must be asked about before it is used.
	w.Header().Set("Cache-Control", "no-cache")
	serve(w, r, "application/yaml", text, changed)
}

// current returns the index, and since when it is like that.
func (h *Handler) current() ([]byte, time.Time, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	charts, err := h.folder.look()
	if err != nil {
		return nil, time.Time{}, err
	}
	text, err := encode(charts, "")
	if err != nil {
		return nil, time.Time{}, err
	}
	// Not the newest file's date: a file that goes, or comes with an old date,
	// changes the index too.
	if !bytes.Equal(text, h.index) {
		h.index, h.changed = text, h.now()
	}
	return h.index, h.changed, nil
}

// serveFile serves a file of the folder as it is.
func (h *Handler) serveFile(w http.ResponseWriter, r *http.Request, name, contentType string) {
	content, modified, err := h.folder.content(name)
	if err != nil {
		http.NotFound(w, r) // whatever it is, it is no chart that we serve
		return
	}
	serve(w, r, contentType, content, modified)
}

// content returns the bytes of a regular file and its date.
func (f *folder) content(name string) (content []byte, modified time.Time, err error) {
	err = f.within(func(root *os.Root) error {
		// Before it is opened: opening a pipe would wait for somebody to write.
		info, err := root.Stat(filepath.FromSlash(name))
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() || info.Size() > maxArchiveBytes {
			return fs.ErrNotExist
		}
		modified = info.ModTime()
		content, err = root.ReadFile(filepath.FromSlash(name))
		return err
	})
	return content, modified, err
}

// serve answers with content under a strong ETag. It is the content's hash: a
// file that is replaced within a second has one date and two ETags.
func serve(w http.ResponseWriter, r *http.Request, contentType string, content []byte, modified time.Time) {
	sum := sha256.Sum256(content)
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", modified, bytes.NewReader(content))
}
