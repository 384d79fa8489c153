package client

import (
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/client-go/rest"
)

// resetEvery is the shortest time between two resets of the mapper: a chart with
// an unknown kind is asked about again and again.
const resetEvery = 10 * time.Second

// Shared is what all operations under one identity share. It is safe for
// concurrent use.
type Shared struct {
	config *rest.Config
	http   *http.Client
	mapper meta.RESTMapper

	mu      sync.Mutex
	clients map[schema.GroupVersion]*rest.RESTClient
	reset   rate.Sometimes
}

// NewShared makes a Shared. The config says who we are (credentials,
// impersonation, user agent); it is copied. Without QPS in it requests are not
// limited on our side: the API server's own priority and fairness does that. The
// mapper should answer from memory; if it can be reset
// (meta.ResettableRESTMapper), that is done, rarely, when a kind is unknown.
func NewShared(config *rest.Config, mapper meta.RESTMapper) (*Shared, error) {
	config = rest.CopyConfig(config)
	config.ContentConfig = resource.UnstructuredPlusDefaultContentConfig()
	config.Timeout = 0 // each request has its own; watches have none
	if config.RateLimiter == nil && config.QPS == 0 {
		config.QPS = -1
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	return &Shared{
		config:  config,
		http:    client,
		mapper:  mapper,
		clients: map[schema.GroupVersion]*rest.RESTClient{},
		reset:   rate.Sometimes{First: 1, Interval: resetEvery},
	}, nil
}

// client returns the REST client of a group and version.
func (s *Shared) client(gv schema.GroupVersion) (*rest.RESTClient, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if made, ok := s.clients[gv]; ok {
		return made, nil
	}
	config := rest.CopyConfig(s.config)
	config.GroupVersion = &gv
	config.APIPath = "/apis"
	if gv.Group == "" {
		config.APIPath = "/api"
	}
	made, err := rest.RESTClientForConfigAndClient(config, s.http)
	if err != nil {
		return nil, err
	}
	s.clients[gv] = made
	return made, nil
}

// refresh resets the mapper if it can be and was not a moment ago.
func (s *Shared) refresh() (done bool) {
	resettable, ok := s.mapper.(meta.ResettableRESTMapper)
	if !ok {
		return false
	}
	s.reset.Do(func() {
		resettable.Reset()
		done = true
	})
	return done
}
