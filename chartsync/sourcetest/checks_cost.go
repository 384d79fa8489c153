package sourcetest

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/fairlead-dev/fairlead/chartsync"
)

func downloadsOnce(t *testing.T, newFixture func(*testing.T) Fixture) {
	s := open(t, newFixture, v1)
	for range 3 {
		s.fetch(t, s.Spec(), s.resolve(t, s.Spec()))
	}
	if n := s.Downloads(); n != 1 {
		t.Errorf("resolved and fetched 3 times: want 1 download, got %d", n)
	}
	s.PublishUnrelated(t)
	s.fetch(t, s.Spec(), s.resolve(t, s.Spec()))
	before := s.Requests()
	s.fetch(t, s.Spec(), s.resolve(t, s.Spec()))
	if n := s.Requests() - before; n > 2 {
		t.Errorf("resolving and fetching what is known: want at most 2 requests, got %d", n)
	}
}

func downloadsOnceAcrossARestart(t *testing.T, newFixture func(*testing.T) Fixture) {
	s := open(t, newFixture, v1)
	rev := s.resolve(t, s.Spec())
	first := s.fetch(t, s.Spec(), rev)
	n := s.Downloads()
	s.restart(t)
	again := s.fetch(t, s.Spec(), s.resolve(t, s.Spec()))
	if s.Downloads() != n {
		t.Errorf("want no download after a restart, got %d", s.Downloads()-n)
	}
	if !bytes.Equal(first.Archive, again.Archive) || again.Revision.Digest != rev.Digest {
		t.Error("after a restart the same revision has other bytes")
	}
}

func storeNeedsNoServer(t *testing.T, newFixture func(*testing.T) Fixture) {
	s := open(t, newFixture, v1)
	rev := s.resolve(t, s.Spec())
	s.fetch(t, s.Spec(), rev)
	s.Break(Down)
	s.fetch(t, s.Spec(), rev)
	s.restart(t)
	s.fetch(t, s.Spec(), rev)
}

func concurrentCallersShare(t *testing.T, newFixture func(*testing.T) Fixture) {
	s := open(t, newFixture, v1)
	const callers = 50
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var group sync.WaitGroup
	errs := make([]error, callers)
	for i := range callers {
		group.Go(func() {
			rev, err := s.source.Resolve(ctx, s.Spec())
			if err == nil {
				_, err = s.source.Fetch(ctx, s.Spec(), rev)
			}
			errs[i] = err
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if n := s.Downloads(); n != 1 {
		t.Errorf("%d callers at once: want 1 download, got %d", callers, n)
	}
}

func cancellationIsHonoured(t *testing.T, newFixture func(*testing.T) Fixture) {
	s := open(t, newFixture, v1)
	s.Break(Slow)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := s.source.Resolve(ctx, s.Spec())
		done <- err
	}()
	s.awaitRequests(t, 1)
	cancel()
	wantCancelled(t, done)
}

func cancellationIsPersonal(t *testing.T, newFixture func(*testing.T) Fixture) {
	s := open(t, newFixture, v1)
	s.Break(Slow)
	impatient, cancel := context.WithCancel(t.Context())
	defer cancel()
	patient, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	const others = 10
	first, second := make(chan error, 1), make(chan error, others)
	go func() {
		_, err := s.source.Resolve(impatient, s.Spec())
		first <- err
	}()
	s.awaitRequests(t, 1)
	for i := range others {
		go func() {
			// Some come before the cancellation, some after it.
			time.Sleep(time.Duration(i) * time.Millisecond)
			_, err := s.source.Resolve(patient, s.Spec())
			second <- err
		}()
	}
	time.AfterFunc(others/2*time.Millisecond, cancel)
	wantCancelled(t, first)
	s.Break(Healthy)
	for range others {
		if err := <-second; err != nil {
			t.Errorf("another caller's cancellation: %v", err)
		}
	}
}

// awaitRequests waits until the server has seen n requests.
func (s *session) awaitRequests(t *testing.T, n int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for s.Requests() < n {
		if time.Now().After(deadline) {
			t.Fatalf("want %d requests, got %d", n, s.Requests())
		}
		time.Sleep(time.Millisecond)
	}
}

// wantCancelled expects a cancelled call to return quickly and say so.
func wantCancelled(t *testing.T, done <-chan error) {
	t.Helper()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) || !errors.Is(err, chartsync.ErrUnavailable) {
			t.Errorf("want an error that wraps context.Canceled and ErrUnavailable, got: %v", err)
		}
	case <-time.After(quickly):
		t.Fatalf("a cancelled call did not return within %s", quickly)
	}
}
