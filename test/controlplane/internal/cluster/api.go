package cluster

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// api asks the API server for the little that starting a cluster takes.
type api struct {
	server string
	client *http.Client
}

// object is a Kubernetes object.
type object = map[string]any

// refusal is an answer other than success.
type refusal struct {
	code int
	text string
}

func (r *refusal) Error() string { return fmt.Sprintf("answer %d: %s", r.code, r.text) }

func newAPI(server string, c credentials) (*api, error) {
	pair, err := tls.X509KeyPair(c.admin.Cert, c.admin.Key)
	if err != nil {
		return nil, fmt.Errorf("reading the administrator's certificate: %w", err)
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(c.authority)
	return &api{server: server, client: &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: authorities, MinVersion: tls.VersionTLS13},
			ForceAttemptHTTP2: true,
		},
	}}, nil
}

// get reads an object into a value.
func (a *api) get(ctx context.Context, path string, into any) error {
	answer, err := a.do(ctx, http.MethodGet, path, nil)
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("decoding %s: %w", path, err)
	}
	return nil
}

// create adds an object to a collection.
func (a *api) create(ctx context.Context, collection string, o object) error {
	body, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("encoding an object for %s: %w", collection, err)
	}
	_, err = a.do(ctx, http.MethodPost, collection, body)
	return err
}

func (a *api) delete(ctx context.Context, path string) error {
	_, err := a.do(ctx, http.MethodDelete, path, nil)
	return err
}

// close lets go of the connections, which would keep the API server waiting.
func (a *api) close() { a.client.CloseIdleConnections() }

func (a *api) do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, a.server+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %w", path, err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "fairlead-controlplane")
	response, err := a.client.Do(request)
	if err != nil {
		return nil, err // names the method and the URL
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return nil, fmt.Errorf("%s %s: %w", method, path, &refusal{code: response.StatusCode, text: string(answer)})
	}
	return answer, nil
}
