package store

import (
	"context"
	"sync"
)

// A Flight lets concurrent callers with equal keys share one piece of work. The
// zero value is ready.
//
// It differs from golang.org/x/sync/singleflight in whose context the work
// gets: it ends when every caller that waits for it has gone, so one caller's
// cancellation fails nobody else, and work that nobody waits for stops.
type Flight[T any] struct {
	mu    sync.Mutex
	calls map[string]*call[T]
}

// A call is work under way.
type call[T any] struct {
	cancel  context.CancelFunc
	waiting int
	done    chan struct{} // closed when value and err are set
	value   T
	err     error
}

// Do returns what work returns, or the error of ctx as soon as that is done.
func (f *Flight[T]) Do(ctx context.Context, key string, work func(context.Context) (T, error)) (T, error) {
	if err := ctx.Err(); err != nil {
		var none T
		return none, err
	}
	c := f.join(ctx, key, work)
	select {
	case <-c.done:
		c.cancel()
		return c.value, c.err
	case <-ctx.Done():
		f.leave(key, c)
		var none T
		return none, ctx.Err()
	}
}

// Waiting is how many callers wait for the work of key.
func (f *Flight[T]) Waiting(key string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c, ok := f.calls[key]; ok {
		return c.waiting
	}
	return 0
}

// join returns the call under way for key, or starts one.
func (f *Flight[T]) join(ctx context.Context, key string, work func(context.Context) (T, error)) *call[T] {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c, ok := f.calls[key]; ok {
		c.waiting++
		return c
	}
	shared, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &call[T]{cancel: cancel, waiting: 1, done: make(chan struct{})}
	if f.calls == nil {
		f.calls = map[string]*call[T]{}
	}
	f.calls[key] = c
	go func() {
		c.value, c.err = work(shared)
		f.forget(key, c)
		close(c.done)
	}()
	return c
}

// leave takes one caller away from a call, and stops it after the last.
func (f *Flight[T]) leave(key string, c *call[T]) {
	f.mu.Lock()
	c.waiting--
	last := c.waiting == 0
	if last && f.calls[key] == c {
		delete(f.calls, key) // whoever comes now starts afresh
	}
	f.mu.Unlock()
	if last {
		c.cancel()
	}
}

// forget ends the sharing of a call.
func (f *Flight[T]) forget(key string, c *call[T]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls[key] == c {
		delete(f.calls, key)
	}
}
