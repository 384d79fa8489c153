package harness

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// A Proxy stands between a controller and the API server. It speaks plain HTTP
// to the controller, is the administrator to the API server, and sees every
// write.
type Proxy struct {
	// Kubeconfig leads a controller through the proxy; see WithKubeconfig.
	Kubeconfig string

	forward *httputil.ReverseProxy

	mu     sync.Mutex
	writes []Write
	trap   *Trap
	hits   int
	sprung bool
}

// NewProxy starts a proxy that ends with the test.
func NewProxy(t testing.TB, cluster *Cluster) *Proxy {
	t.Helper()
	upstream, err := url.Parse(cluster.Config.Host)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := rest.TransportFor(asAdministrator(cluster.Config))
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	p.forward = &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
		Transport: transport,
		// Watches are streams.
		FlushInterval: -1,
		// The controller is killed in the middle of requests: that is no news.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	server := httptest.NewServer(p)
	t.Cleanup(func() {
		// Watches would keep Close waiting.
		server.CloseClientConnections()
		server.Close()
	})
	if err := writeKubeconfig(p.Kubeconfig, server.URL); err != nil {
		t.Fatal(err)
	}
	return p
}

func asAdministrator(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	config.UserAgent = "" // the controller's own goes through
	return config
}

func writeKubeconfig(path, server string) error {
	config := clientcmdapi.NewConfig()
	config.Clusters["proxy"] = &clientcmdapi.Cluster{Server: server}
	config.Contexts["proxy"] = &clientcmdapi.Context{Cluster: "proxy"}
	config.CurrentContext = "proxy"
	return clientcmd.WriteToFile(*config, path)
}

// ServeHTTP forwards a request, and springs the trap if it is the one.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	write, isWrite := readWrite(r)
	if !isWrite {
		p.forward.ServeHTTP(w, r)
		return
	}
	trap := p.note(write)
	if trap == nil {
		p.forward.ServeHTTP(w, r)
		return
	}
	switch trap.When {
	case Before:
		trap.Do()
		panic(http.ErrAbortHandler)
	case AnswerLost:
		p.forward.ServeHTTP(httptest.NewRecorder(), r)
		trap.Do()
		panic(http.ErrAbortHandler)
	case After:
		p.forward.ServeHTTP(w, r)
		_ = http.NewResponseController(w).Flush() // the client may be gone
		trap.Do()
	}
}

// readWrite returns what a request writes, and leaves its body to be read again.
func readWrite(r *http.Request) (Write, bool) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return Write{}, false
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the client is gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	return parseWrite(r.Method, r.URL.Path, body), true
}
