package helmrelease

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/release/decide"
	rt "github.com/fairlead-dev/fairlead/release/releasetest"
)

// A desk is lookups with a source that the test plays, and a clock that it sets.
type desk struct {
	*lookups
	t     *testing.T
	ended chan types.NamespacedName

	mu    sync.Mutex
	now   time.Time
	asked []string
	reply func(context.Context, chartsync.Spec) (chartsync.Revision, error)
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, ended: make(chan types.NamespacedName, 100), now: rt.Now}
	d.answer("1", nil)
	d.lookups = &lookups{
		source: d, clock: d.clock, pace: decide.Pace{Base: time.Second, Max: time.Minute},
		onEnd:   func(name types.NamespacedName) { d.ended <- name },
		observe: func(chartsync.Spec, time.Duration, error) {},
		slots:   make(chan struct{}, lookupsAtOnce), known: map[types.NamespacedName]*lookup{}, hosts: map[string]chan struct{}{},
	}
	return d
}

// Resolve implements chartsync.Source.
func (d *desk) Resolve(ctx context.Context, spec chartsync.Spec) (chartsync.Revision, error) {
	d.mu.Lock()
	d.asked = append(d.asked, spec.URL())
	reply := d.reply
	d.mu.Unlock()
	return reply(ctx, spec)
}

// Fetch implements chartsync.Source.
func (d *desk) Fetch(context.Context, chartsync.Spec, chartsync.Revision) (chartsync.Chart, error) {
	return chartsync.Chart{}, errors.New("a look fetches nothing")
}

func (d *desk) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *desk) pass(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

// answer makes the source give a version, or fail.
func (d *desk) answer(version string, err error) {
	d.play(func(context.Context, chartsync.Spec) (chartsync.Revision, error) {
		if err != nil {
			return chartsync.Revision{}, err
		}
		return chartsync.Revision{Name: "web", Version: version, Digest: "sha256:" + version}, nil
	})
}

// hang makes the source wait until it is told not to.
func (d *desk) hang() {
	d.play(func(ctx context.Context, _ chartsync.Spec) (chartsync.Revision, error) {
		<-ctx.Done()
		return chartsync.Revision{}, ctx.Err()
	})
}

func (d *desk) play(reply func(context.Context, chartsync.Spec) (chartsync.Revision, error)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reply = reply
}

// times is how often the source was asked.
func (d *desk) times() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.asked)
}

// look asks, waits for the end of the look that it expects to begin, and asks
// for what is known then.
func (d *desk) look(a ask) (lookup, time.Duration) {
	d.t.Helper()
	if seen, wait := d.get(first, a); !seen.underway || wait != 0 {
		d.t.Fatalf("no look was begun, the next is in %s", wait)
	}
	d.awaitEnd()
	return d.get(first, a)
}

func (d *desk) awaitEnd() types.NamespacedName {
	d.t.Helper()
	select {
	case name := <-d.ended:
		return name
	case <-time.After(10 * time.Second):
		d.t.Fatal("no look ended within 10 s")
		panic("unreachable")
	}
}

// awaitAsked waits until the source was asked so often.
func (d *desk) awaitAsked(times int) {
	d.t.Helper()
	deadline := time.After(10 * time.Second)
	for d.times() < times {
		select {
		case <-deadline:
			d.t.Fatalf("the source was asked %d times within 10 s, want %d", d.times(), times)
		case <-time.After(time.Millisecond):
		}
	}
}

func askFor(url string, change ...func(*ask)) ask {
	a := ask{spec: chartsync.Spec{Repository: &chartsync.RepositorySpec{URL: url}}, id: url, interval: 10 * time.Minute}
	for _, c := range change {
		c(&a)
	}
	return a
}

func at(value string) func(*ask) { return func(a *ask) { a.at = value } }

// expectAbout compares a pause that is spread by a tenth to either side.
func expectAbout(t *testing.T, want, got time.Duration) {
	t.Helper()
	if got < want*9/10 || got > want*11/10 {
		t.Errorf("the next look is in %s, want about %s", got, want)
	}
}

func TestLookAtInterval(t *testing.T) {
	d := newDesk(t)
	a := askFor("https://charts.example.com")
	seen, wait := d.look(a)
	if seen.err != nil || !seen.known || seen.revision.Version != "1" {
		t.Errorf("known after the first look: %+v", seen)
	}
	expectAbout(t, a.interval, wait)

	d.answer("2", nil)
	d.pass(a.interval / 2)
	if seen, wait := d.get(first, a); seen.underway || wait > a.interval*6/10 || d.times() != 1 {
		t.Errorf("it was asked %d times before the interval was over, the next look is in %s", d.times(), wait)
	}
	d.pass(a.interval)
	if seen, _ := d.look(a); seen.revision.Version != "2" {
		t.Errorf("known after the second look: %+v", seen)
	}
}

func TestLookBacksOff(t *testing.T) {
	d := newDesk(t)
	a := askFor("https://charts.example.com")
	_, wait := d.look(a)
	d.answer("", chartsync.ErrUnavailable)
	for _, pause := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		d.pass(wait)
		var seen lookup
		if seen, wait = d.look(a); !errors.Is(seen.err, chartsync.ErrUnavailable) || seen.revision.Version != "1" {
			t.Errorf("a lost source is told, and what it gave stays known: %+v", seen)
		}
		expectAbout(t, pause*time.Second, wait)
	}
	d.answer("2", nil)
	d.pass(wait)
	seen, wait := d.look(a)
	if seen.err != nil || seen.failures != 0 || seen.revision.Version != "2" {
		t.Errorf("a source that came back: %+v", seen)
	}
	expectAbout(t, a.interval, wait)
}

// TestLookBacksOffWithinInterval has a source that is asked often: it is asked
// as often when it is lost.
func TestLookBacksOffWithinInterval(t *testing.T) {
	d := newDesk(t)
	d.answer("", chartsync.ErrUnavailable)
	a := askFor("https://charts.example.com", func(a *ask) { a.interval = 10 * time.Second })
	wait := time.Duration(0)
	for range 8 {
		d.pass(wait)
		_, wait = d.look(a)
	}
	expectAbout(t, a.interval, wait)
}

func TestLookWhenAsked(t *testing.T) {
	d := newDesk(t)
	const url = "https://charts.example.com"
	d.look(askFor(url))
	if seen, _ := d.look(askFor(url, at("noon"))); seen.handled != "noon" || d.times() != 2 {
		t.Errorf("a new value of the annotation: asked %d times, %+v", d.times(), seen)
	}
	if seen, _ := d.get(first, askFor(url, at("noon"))); seen.underway || d.times() != 2 {
		t.Errorf("the same value asks once: asked %d times", d.times())
	}
	d.answer("", chartsync.ErrNotFound)
	if seen, _ := d.look(askFor(url, at("one"))); seen.handled != "one" || seen.err == nil {
		t.Errorf("a look that fails has answered too: %+v", seen)
	}
	d.soon(first)
	d.look(askFor(url, at("one")))
	if d.times() != 4 {
		t.Errorf("one more look was wanted soon: asked %d times", d.times())
	}
}

// TestLookForSomethingElse has the spec change, whose old answers count no more.
func TestLookForSomethingElse(t *testing.T) {
	d := newDesk(t)
	d.look(askFor("https://old.example.com"))
	d.answer("", chartsync.ErrUnavailable)
	seen, _ := d.look(askFor("https://new.example.com"))
	if seen.err == nil || seen.revision.Digest != "" || seen.failures != 1 {
		t.Errorf("another source was asked, and the old one's chart is known: %+v", seen)
	}

	d.hang()
	d.soon(first)
	d.get(first, askFor("https://new.example.com"))
	d.awaitAsked(3)
	seen, wait := d.get(first, askFor("https://newest.example.com"))
	if !seen.underway || seen.known || seen.err != nil || wait != 0 {
		t.Errorf("a look for the old spec is under way, and shows: %+v", seen)
	}
	d.answer("3", nil)
	d.awaitEnd() // of the one that hung, which was cancelled
	if seen, _ := d.look(askFor("https://newest.example.com")); seen.revision.Version != "3" || seen.err != nil {
		t.Errorf("after the look for the old spec: %+v", seen)
	}
	want := []string{"https://old.example.com", "https://new.example.com", "https://new.example.com", "https://newest.example.com"}
	if diff := cmp.Diff(want, d.asked); diff != "" {
		t.Errorf("who was asked: -want +got:\n%s", diff)
	}
}

// TestLookIsForgotten has an object go while its source is asked.
func TestLookIsForgotten(t *testing.T) {
	d := newDesk(t)
	d.hang()
	d.get(first, askFor("https://charts.example.com"))
	d.awaitAsked(1)
	d.forget(first)
	d.awaitEnd()
	d.answer("1", nil)
	if seen, _ := d.look(askFor("https://charts.example.com")); seen.err != nil || seen.revision.Version != "1" {
		t.Errorf("an object of the same name that came later: %+v", seen)
	}
}

// TestOneHostHangs has a host that never answers, and more objects that ask it
// than may at a time: those of another host are not held up.
func TestOneHostHangs(t *testing.T) {
	d := newDesk(t)
	d.play(func(ctx context.Context, spec chartsync.Spec) (chartsync.Revision, error) {
		if spec.URL() == "https://sound.example.com/charts" {
			return chartsync.Revision{Digest: "sha256:1"}, nil
		}
		<-ctx.Done()
		return chartsync.Revision{}, ctx.Err()
	})
	hanging := 2 * lookupsPerHost
	for i := range hanging {
		d.get(named(fmt.Sprintf("hanging-%d", i)), askFor(fmt.Sprintf("https://hanging.example.com/%d", i)))
	}
	d.awaitAsked(lookupsPerHost)
	d.get(second, askFor("https://sound.example.com/charts"))
	if got := d.awaitEnd(); got != second {
		t.Errorf("%s was answered, want %s", got, second)
	}
	if got := d.times(); got != lookupsPerHost+1 {
		t.Errorf("the host that hangs was asked %d times at once, want %d", got-1, lookupsPerHost)
	}
	for i := range hanging {
		d.forget(named(fmt.Sprintf("hanging-%d", i)))
	}
	for range hanging {
		d.awaitEnd()
	}
}
