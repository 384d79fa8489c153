package helm3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"sync"
	"time"

	"helm.sh/helm/v3/pkg/chartutil"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/restmapper"
)

// A catalog knows which kinds the cluster serves. Everybody shares one: asking
// costs three requests and parsing the answer takes longer than a small
// release's rendering.
type catalog struct {
	client discovery.DiscoveryInterface
	clock  func() time.Time
	begun  chan struct{} // closed when the watch keeps it up to date

	asking sync.Mutex // one question at a time
	mu     sync.RWMutex
	now    *served
	asked  time.Time
	tell   []func()
}

// served is what the cluster serves at one time. It never changes.
type served struct {
	version      *version.Info
	groups       []*metav1.APIGroup
	lists        []*metav1.APIResourceList
	mapper       meta.RESTMapper
	capabilities *chartutil.Capabilities
	digest       string
}

// patience is how old an answer has to be before an unknown kind is reason to
// ask again. Watches tell about new kinds long before.
const patience = 10 * time.Second

// get returns what the cluster serves; it asks only the first time.
func (c *catalog) get(ctx context.Context) (*served, error) {
	if now := c.peek(); now != nil {
		return now, nil
	}
	return c.refresh(ctx)
}

func (c *catalog) peek() *served {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.now
}

// refreshIfOlder asks again unless the last answer is younger than patience. It
// reports whether it asked.
func (c *catalog) refreshIfOlder(ctx context.Context, than time.Duration) bool {
	c.mu.RLock()
	fresh := c.now != nil && c.clock().Sub(c.asked) < than
	c.mu.RUnlock()
	if fresh {
		return false
	}
	_, err := c.refresh(ctx)
	return err == nil
}

// refresh asks the cluster and tells everybody when the answer is a new one.
func (c *catalog) refresh(ctx context.Context) (*served, error) {
	c.asking.Lock()
	defer c.asking.Unlock()
	now, err := ask(c.client)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	changed := c.now != nil && c.now.digest != now.digest
	c.now, c.asked = now, c.clock()
	tell := slices.Clone(c.tell)
	c.mu.Unlock()
	if changed {
		for _, f := range tell {
			f()
		}
	}
	return now, nil
}

// onChange calls f whenever a kind came or went.
func (c *catalog) onChange(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tell = append(c.tell, f)
}

func ask(client discovery.DiscoveryInterface) (*served, error) {
	info, err := client.ServerVersion()
	if err != nil {
		return nil, fmt.Errorf("asking the cluster for its version: %w", err)
	}
	groups, lists, err := client.ServerGroupsAndResources()
	// An extension API server that does not answer takes only its own kinds
	// away.
	if err != nil && (!discovery.IsGroupDiscoveryFailedError(err) || len(lists) == 0) {
		return nil, fmt.Errorf("asking the cluster for its kinds: %w", err)
	}
	s := &served{version: info, groups: groups, lists: lists}
	names := s.names()
	sum := sha256.New()
	for _, name := range names {
		_, _ = fmt.Fprintln(sum, name)
	}
	s.digest = hex.EncodeToString(sum.Sum(nil)[:8])
	s.capabilities = &chartutil.Capabilities{
		KubeVersion: chartutil.KubeVersion{Version: info.GitVersion, Major: info.Major, Minor: info.Minor},
		APIVersions: names,
		HelmVersion: chartutil.DefaultCapabilities.HelmVersion,
	}
	s.capabilities.HelmVersion.Version = helmVersion()
	s.mapper = restmapper.NewDiscoveryRESTMapper(s.byGroup())
	return s, nil
}

// names lists group/version and group/version/Kind, sorted, as Helm's
// Capabilities.APIVersions has them.
func (s *served) names() []string {
	var names []string
	for _, g := range s.groups {
		for _, v := range g.Versions {
			names = append(names, v.GroupVersion)
		}
	}
	for _, l := range s.lists {
		for i := range l.APIResources {
			names = append(names, path.Join(l.GroupVersion, l.APIResources[i].Kind))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (s *served) byGroup() []*restmapper.APIGroupResources {
	lists := map[string][]metav1.APIResource{}
	for _, l := range s.lists {
		lists[l.GroupVersion] = l.APIResources
	}
	var out []*restmapper.APIGroupResources
	for _, g := range s.groups {
		r := &restmapper.APIGroupResources{Group: *g, VersionedResources: map[string][]metav1.APIResource{}}
		for _, v := range g.Versions {
			if l, ok := lists[v.GroupVersion]; ok {
				r.VersionedResources[v.Version] = l
			}
		}
		out = append(out, r)
	}
	return out
}
