package git

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
)

// An advertisement is what the remote said about its refs, and the session in
// which it said so: a fetch goes on where the look ended.
type advertisement struct {
	session transport.UploadPackSession
	refs    *packp.AdvRefs
}

// looks lets callers share looks at the remote. A look that is already on its
// way may have missed the push that made a caller ask, so callers join only the
// next one: at most one is under way and one waits.
type looks struct {
	oneAtATime sync.Mutex
	mu         sync.Mutex // guards next
	next       *look
}

// A look is one advertisement and everybody who waits for it.
type look struct {
	done chan struct{}
	seen *advertisement
	err  error
}

// look asks the remote for its refs: one round trip, shared with others who ask
// at the same time. Its end is its own: a caller that leaves fails nobody else.
func (m *Mirror) look(ctx context.Context) (*advertisement, error) {
	m.looks.mu.Lock()
	l := m.looks.next
	if l == nil {
		l = &look{done: make(chan struct{})}
		m.looks.next = l
		go m.runLook(context.WithoutCancel(ctx), l)
	}
	m.looks.mu.Unlock()
	select {
	case <-l.done:
		return l.seen, l.err
	case <-ctx.Done():
		return nil, m.timedOut(ctx, ctx.Err())
	}
}

// runLook performs a look when the one before it is over.
func (m *Mirror) runLook(ctx context.Context, l *look) {
	m.looks.oneAtATime.Lock()
	defer m.looks.oneAtATime.Unlock()
	m.looks.mu.Lock()
	m.looks.next = nil // from here on, nobody joins
	m.looks.mu.Unlock()

	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	defer close(l.done)
	l.seen, l.err = m.advertised(ctx)
	if l.err != nil {
		l.err = m.explain(ctx, l.err)
	}
}

// advertised opens a session and reads the advertisement of refs.
func (m *Mirror) advertised(ctx context.Context) (*advertisement, error) {
	endpoint, err := transport.NewEndpoint(m.url)
	if err != nil {
		return nil, err
	}
	// go-git's client drops the credentials when a redirect of this first
	// request leaves scheme, host or port, and follows no later redirect.
	session, err := githttp.NewClient(m.http).NewUploadPackSession(endpoint, m.auth())
	if err != nil {
		return nil, err
	}
	refs, err := session.AdvertisedReferencesContext(ctx)
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return &advertisement{session: session, refs: packp.NewAdvRefs()}, nil
	}
	if err != nil {
		return nil, err
	}
	return &advertisement{session: session, refs: refs}, nil
}

// auth returns the credentials in go-git's form.
func (m *Mirror) auth() transport.AuthMethod {
	switch c := m.credentials; {
	case c.Token != "":
		return &githttp.TokenAuth{Token: c.Token}
	case c != (Credentials{}):
		return &githttp.BasicAuth{Username: c.Username, Password: c.Password}
	}
	return nil
}

// followed returns the advertised branches and tags: what a mirror holds.
func (a *advertisement) followed() map[string]plumbing.Hash {
	refs := map[string]plumbing.Hash{}
	for name, hash := range a.refs.References {
		if strings.HasPrefix(name, branchPrefix) || strings.HasPrefix(name, tagPrefix) {
			refs[name] = hash
		}
	}
	return refs
}

// head returns the ref that the remote's HEAD names, "" if it is not told.
func (a *advertisement) head() string {
	for _, symref := range a.refs.Capabilities.Get(capability.SymRef) {
		if name, ok := strings.CutPrefix(symref, headFile+":"); ok {
			return name
		}
	}
	return ""
}
