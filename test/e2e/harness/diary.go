package harness

import (
	"slices"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/fields"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
)

// A Diary has every state of a HelmRelease, in their order: for what must come
// first, and for what must never be.
type Diary struct {
	mu     sync.Mutex
	states []*v1alpha1.HelmRelease
}

// Follow keeps a diary of a HelmRelease of the test's namespace, which may not
// be there yet, from now until the test ends.
func (e *Env) Follow(t testing.TB, name string) *Diary {
	t.Helper()
	events, err := e.Client.Watch(t.Context(), &v1alpha1.HelmReleaseList{}, client.InNamespace(e.Namespace),
		client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector("metadata.name", name)})
	if err != nil {
		t.Fatalf("watching HelmRelease %s: %v", name, err)
	}
	t.Cleanup(events.Stop)
	d := &Diary{}
	go func() {
		for event := range events.ResultChan() {
			if hr, ok := event.Object.(*v1alpha1.HelmRelease); ok {
				d.mu.Lock()
				d.states = append(d.states, hr)
				d.mu.Unlock()
			}
		}
	}()
	return d
}

// States returns what was seen so far.
func (d *Diary) States() []*v1alpha1.HelmRelease {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.states)
}

// First waits for the first state that is as wanted.
func (d *Diary) First(t testing.TB, what string, wanted func(*v1alpha1.HelmRelease) bool) *v1alpha1.HelmRelease {
	t.Helper()
	var first *v1alpha1.HelmRelease
	Eventually(t, Patience, "a HelmRelease to "+what, func() bool {
		states := d.States()
		i := slices.IndexFunc(states, wanted)
		if i >= 0 {
			first = states[i]
		}
		return i >= 0
	}, func() string {
		if states := d.States(); len(states) > 0 {
			return Status(states[len(states)-1])
		}
		return "nothing was seen of it"
	})
	return first
}
