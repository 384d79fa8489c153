// Package operations runs operations in goroutines of their own, at most one per
// release.
//
// A reconcile starts an operation and goes away; the operation's end wakes the
// release through a callback. Waiting for pods therefore holds no worker. Newer
// inputs supersede a wait: they cancel the operation's context, which an engine
// obeys only while it waits (see release.Engine).
//
// Nothing here decides anything, and nothing here talks to a cluster.
package operations

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/fairlead-dev/fairlead/release"
)

// A Work performs an operation and returns the attempt it made. It gets a
// context that is cancelled, with a cause, when the operation is superseded or
// the program stops.
type Work func(ctx context.Context) release.Attempt

// An End is a finished operation with its attempt.
type End struct {
	Operation release.Operation
	Attempt   release.Attempt
}

// Running keeps the operations under way and those that ended and were not yet
// taken note of. The zero value is not usable; see New.
type Running struct {
	onEnd func(release.Key)

	mu      sync.Mutex
	current map[release.Key]*running
	ended   map[release.Key][]End
	closed  bool
	all     sync.WaitGroup
}

type running struct {
	op     release.Operation
	cancel context.CancelCauseFunc
}

// New returns an empty set. onEnd is called, from the operation's goroutine,
// each time an operation has ended.
func New(onEnd func(release.Key)) *Running {
	return &Running{onEnd: onEnd, current: map[release.Key]*running{}, ended: map[release.Key][]End{}}
}

// Start runs work for op and returns at once. It reports false, and runs
// nothing, when the release has an operation under way or Stop was called.
func (r *Running) Start(op release.Operation, work Work) bool {
	// The operation outlives the reconcile that starts it, so its context is
	// not derived from any.
	ctx, cancel := context.WithCancelCause(context.Background())
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.current[op.Key] != nil {
		cancel(nil)
		return false
	}
	r.current[op.Key] = &running{op: op, cancel: cancel}
	r.all.Add(1)
	go func() {
		defer r.all.Done()
		defer cancel(nil)
		r.finish(op, perform(ctx, op, work))
	}()
	return true
}

// perform runs work and turns a panic into a failed attempt. The stack stays in
// the process: it may hold values.
func perform(ctx context.Context, op release.Operation, work Work) (attempt release.Attempt) {
	defer func() {
		if p := recover(); p != nil {
			attempt = release.Attempt{
				Action: op.Action, Outcome: release.Failed, Reason: string(release.KindPanic), Digest: op.Digest,
				Message: fmt.Sprintf("panic of type %T in %s: this is a bug", p, site(debug.Stack())),
				Cause:   op.Cause.Text, Commit: op.Cause.Commit, Started: op.Started, Count: 1,
			}
		}
	}()
	return work(ctx)
}

func (r *Running) finish(op release.Operation, attempt release.Attempt) {
	r.mu.Lock()
	delete(r.current, op.Key)
	r.ended[op.Key] = append(r.ended[op.Key], End{Operation: op, Attempt: attempt})
	r.mu.Unlock()
	r.onEnd(op.Key)
}

// Underway returns the operation that works on the release now, or nil.
func (r *Running) Underway(key release.Key) *release.Operation {
	r.mu.Lock()
	defer r.mu.Unlock()
	if cur := r.current[key]; cur != nil {
		op := cur.op
		return &op
	}
	return nil
}

// Supersede ends the wait of the operation under way, if there is one; by says
// what came: "superseded by chart web 1.2.0".
func (r *Running) Supersede(key release.Key, by string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if cur := r.current[key]; cur != nil {
		cur.cancel(fmt.Errorf("%w by %s", release.ErrSuperseded, by))
	}
}

// Ended returns the operations on the release that have ended and were not yet
// forgotten, oldest first.
func (r *Running) Ended(key release.Key) []End {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]End(nil), r.ended[key]...)
}

// Forget drops what Ended returned, once it is recorded. n is how many of the
// oldest.
func (r *Running) Forget(key release.Key, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if rest := r.ended[key]; n < len(rest) {
		r.ended[key] = append([]End(nil), rest[n:]...)
	} else {
		delete(r.ended, key)
	}
}

// Count returns how many operations are under way.
func (r *Running) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.current)
}

// Stop refuses new operations, ends the waits of those under way and lets their
// applies finish; it returns when none is left or ctx is done.
func (r *Running) Stop(ctx context.Context) error {
	r.mu.Lock()
	r.closed = true
	for _, cur := range r.current {
		cur.cancel(release.ErrStopping)
	}
	r.mu.Unlock()
	done := make(chan struct{})
	go func() { r.all.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%d operations did not end in time: %w", r.Count(), ctx.Err())
	}
}

// Stopped reports whether Stop was called.
func (r *Running) Stopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}
