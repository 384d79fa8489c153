package harness

import (
	"syscall"
	"testing"
)

// NewController starts one more controller on the test's cluster; it goes with
// the test.
func (e *Env) NewController(t testing.TB, opts ...Option) *Controller {
	t.Helper()
	return newController(t, e.Cluster, opts...)
}

// Signal sends a signal to the process, such as SIGSTOP, which makes it as
// silent as a machine that hangs.
func (c *Controller) Signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.process.cmd.Process.Signal(signal); err != nil {
		t.Fatalf("sending %s to the controller: %v", signal, err)
	}
}

// AwaitExit waits until the process has ended by itself.
func (c *Controller) AwaitExit(t testing.TB) {
	t.Helper()
	Eventually(t, Patience, "the controller ends", func() bool { return !c.Running() }, func() string { return c.Log(logLines) })
}

// Answers reports whether a probe, healthz or readyz, answers with 200.
func (c *Controller) Answers(t testing.TB, probe string) bool {
	t.Helper()
	return answers(t.Context(), "http://"+c.health+"/"+probe)
}
