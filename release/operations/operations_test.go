package operations_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/operations"
)

var web = release.Key{Namespace: "shop", Name: "web"}

func start(t *testing.T, r *operations.Running, work operations.Work) {
	t.Helper()
	if !r.Start(release.Operation{ID: "1", Key: web, Action: release.Upgrade, Digest: "d"}, work) {
		t.Fatal("the operation was refused")
	}
}

// receive fails the test where nothing comes.
func receive[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(10 * time.Second):
		t.Fatal("nothing came within 10 s")
		panic("unreachable")
	}
}

func TestOneOperationPerRelease(t *testing.T) {
	ends := make(chan release.Key, 1)
	r := operations.New(func(k release.Key) { ends <- k })
	gate := make(chan struct{})
	start(t, r, func(context.Context) release.Attempt { <-gate; return release.Attempt{Revision: 3} })
	if r.Start(release.Operation{Key: web}, nil) {
		t.Error("a second operation on the same release was started")
	}
	if got := r.Underway(web); got == nil || got.ID != "1" {
		t.Errorf("underway = %v", got)
	}
	close(gate)
	if key := receive(t, ends); key != web {
		t.Errorf("woke %v", key)
	}
	if got := r.Ended(web); len(got) != 1 || got[0].Attempt.Revision != 3 {
		t.Errorf("ended = %v", got)
	}
	r.Forget(web, 1)
	if r.Underway(web) != nil || len(r.Ended(web)) != 0 {
		t.Error("the ended operation is still there")
	}
}

func TestSupersedeTellsTheCause(t *testing.T) {
	ends := make(chan release.Key, 1)
	r := operations.New(func(k release.Key) { ends <- k })
	causes := make(chan error, 1)
	start(t, r, func(ctx context.Context) release.Attempt {
		<-ctx.Done()
		causes <- context.Cause(ctx)
		return release.Attempt{}
	})
	r.Supersede(web, "chart web 1.2.0")
	err := receive(t, causes)
	if !errors.Is(err, release.ErrSuperseded) || err.Error() != "superseded by chart web 1.2.0" {
		t.Errorf("cause = %v", err)
	}
	receive(t, ends)
}

func TestPanicBecomesAnAttempt(t *testing.T) {
	ends := make(chan release.Key, 1)
	r := operations.New(func(k release.Key) { ends <- k })
	start(t, r, func(context.Context) release.Attempt { panic("password=hunter2") })
	receive(t, ends)
	got := r.Ended(web)[0].Attempt
	if got.Outcome != release.Failed || got.Reason != string(release.KindPanic) {
		t.Errorf("attempt = %+v", got)
	}
	if strings.Contains(got.Message, "hunter2") || !strings.Contains(got.Message, "TestPanicBecomesAnAttempt") {
		t.Errorf("message %q must name the place and not the value", got.Message)
	}
}

func TestStopEndsWaitsAndRefusesMore(t *testing.T) {
	r := operations.New(func(release.Key) {})
	start(t, r, func(ctx context.Context) release.Attempt {
		<-ctx.Done()
		return release.Attempt{}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := r.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if r.Start(release.Operation{Key: web}, nil) || !r.Stopped() {
		t.Error("an operation was started after Stop")
	}
}
