package records

import (
	"container/list"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// bodiesLimit bounds the encoded bodies that a Store keeps.
const bodiesLimit = 16 << 20

// A bodies holds the encoded bodies that were used last, one version of each
// record. They are encoded because Helm changes the releases it is given.
type bodies struct {
	mu    sync.Mutex
	limit int
	size  int
	byUID map[types.UID]*list.Element
	order *list.List // of *body, the latest used first
}

// A body is the data of a record at one version.
type body struct {
	uid     types.UID
	version string
	data    []byte
}

func newBodies(limit int) *bodies {
	return &bodies{limit: limit, byUID: map[types.UID]*list.Element{}, order: list.New()}
}

// get returns the body of exactly this version, or nil.
func (b *bodies) get(meta *metav1.ObjectMeta) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.byUID[meta.UID]
	if e == nil || e.Value.(*body).version != meta.ResourceVersion {
		return nil
	}
	b.order.MoveToFront(e)
	return e.Value.(*body).data
}

// put keeps a body in place of an earlier version, while there is room.
func (b *bodies) put(meta *metav1.ObjectMeta, data []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.remove(b.byUID[meta.UID])
	if len(data) > b.limit {
		return
	}
	b.byUID[meta.UID] = b.order.PushFront(&body{uid: meta.UID, version: meta.ResourceVersion, data: data})
	for b.size += len(data); b.size > b.limit; {
		b.remove(b.order.Back())
	}
}

// drop forgets a record.
func (b *bodies) drop(uid types.UID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.remove(b.byUID[uid])
}

func (b *bodies) remove(e *list.Element) {
	if e == nil {
		return
	}
	old := b.order.Remove(e).(*body)
	delete(b.byUID, old.uid)
	b.size -= len(old.data)
}
