package crash

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-dev/fairlead/test/e2e/harness"
)

// patience is how long a hundred releases at once may take on a busy machine.
const patience = 4 * time.Minute

// TestCrashPoints kills the controller around each write of each operation.
func TestCrashPoints(t *testing.T) {
	for name, op := range operations {
		t.Run(name, func(t *testing.T) { newStage(t, strings.ToLower(name), op).play(t) })
	}
}

// A stage is one operation on many releases in one cluster.
type stage struct {
	*harness.Env
	operation

	name  string
	proxy *harness.Proxy
	chart harness.Change
	hooks *finished
	// undisturbed is the release that shows what is right.
	undisturbed string
	// stops are where the other releases stop.
	stops map[string]harness.Stop
}

func newStage(t *testing.T, name string, op operation) *stage {
	t.Helper()
	proxy := harness.NewProxy(t, harness.SharedCluster(t))
	s := &stage{
		operation: op, name: name, proxy: proxy, undisturbed: name + "-undisturbed", stops: map[string]harness.Stop{},
		// A worker for each release that may be stopped while it is looked at.
		Env: harness.New(t, harness.WithKubeconfig(proxy.Kubeconfig), harness.WithFlags("--workers", "100")),
	}
	charts := harness.NewChartRepo(t)
	publish(t, charts)
	s.chart = harness.FromRepository(charts.URL, harness.HooksChart, "0.1.0")
	s.hooks = watchHooks(t, s.Env)
	return s
}

// play is the whole test of one operation.
func (s *stage) play(t *testing.T) {
	s.observe(t)
	s.crash(t)
	s.check(t)
}

// observe performs the operation undisturbed and decides where the others stop.
func (s *stage) observe(t *testing.T) {
	t.Helper()
	s.prepare(t, s.undisturbed)
	halt := s.proxy.Halt(s.nameOf, nil)
	s.begin(t, s.undisturbed)
	s.await(t, s.over, s.undisturbed)
	s.proxy.Release()
	seen := map[string]int{}
	for _, write := range s.counted(halt.Writes(s.undisturbed)) {
		seen[write]++
		t.Logf("write %d: %s", len(s.stops), write)
	}
	_ = fmt.Sprint()
}
