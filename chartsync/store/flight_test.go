package store

import (
	"context"
	"errors"
	"testing"
)

func TestFlightStopsWhenNobodyWaits(t *testing.T) {
	var f Flight[int]
	ctx, cancel := context.WithCancel(t.Context())
	started, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		<-started
		cancel()
	}()
	_, err := f.Do(ctx, "key", func(ctx context.Context) (int, error) {
		close(started)
		<-ctx.Done()
		close(stopped)
		return 0, ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("want context.Canceled, got %v", err)
	}
	<-stopped

	// Whoever comes after that starts afresh.
	if v, err := f.Do(t.Context(), "key", func(context.Context) (int, error) { return 7, nil }); v != 7 || err != nil {
		t.Errorf("want 7, got %d, %v", v, err)
	}
	if len(f.calls) != 0 {
		t.Errorf("want no call left, got %d", len(f.calls))
	}
}

func TestFlightOutlivesItsFirstCaller(t *testing.T) {
	var f Flight[int]
	first, leave := context.WithCancel(t.Context())
	started, release := make(chan struct{}), make(chan struct{})
	work := func(ctx context.Context) (int, error) {
		close(started)
		select {
		case <-release:
			return 7, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	firstDone := make(chan error, 1)
	go func() {
		_, err := f.Do(first, "key", work)
		firstDone <- err
	}()
	<-started
	shared := f.join(t.Context(), "key", nil) // the second caller; nil because its work is never called
	leave()
	if err := <-firstDone; !errors.Is(err, context.Canceled) {
		t.Errorf("want context.Canceled for the first, got %v", err)
	}
	close(release)
	<-shared.done
	if shared.value != 7 || shared.err != nil {
		t.Errorf("want 7 for the second, got %d, %v", shared.value, shared.err)
	}
}

func TestFlightRefusesADeadContext(t *testing.T) {
	var f Flight[int]
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.Do(ctx, "key", func(context.Context) (int, error) { t.Error("worked"); return 0, nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("want context.Canceled, got %v", err)
	}
}
