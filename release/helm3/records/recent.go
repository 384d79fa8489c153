package records

import (
	"maps"
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/tools/cache"

	"github.com/fairlead-dev/fairlead/release"
)

// A recent holds what this process wrote and the watch may not have told yet:
// the watch lags a third of our writes, by some milliseconds. An entry goes when
// the watch tells of it; until then merge judges it by the version that the
// watch has reached.
type recent struct {
	mu   sync.Mutex
	seen map[release.Key]map[string]written // by the Secret's name
}

// A written is our last write of a record.
type written struct {
	meta    *metav1.ObjectMeta
	deleted bool // meta is then the last version that was
}

func newRecent() *recent { return &recent{seen: map[release.Key]map[string]written{}} }

// wrote remembers the API server's answer to a write, or the last version of
// what was deleted, unless the watch has told of it before.
func (r *recent) wrote(meta *metav1.ObjectMeta, deleted bool, watch cache.Indexer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := written{meta: trimmed(meta), deleted: deleted}
	key := keyOf(meta)
	if watch != nil && w.told(watch.LastStoreSyncResourceVersion(), watched(watch, key)[meta.Name]) {
		r.forget(key, meta.Name)
		return
	}
	if r.seen[key] == nil {
		r.seen[key] = map[string]written{}
	}
	r.seen[key][meta.Name] = w
}

// echo reports whether the watch tells of our own write, and forgets what it has
// caught up with.
func (r *recent) echo(meta *metav1.ObjectMeta, gone bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := keyOf(meta)
	w, ok := r.seen[key][meta.Name]
	if !ok {
		return false
	}
	if gone {
		if w.deleted && w.meta.UID == meta.UID {
			r.forget(key, meta.Name)
			return true
		}
		return false
	}
	if older(meta.ResourceVersion, w.meta.ResourceVersion) {
		return true // An earlier write of ours, or one that ours came after.
	}
	if w.deleted && meta.UID == w.meta.UID {
		return true
	}
	r.forget(key, meta.Name)
	return !w.deleted && meta.ResourceVersion == w.meta.ResourceVersion
}

// merge returns the records of a release: what the watch knows, with our writes
// that it does not know. The watch is nil where there is none.
func (r *recent) merge(key release.Key, watch cache.Indexer) []*metav1.ObjectMeta {
	// Under the lock from here: an entry may only go when the watch already has
	// it. The version first: what is read after it is at least as new.
	r.mu.Lock()
	defer r.mu.Unlock()
	known, reached := map[string]*metav1.ObjectMeta{}, ""
	if watch != nil {
		reached = watch.LastStoreSyncResourceVersion()
		known = watched(watch, key)
	}
	for name, w := range r.seen[key] {
		live := known[name]
		switch {
		case w.told(reached, live):
			if live == nil {
				r.forget(key, name) // It came and went unseen: nothing will be told.
			}
		case w.deleted:
			delete(known, name)
		default:
			known[name] = w.meta
		}
	}
	return slices.Collect(maps.Values(known))
}

// told reports whether a watch that has reached a version, and has this of the
// record, knows the write.
func (w written) told(reached string, live *metav1.ObjectMeta) bool {
	if live != nil && live.UID == w.meta.UID {
		return !w.deleted && !older(live.ResourceVersion, w.meta.ResourceVersion)
	}
	return reached != "" && !older(reached, w.meta.ResourceVersion)
}

func (r *recent) forget(key release.Key, name string) {
	delete(r.seen[key], name)
	if len(r.seen[key]) == 0 {
		delete(r.seen, key)
	}
}

// older reports whether version a came before b. Versions that are no numbers
// cannot be compared; then only an equal one is not older.
func older(a, b string) bool {
	order, err := resourceversion.CompareResourceVersion(a, b)
	if err != nil {
		return a != b
	}
	return order < 0
}

// watched returns what the watch has of a release, by the Secret's name.
func watched(watch cache.Indexer, key release.Key) map[string]*metav1.ObjectMeta {
	objs, err := watch.ByIndex(byRelease, key.String())
	if err != nil {
		return nil // Only for an index that does not exist.
	}
	known := make(map[string]*metav1.ObjectMeta, len(objs))
	for _, obj := range objs {
		if meta := metaOf(obj); meta != nil {
			known[meta.Name] = meta
		}
	}
	return known
}
