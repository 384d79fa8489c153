package harness

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/fairlead-dev/fairlead/pkg/charthost"
)

// A ChartRepo is a Helm repository on loopback, as `fairlead repo serve` has it,
// that can be broken and mended. It ends with the test.
type ChartRepo struct {
	// URL stays the same as long as the repository lives, also while it is down.
	URL string
	// Dir is the folder that is served.
	Dir string

	charts http.Handler

	mu       sync.Mutex
	fault    Fault
	requests []string
	server   *httptest.Server
}

// NewChartRepo starts an empty repository.
func NewChartRepo(t testing.TB) *ChartRepo {
	t.Helper()
	r := &ChartRepo{Dir: t.TempDir()}
	var err error
	if r.charts, err = charthost.NewHandler(r.Dir); err != nil {
		t.Fatal(err)
	}
	r.server = httptest.NewServer(r)
	r.URL = r.server.URL
	t.Cleanup(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.server != nil {
			r.server.Close()
		}
	})
	return r
}

// Publish packages a chart for tests and puts it into the repository.
func (r *ChartRepo) Publish(t testing.TB, name, version string, edits ...Edit) {
	t.Helper()
	Pack(t, r.Dir, name, version, edits...)
}

// Break makes the repository fail from now on; Sound mends it.
func (r *ChartRepo) Break(f Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault = f
}

// Requests returns the method and path of each request so far.
func (r *ChartRepo) Requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.requests...)
}

// Down stops listening: connections are refused.
func (r *ChartRepo) Down(t testing.TB) {
	t.Helper()
	r.mu.Lock()
	server := r.server
	r.server = nil
	r.mu.Unlock()
	server.CloseClientConnections()
	server.Close()
}

// Up listens again, at the same address.
func (r *ChartRepo) Up(t testing.TB) {
	t.Helper()
	listener, err := net.Listen("tcp", r.URL[len("http://"):])
	if err != nil {
		t.Fatalf("listening again at %s: %v", r.URL, err)
	}
	server := httptest.NewUnstartedServer(r)
	if err := server.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	server.Listener = listener
	server.Start()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.server = server
}

// ServeHTTP serves the folder, or fails as it was told.
func (r *ChartRepo) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	fault := r.fault
	r.requests = append(r.requests, req.Method+" "+req.URL.Path)
	r.mu.Unlock()
	fault.serve(w, req, r.charts)
}
