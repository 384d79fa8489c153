package helmrelease

import (
	"context"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/release/decide"
)

const (
	// lookupLimit bounds one look at a source, a first clone included.
	lookupLimit = 5 * time.Minute
	// lookupsAtOnce bounds how many looks are under way at the same time, and
	// lookupsPerHost those at one host: one that hangs delays nobody else's.
	lookupsAtOnce  = 64
	lookupsPerHost = 8
)

// A lookup is what is known of the source of one HelmRelease.
type lookup struct {
	// asked identifies the spec and credentials that were asked with.
	asked string
	// revision is the newest chart that this spec gave; the zero Revision
	// before the first success.
	revision chartsync.Revision
	// err is why the last look failed; nil if it succeeded.
	err error
	// known is set once a look has ended.
	known bool
	// handled is the value of the reconcile-at annotation that a look has
	// answered.
	handled string
	// next is when to look again.
	next time.Time
	// failures in a row.
	failures int
	underway bool
	// began is when the look under way began, and cancel ends it.
	began  time.Time
	cancel context.CancelFunc
}

// lookups asks sources, each object's in a goroutine of its own, so that a slow
// source holds no worker.
type lookups struct {
	source  chartsync.Source
	clock   func() time.Time
	pace    decide.Pace
	onEnd   func(types.NamespacedName)
	observe func(spec chartsync.Spec, took time.Duration, err error)
	slots   chan struct{}

	mu    sync.Mutex
	known map[types.NamespacedName]*lookup
	hosts map[string]chan struct{}
}

// an ask is what a HelmRelease wants to know now.
type ask struct {
	spec chartsync.Spec
	// id identifies spec with its credentials.
	id       string
	interval time.Duration
	// at is the value of the reconcile-at annotation.
	at string
}

// get returns what is known, and begins a look if one is due. The duration is
// until the next one.
func (l *lookups) get(name types.NamespacedName, a ask) (lookup, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	cur := l.known[name]
	if cur == nil {
		cur = &lookup{}
		l.known[name] = cur
	}
	if cur.asked != a.id && !cur.underway {
		*cur = lookup{asked: a.id}
	}
	now := l.clock()
	if !cur.underway && (!cur.known || cur.handled != a.at || !now.Before(cur.next)) {
		ctx, cancel := context.WithCancel(context.Background())
		cur.underway, cur.began, cur.cancel = true, now, cancel
		go l.look(ctx, name, cur, a)
	}
	seen := *cur
	if cur.asked != a.id {
		cur.cancel() // it is for an older spec; its end wakes the object
		seen = lookup{asked: a.id, underway: true, began: cur.began}
	}
	if cur.underway {
		return seen, 0 // its end wakes the object
	}
	return seen, max(time.Second, cur.next.Sub(now))
}

func (l *lookups) look(ctx context.Context, name types.NamespacedName, cur *lookup, a ask) {
	rev, err := l.resolve(ctx, a.spec)
	now := l.clock()

	l.mu.Lock()
	cur.underway = false
	switch {
	case ctx.Err() != nil:
		cur.next = now // nobody wants this answer any more
	case err == nil:
		cur.known, cur.err, cur.handled = true, nil, a.at
		cur.revision, cur.failures, cur.next = rev, 0, now.Add(jitter(a.interval))
	default:
		cur.known, cur.err, cur.handled = true, err, a.at
		cur.failures++
		cur.next = now.Add(jitter(min(l.pace.After(cur.failures), a.interval)))
	}
	cur.cancel()
	l.mu.Unlock()
	l.onEnd(name)
}

// resolve asks the source when it is its turn.
func (l *lookups) resolve(ctx context.Context, spec chartsync.Spec) (chartsync.Revision, error) {
	for _, slots := range []chan struct{}{l.slotsOf(spec.URL()), l.slots} {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		case <-ctx.Done():
			return chartsync.Revision{}, ctx.Err()
		}
	}
	started := l.clock()
	ctx, cancel := context.WithTimeout(ctx, lookupLimit)
	defer cancel()
	rev, err := l.source.Resolve(ctx, spec)
	l.observe(spec, l.clock().Sub(started), err)
	return rev, err
}

// slotsOf returns the slots of a URL's host.
func (l *lookups) slotsOf(address string) chan struct{} {
	host := address
	if u, err := url.Parse(address); err == nil {
		host = u.Host
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hosts[host] == nil {
		l.hosts[host] = make(chan struct{}, lookupsPerHost)
	}
	return l.hosts[host]
}

func (l *lookups) forget(name types.NamespacedName) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if cur := l.known[name]; cur != nil && cur.underway {
		cur.cancel()
	}
	delete(l.known, name)
}

// jitter spreads looks by a tenth to either side, so that releases that were
// created together do not ask together for ever.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*rand.Float64()))
}

// soon makes the next look due now.
func (l *lookups) soon(name types.NamespacedName) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if cur := l.known[name]; cur != nil {
		cur.next = l.clock()
	}
}
