package harness

import (
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

	mu   sync.Mutex
	halt *Halt
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
		p.Release()
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

// ServeHTTP forwards a request, unless it is a write that a Halt holds.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	write, isWrite := readWrite(r)
	p.mu.Lock()
	halt := p.halt
	p.mu.Unlock()
	if !isWrite || halt == nil {
		p.forward.ServeHTTP(w, r)
		return
	}
	halt.serve(w, r, write, p.forward)
}
