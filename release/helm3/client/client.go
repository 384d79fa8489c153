package client

import (
	"context"
	"sync"

	"helm.sh/helm/v3/pkg/kube"
	"k8s.io/cli-runtime/pkg/resource"

	"github.com/fairlead-dev/fairlead/release"
)

var (
	_ kube.Interface                    = (*Client)(nil)
	_ kube.InterfaceExt                 = (*Client)(nil)
	_ kube.InterfaceThreeWayMerge       = (*Client)(nil)
	_ kube.InterfaceLogs                = (*Client)(nil)
	_ kube.InterfaceDeletionPropagation = (*Client)(nil)
	_ kube.InterfaceResources           = (*Client)(nil)
)

// Options are what a Client knows of its operation.
type Options struct {
	// Key is the release. Its namespace is that of objects that name none.
	Key release.Key
	// Action that is performed. An uninstall skips objects whose kind the
	// cluster does not serve, since they cannot exist. The other actions do so
	// for manifests that equal a base, except for the first that they build:
	// that is the one to be applied.
	Action release.Action
	// Bases are the manifests of all revisions since the last success, newest
	// first, then that success.
	Bases [][]byte
	// Wait ends Wait and WaitWithJobs when it is cancelled; its cause becomes
	// their error. Nil never ends them.
	Wait context.Context
}

// A Client does the requests of one operation.
type Client struct {
	shared   *Shared
	opts     Options
	warnings warnings

	mu     sync.Mutex
	builds int                     // calls of Build
	bases  []base                  // Options.Bases, parsed when first needed
	parsed bool                    // whether bases are
	gone   map[*resource.Info]bool // objects that a DELETE found or left gone
	errs   []error
}

// For makes the Client of one operation.
func (s *Shared) For(opts Options) *Client {
	if opts.Wait == nil {
		opts.Wait = context.Background()
	}
	return &Client{shared: s, opts: opts, gone: map[*resource.Info]bool{}}
}

// Warnings returns what the API server and this package warned of, each once, in
// the order they came.
func (c *Client) Warnings() []string { return c.warnings.all() }

// Errors returns every error that was returned to Helm, oldest first. Helm turns
// some of them into text, and drops those of an uninstall.
func (c *Client) Errors() []error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]error(nil), c.errs...)
}

// note remembers an error on its way to Helm.
func (c *Client) note(err error) error {
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.errs = append(c.errs, err)
	}
	return err
}

// IsReachable makes no request: the next one will tell.
func (c *Client) IsReachable() error { return nil }
