package helmrelease

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/release"
)

// A waker puts objects into the controller's queue from anywhere. It is a
// source of the controller, which hands it the queue when it starts; until then
// nothing needs to be woken, since every object is looked at at the start.
type waker struct {
	mu    sync.Mutex
	queue workqueue.TypedRateLimitingInterface[reconcile.Request]
}

// wakes is the waker as a source of the controller. The controller waits until
// it is ready before the first reconcile.
type wakes struct {
	*waker
	ready func(context.Context) error
}

// Start implements source.Source.
func (w wakes) Start(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	return w.start(ctx, queue)
}

// WaitForSync implements source.SyncingSource.
func (w wakes) WaitForSync(ctx context.Context) error { return w.ready(ctx) }

func (w *waker) start(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = queue
	return nil
}

func (w *waker) wake(name types.NamespacedName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.queue != nil {
		w.queue.Add(reconcile.Request{NamespacedName: name})
	}
}

// written remembers the resource version of our last write of each object, so
// that a reconcile never decides on an object from before it.
type written struct {
	mu       sync.Mutex
	versions map[types.NamespacedName]string
}

func (w *written) note(o client.Object) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.versions[client.ObjectKeyFromObject(o)] = o.GetResourceVersion()
}

func (w *written) newerThan(o client.Object) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	v, ok := w.versions[client.ObjectKeyFromObject(o)]
	return ok && older(o.GetResourceVersion(), v)
}

func (w *written) forget(name types.NamespacedName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.versions, name)
}

// claims keeps which HelmRelease has which Helm release. The first claimant
// keeps it until it is gone.
type claims struct {
	mu      sync.Mutex
	holder  map[release.Key]types.NamespacedName
	held    map[types.NamespacedName]release.Key // the inverse
	waiting map[release.Key]map[types.NamespacedName]bool
}

func newClaims() *claims {
	return &claims{
		holder:  map[release.Key]types.NamespacedName{},
		held:    map[types.NamespacedName]release.Key{},
		waiting: map[release.Key]map[types.NamespacedName]bool{},
	}
}

// claim gives key to name if nobody has it, and returns who has it. elder is the
// one that comes first by what the API server knows, asked only when this
// process does not know yet.
func (c *claims) claim(key release.Key, name types.NamespacedName, elder func() types.NamespacedName) types.NamespacedName {
	c.mu.Lock()
	defer c.mu.Unlock()
	holder, ok := c.holder[key]
	if !ok {
		holder = elder()
		c.holder[key], c.held[holder] = holder, key
	}
	if holder != name {
		if c.waiting[key] == nil {
			c.waiting[key] = map[types.NamespacedName]bool{}
		}
		c.waiting[key][name] = true
	}
	return holder
}

// holdsOther reports whether name has another key. Then it was deleted and made
// anew so fast that nobody saw it gone: an object never changes its key.
func (c *claims) holdsOther(name types.NamespacedName, key release.Key) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	had, ok := c.held[name]
	return ok && had != key
}

// holderOf returns who has key, and false when nobody is known to.
func (c *claims) holderOf(key release.Key) (types.NamespacedName, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name, ok := c.holder[key]
	return name, ok
}

// release gives up everything that name has; it returns that, and who waited for
// it.
func (c *claims) release(name types.NamespacedName) (freed []release.Key, woken []types.NamespacedName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, holder := range c.holder {
		if holder != name {
			continue
		}
		delete(c.holder, key)
		delete(c.held, name)
		freed = append(freed, key)
		for other := range c.waiting[key] {
			woken = append(woken, other)
		}
		delete(c.waiting, key)
	}
	for _, others := range c.waiting {
		delete(others, name)
	}
	return freed, woken
}

// firstClaimant returns which of several HelmReleases had a Helm release first:
// one that has a revision comes before one that has none, then the older one.
func firstClaimant(items []v1alpha1.HelmRelease) types.NamespacedName {
	first := &items[0]
	for i := range items[1:] {
		if comesBefore(&items[i+1], first) {
			first = &items[i+1]
		}
	}
	return client.ObjectKeyFromObject(first)
}

func comesBefore(a, b *v1alpha1.HelmRelease) bool {
	if has, other := a.Status.Revision > 0, b.Status.Revision > 0; has != other {
		return has
	}
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	}
	return a.Namespace+"/"+a.Name < b.Namespace+"/"+b.Name
}

// all returns everybody who has a Helm release.
func (c *claims) all() []types.NamespacedName {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := make([]types.NamespacedName, 0, len(c.holder))
	for _, name := range c.holder {
		names = append(names, name)
	}
	return names
}
