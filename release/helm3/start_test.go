package helm3_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/helm3"
)

// started returns an engine that knows what is in the cluster. It ends with the
// test.
func started(t *testing.T, cfg *rest.Config, opts ...helm3.Option) *helm3.Engine {
	t.Helper()
	e, err := helm3.New(cfg, opts...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Start(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("watching: %v", err)
		}
	})
	syncing, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := e.WaitForSync(syncing); err != nil {
		t.Fatal(err)
	}
	return e
}

// kindOf returns the kind of a failure.
func kindOf(err error) release.Kind {
	var failure *release.Error
	if errors.As(err, &failure) {
		return failure.Kind
	}
	return ""
}
