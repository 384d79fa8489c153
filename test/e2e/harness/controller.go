package harness

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// logLines is how much of the controller's log is shown with a failure.
const logLines = 40

// An Option changes how a test's controller is started.
type Option func(*Controller)

// WithFlags adds flags of `fairlead controller`; later ones win.
func WithFlags(flags ...string) Option {
	return func(c *Controller) { c.flags = append(c.flags, flags...) }
}

// WithKubeconfig lets the controller reach the API server by another kubeconfig,
// such as a Proxy's.
func WithKubeconfig(path string) Option {
	return func(c *Controller) { c.kubeconfig = path }
}

// Stopped leaves the controller for the test to start.
func Stopped() Option { return func(c *Controller) { c.stopped = true } }

// A Controller is `fairlead controller` as a process that can be started again.
// Its data directory and its log outlive the process.
type Controller struct {
	binary, kubeconfig string
	flags              []string
	stopped            bool
	dir                string

	mu      sync.Mutex
	process *process
	health  string
	metrics string
}

func newController(t testing.TB, cluster *Cluster, opts ...Option) *Controller {
	t.Helper()
	c := &Controller{
		binary: mustProgram(t, binVariable), kubeconfig: cluster.Kubeconfig, dir: t.TempDir(),
		// Without an election there is no lease to wait for after a kill; quick
		// retries, because tests are about what happens next.
		flags: []string{
			"--leader-elect=false", "--log-format", "text", "--allow-loopback-sources",
			"--retry-backoff", "1s", "--retry-backoff-max", "5s",
		},
	}
	for _, opt := range opts {
		opt(c)
	}
	t.Cleanup(func() { c.cleanUp(t) })
	if !c.stopped {
		c.Start(t)
	}
	return c
}

// Start starts the process and waits until it is ready.
func (c *Controller) Start(t testing.TB) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process != nil && c.process.running() {
		t.Fatal("the controller runs already")
	}
	c.health, c.metrics = freeAddress(t), freeAddress(t)
	args := append([]string{
		"controller", "--kubeconfig", c.kubeconfig, "--data-dir", filepath.Join(c.dir, "data"),
		"--health-address", c.health, "--metrics-address", c.metrics,
	}, c.flags...)
	var err error
	if c.process, err = start(c.logFile(), nil, c.binary, args...); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	err = poll(ctx, func() bool {
		return !c.process.running() || answers(ctx, "http://"+c.health+"/readyz")
	})
	if err != nil || !c.process.running() {
		t.Fatalf("the controller did not become ready (%v):\n%s", errOr(err, c.process.err), c.Log(logLines))
	}
}

// Stop asks the process to end, and waits for that.
func (c *Controller) Stop(t testing.TB) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.process.stop(); err != nil {
		t.Errorf("stopping the controller: %v\n%s", err, c.Log(logLines))
	}
}

// Kill ends the process with SIGKILL and returns when it is gone. It may be
// called from any goroutine, such as a Proxy's.
func (c *Controller) Kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process != nil {
		c.process.kill()
	}
}

// Running says whether the process has not ended.
func (c *Controller) Running() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.process != nil && c.process.running()
}

// Log returns the last lines of the log.
func (c *Controller) Log(lines int) string { return tail(c.logFile(), lines) }

// Metrics returns what /metrics says.
func (c *Controller) Metrics(t testing.TB) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.metrics+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("reading metrics: %s %v", response.Status, err)
	}
	return string(body)
}

func (c *Controller) logFile() string { return filepath.Join(c.dir, "controller.log") }

// cleanUp ends the process, gracefully if nothing has gone wrong so far.
func (c *Controller) cleanUp(t testing.TB) {
	if t.Failed() {
		t.Logf("the end of the controller's log:\n%s", c.Log(logLines))
	}
	if !c.Running() {
		return
	}
	if t.Failed() {
		c.Kill()
		return
	}
	c.Stop(t)
}

// freeAddress returns a loopback address on which nobody listens.
func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return address
}

// answers says whether a GET is answered with 200.
func answers(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		panic(fmt.Sprintf("%q is no URL: %v", url, err))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}
