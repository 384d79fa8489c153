package git

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing/transport/client"
)

// defaultTimeout bounds one exchange with a remote: a look or a fetch.
const defaultTimeout = 2 * time.Minute

// Mirrors keeps the mirrors below one directory, one per URL and credentials.
// The directory belongs to one process.
type Mirrors struct {
	dir     string
	timeout time.Duration
	http    *http.Client

	mu   sync.Mutex
	open map[string]*Mirror
}

// An Option changes how Mirrors works.
type Option func(*options)

type options struct {
	timeout  time.Duration
	loopback bool
}

// WithTimeout bounds each look at a remote and each fetch; 2 minutes by default.
func WithTimeout(d time.Duration) Option { return func(o *options) { o.timeout = d } }

// WithLoopback lets remotes on this machine be reached; they are not by default.
func WithLoopback(allow bool) Option { return func(o *options) { o.loopback = allow } }

// withoutTransports empties go-git's global list of protocols, once. Our own
// sessions name their client; whatever else of go-git would reach for a
// protocol (file and git and ssh among them) finds none.
var withoutTransports = sync.OnceFunc(func() {
	for _, scheme := range []string{"file", "git", "ssh", "http", "https"} {
		client.InstallProtocol(scheme, nil)
	}
})

// Open returns the mirrors below dir, which is made if it is missing.
func Open(dir string, opts ...Option) (*Mirrors, error) {
	withoutTransports()
	o := options{timeout: defaultTimeout}
	for _, opt := range opts {
		opt(&o)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the directory of git mirrors: %w", err)
	}
	if err := removeAll(dir, "*"+discardedSuffix+"*"); err != nil {
		return nil, fmt.Errorf("clearing discarded git mirrors: %w", err)
	}
	return &Mirrors{
		dir: dir, timeout: o.timeout, http: newHTTPClient(o.loopback), open: map[string]*Mirror{},
	}, nil
}

// Credentials for a remote: username and password for basic authentication, or
// a bearer token. The zero value is anonymous.
type Credentials struct {
	Username string
	Password string
	Token    string
}

// digest identifies the credentials in the name of a mirror's directory.
func (c Credentials) digest() string {
	if c == (Credentials{}) {
		return "anonymous"
	}
	sum := sha256.Sum256([]byte(c.Username + "\x00" + c.Password + "\x00" + c.Token))
	return hex.EncodeToString(sum[:])
}

// String keeps credentials out of logs and messages.
func (c Credentials) String() string { return "(redacted)" }

// GoString keeps credentials out of %#v too.
func (c Credentials) GoString() string { return "(redacted)" }

// Mirror returns the mirror of a URL as these credentials see it, always the
// same one for the same two. It touches neither disk nor network; only a URL
// that can never work is an error, which wraps ErrBadSpec.
func (m *Mirrors) Mirror(rawURL string, credentials Credentials) (*Mirror, error) {
	address, err := checkedURL(rawURL)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(address + "\n" + credentials.digest()))
	name := hex.EncodeToString(sum[:])

	m.mu.Lock()
	defer m.mu.Unlock()
	mirror, ok := m.open[name]
	if !ok {
		mirror = newMirror(m, address, credentials, filepath.Join(m.dir, name))
		m.open[name] = mirror
	}
	return mirror, nil
}

// checkedURL returns the URL in the form that names a mirror. It quotes a URL
// only when it is known to hold no password.
func checkedURL(raw string) (string, error) {
	u, err := url.Parse(raw)
	bad := func(format string, args ...any) (string, error) {
		return "", &problem{kind: ErrBadSpec, text: fmt.Sprintf(format, args...)}
	}
	switch {
	case err != nil:
		return bad("the git URL is no URL; write https://host/path")
	case u.User != nil:
		return bad("the git URL of host %q contains credentials; put them into a Secret instead", u.Host)
	case u.Scheme != "http" && u.Scheme != "https":
		return bad("git URL %q: only http and https are supported", raw)
	case u.Hostname() == "":
		return bad("git URL %q names no host", raw)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return bad("the git URL of host %q has a query or a fragment; write https://host/path", u.Host)
	}
	u.Host = strings.ToLower(u.Host)
	return strings.TrimRight(u.String(), "/"), nil
}
