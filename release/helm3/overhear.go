package helm3

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// overheard is a config whose answers teach a redactor the Secrets that a
// template looks up: what such a template says of them must not be told.
func overheard(config *rest.Config, secrets *redactor) *rest.Config {
	config = rest.CopyConfig(config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return overhear{next: next, secrets: secrets} })
	return config
}

type overhear struct {
	next    http.RoundTripper
	secrets *redactor
}

// RoundTrip implements http.RoundTripper.
func (o overhear) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := o.next.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusOK || !slices.Contains(strings.Split(req.URL.Path, "/"), "secrets") {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	o.secrets.learnAnswer(body)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// WrappedRoundTripper lets client-go find the transport beneath.
func (o overhear) WrappedRoundTripper() http.RoundTripper { return o.next }

// learnAnswer remembers the values of what the API server answered, a Secret or
// a list of them.
func (r *redactor) learnAnswer(body []byte) {
	var s secretLike
	if err := yaml.Unmarshal(body, &s); err != nil {
		return
	}
	var found []string
	for _, item := range append(s.Items, s) {
		if item.Kind == "" { // an item of a list does not tell it
			item.Kind = "Secret"
		}
		found = append(found, item.leaves()...)
	}
	r.remember(found)
}
