package helm3_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/helm3"
	"github.com/fairlead-dev/fairlead/release/releasetest"
)

// With one CPU slot, a release that waits for pods does not keep another one
// from its work.
func TestWaitingHoldsNoSlot(t *testing.T) {
	cfg := releasetest.Cluster(t)
	namespace(t, cfg, "slow")
	namespace(t, cfg, "quick")
	e := started(t, cfg, helm3.WithCPUSlots(1))

	never := map[string]string{"templates/deployment.yaml": strings.Replace(three["templates/deployment.yaml"],
		"labels: {app: web}}\n", "labels: {app: web, fairlead.dev/test-pod: never-ready}}\n", 1)}
	ctx, supersede := context.WithCancelCause(t.Context())
	slow := make(chan error, 1)
	req := request(never)
	req.Timeout = 10 * time.Minute
	op := operation(release.Install, "slow")
	go func() {
		_, err := e.Install(ctx, op, req)
		slow <- err
	}()
	applied := func(context.Context) (bool, error) { return len(e.Records(op.Key)) > 0, nil }
	if err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, time.Minute, true, applied); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Install(t.Context(), operation(release.Install, "quick"), request(three)); err != nil {
		t.Errorf("installing beside one that waits: %v", err)
	}
	select {
	case err := <-slow:
		t.Errorf("the slow one ended: %v", err)
	default:
	}
	supersede(release.ErrSuperseded)
	if err := <-slow; kindOf(err) != release.KindSuperseded {
		t.Errorf("the slow one ended with %v, want %s", err, release.KindSuperseded)
	}
}
