package repository

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/url"
	"time"

	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/chartsync/store"
)

// The defaults of the options.
const (
	DefaultTimeout         = time.Minute
	DefaultMaxIndexBytes   = 64 << 20
	DefaultMaxArchiveBytes = 32 << 20
)

// A Source resolves and fetches charts from HTTP repositories: all of them, one
// Source serves any number of URLs and credentials.
type Source struct {
	store   *store.Store
	client  *client
	indexes indexes

	maxIndexBytes   int64
	maxArchiveBytes int64

	asking   store.Flight[*index]
	digested store.Flight[string]
}

var _ chartsync.Source = (*Source)(nil)

// An Option changes how a source is made.
type Option func(*options)

type options struct {
	timeout         time.Duration
	maxIndexBytes   int64
	maxArchiveBytes int64
	loopback        bool
	rootCAs         *x509.CertPool
	proxy           func(*http.Request) (*url.URL, error)
	userAgent       string
}

// WithTimeout bounds every request, from the dial to the last byte.
func WithTimeout(d time.Duration) Option { return func(o *options) { o.timeout = d } }

// WithMaxIndexBytes bounds the size of an index, unpacked.
func WithMaxIndexBytes(n int64) Option { return func(o *options) { o.maxIndexBytes = n } }

// WithMaxArchiveBytes bounds the size of an archive.
func WithMaxArchiveBytes(n int64) Option { return func(o *options) { o.maxArchiveBytes = n } }

// WithLoopback allows repositories on the loopback addresses of this machine.
// Without it they are refused: in a cluster, whoever writes a release's URL
// would otherwise reach what listens beside the operator. It covers proxies too.
func WithLoopback(allowed bool) Option { return func(o *options) { o.loopback = allowed } }

// WithRootCAs sets the authorities that may sign servers' certificates, in
// place of the system's.
func WithRootCAs(pool *x509.CertPool) Option { return func(o *options) { o.rootCAs = pool } }

// WithProxy sets who chooses the proxy of a request, in place of the
// environment's HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
func WithProxy(proxy func(*http.Request) (*url.URL, error)) Option {
	return func(o *options) { o.proxy = proxy }
}

// WithUserAgent sets how the source introduces itself to servers.
func WithUserAgent(name string) Option { return func(o *options) { o.userAgent = name } }

// New returns a source that keeps charts in s.
func New(s *store.Store, opts ...Option) *Source {
	o := options{proxy: http.ProxyFromEnvironment, userAgent: "fairlead"}
	for _, option := range opts {
		option(&o)
	}
	// No limit at all is never meant.
	if o.timeout <= 0 {
		o.timeout = DefaultTimeout
	}
	if o.maxIndexBytes <= 0 {
		o.maxIndexBytes = DefaultMaxIndexBytes
	}
	if o.maxArchiveBytes <= 0 {
		o.maxArchiveBytes = DefaultMaxArchiveBytes
	}
	return &Source{
		store:           s,
		client:          newClient(o),
		maxIndexBytes:   o.maxIndexBytes,
		maxArchiveBytes: o.maxArchiveBytes,
	}
}

// Resolve returns the newest version in the spec's range. It asks for the index
// once, conditionally; concurrent calls with one URL and equal credentials
// share the request. An index without digests costs a download of the archive.
func (s *Source) Resolve(ctx context.Context, spec chartsync.Spec) (chartsync.Revision, error) {
	r, err := parse(spec, s.client.loopback)
	if err != nil {
		return chartsync.Revision{}, err
	}
	idx, err := s.asking.Do(ctx, r.key(), func(ctx context.Context) (*index, error) {
		return s.askIndex(ctx, r)
	})
	if err != nil {
		return chartsync.Revision{}, presentable(err, r)
	}
	e, err := idx.choose(r)
	if err != nil {
		return chartsync.Revision{}, err
	}
	rev := chartsync.Revision{Name: e.name, Version: e.version, AppVersion: e.appVersion, Digest: e.digest}
	if rev.Location, err = e.location(r); err != nil {
		return chartsync.Revision{}, err
	}
	if rev.Digest == "" {
		rev.Digest, err = s.digested.Do(ctx, r.key()+"\n"+rev.Location, func(ctx context.Context) (string, error) {
			return s.digestArchive(ctx, r, idx, rev)
		})
	}
	if err != nil {
		return chartsync.Revision{}, presentable(err, r)
	}
	return rev, nil
}

// Fetch returns the chart of a revision: from the store, or downloaded from the
// revision's location and checked against its digest, name and version.
func (s *Source) Fetch(ctx context.Context, spec chartsync.Spec, rev chartsync.Revision) (chartsync.Chart, error) {
	r, err := parse(spec, s.client.loopback)
	if err != nil {
		return chartsync.Chart{}, err
	}
	archive, err := s.store.Fill(ctx, store.Key(spec, rev.Digest), func(ctx context.Context) ([]byte, error) {
		return s.download(ctx, r, rev)
	})
	if err != nil {
		return chartsync.Chart{}, presentable(err, r)
	}
	return chartsync.Chart{Revision: rev, Archive: archive}, nil
}
