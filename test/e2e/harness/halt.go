package harness

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Moment is when, around a write, a release stops.
type Moment string

// The moments.
const (
	// Before the API server has seen the write; it never will.
	Before Moment = "before"
	// AnswerLost is after the API server has done it and before the controller
	// has an answer; it never will.
	AnswerLost Moment = "answer lost"
	// After the API server has done it and the controller has the answer.
	After Moment = "after"
)

// Moments are all moments.
var Moments = []Moment{Before, AnswerLost, After}

// A Naming tells which release a write belongs to, and what the write is called,
// which is the same for every release. Writes of no release are left alone.
type Naming func(Write) (release, name string)

// A Stop is where a release stops: around the Nth (from 1) of its writes of a
// name.
type Stop struct {
	Write string
	Nth   int
	When  Moment
}

// String returns "before the 2nd …".
func (s Stop) String() string { return fmt.Sprintf("%s %s (%d)", s.When, s.Write, s.Nth) }

// A Halt stops releases at writes, each at one of its own, and notes what each
// has written. From the moment of its stop on nothing that is written for a
// release arrives, as if the controller had died there: many releases can be
// stopped at many places before the controller is killed once for all of them.
type Halt struct {
	naming   Naming
	stops    map[string]Stop
	released chan struct{}

	mu      sync.Mutex
	writes  map[string][]string
	closed  map[string]bool
	stopped map[string]bool
}

// Halt stops releases, by their names, from now on. Without stops it only notes.
func (p *Proxy) Halt(naming Naming, stops map[string]Stop) *Halt {
	h := &Halt{
		naming: naming, stops: stops, released: make(chan struct{}),
		writes: map[string][]string{}, closed: map[string]bool{}, stopped: map[string]bool{},
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.halt = h
	return h
}

// Release ends a Halt: what it held is lost, and all later writes go through.
// Before that the controller should have been killed.
func (p *Proxy) Release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.halt != nil {
		close(p.halt.released)
		p.halt = nil
	}
}

// Writes returns the names of a release's writes so far, in their order.
func (h *Halt) Writes(release string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.writes[release])
}

// Await waits until every release that has a stop is there.
func (h *Halt) Await(t testing.TB, within time.Duration) {
	t.Helper()
	Eventually(t, within, "every release to reach its stop", func() bool { return len(h.missing()) == 0 }, h.report)
}

func (h *Halt) missing() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(h.stops)), func(release string) bool { return h.stopped[release] })
}

func (h *Halt) report() string {
	var text strings.Builder
	for _, release := range h.missing() {
		fmt.Fprintf(&text, "%s did not stop %s; it wrote\n    %s\n", release, h.stops[release], strings.Join(h.Writes(release), "\n    "))
	}
	return text.String()
}

// arrive notes a write and tells what becomes of it: whether it is held because
// its release has stopped, or stops it now.
func (h *Halt) arrive(w Write) (release string, held bool, when Moment) {
	if slices.Contains(bookkeeping, w.Resource) {
		return "", false, ""
	}
	release, name := h.naming(w)
	if release == "" {
		return "", false, ""
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed[release] {
		return release, true, ""
	}
	h.writes[release] = append(h.writes[release], name)
	stop, ok := h.stops[release]
	if !ok || stop.Write != name || count(h.writes[release], name) != stop.Nth {
		return release, false, ""
	}
	h.closed[release] = true
	return release, false, stop.When
}

func count(all []string, one string) int {
	n := 0
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

// serve answers a write, or never does.
func (h *Halt) serve(w http.ResponseWriter, r *http.Request, write Write, forward http.Handler) {
	release, held, when := h.arrive(write)
	switch {
	case !held && when == "":
		forward.ServeHTTP(w, r)
		return
	case when == AnswerLost:
		forward.ServeHTTP(httptest.NewRecorder(), r)
	case when == After:
		forward.ServeHTTP(w, r)
		_ = http.NewResponseController(w).Flush() // the client may be gone
	}
	if !held {
		h.mu.Lock()
		h.stopped[release] = true
		h.mu.Unlock()
	}
	if when == After {
		return
	}
	<-h.released
	panic(http.ErrAbortHandler)
}
