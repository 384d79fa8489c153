package helm3

import (
	"context"
	"errors"

	openapi_v2 "github.com/google/gnostic-models/openapiv2"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// getter gives Helm what it needs to reach the cluster: one identity, and the
// shared catalog in place of discovery.
type getter struct {
	config *rest.Config
	kinds  *catalog
}

var _ genericclioptions.RESTClientGetter = getter{}

// ToRESTConfig implements genericclioptions.RESTClientGetter.
func (g getter) ToRESTConfig() (*rest.Config, error) { return g.config, nil }

// ToDiscoveryClient implements genericclioptions.RESTClientGetter.
func (g getter) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return cachedDiscovery{DiscoveryInterface: g.kinds.client, kinds: g.kinds}, nil
}

// ToRESTMapper implements genericclioptions.RESTClientGetter.
func (g getter) ToRESTMapper() (meta.RESTMapper, error) { return mapper{kinds: g.kinds}, nil }

// ToRawKubeConfigLoader implements genericclioptions.RESTClientGetter. Nothing
// of a kubeconfig file is used.
func (g getter) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	return clientcmd.NewDefaultClientConfig(*clientcmdapi.NewConfig(), &clientcmd.ConfigOverrides{})
}

// cachedDiscovery answers from the catalog.
type cachedDiscovery struct {
	discovery.DiscoveryInterface
	kinds *catalog
}

// Fresh implements discovery.CachedDiscoveryInterface.
func (d cachedDiscovery) Fresh() bool { return true }

// Invalidate implements discovery.CachedDiscoveryInterface. The catalog knows
// by itself when it is out of date.
func (d cachedDiscovery) Invalidate() {}

// ServerVersion implements discovery.DiscoveryInterface.
func (d cachedDiscovery) ServerVersion() (*version.Info, error) {
	s, err := d.kinds.get(context.Background())
	if err != nil {
		return nil, err
	}
	return s.version, nil
}

// ServerGroupsAndResources implements discovery.DiscoveryInterface.
func (d cachedDiscovery) ServerGroupsAndResources() ([]*metav1.APIGroup, []*metav1.APIResourceList, error) {
	s, err := d.kinds.get(context.Background())
	if err != nil {
		return nil, nil, err
	}
	return s.groups, s.lists, nil
}

// OpenAPISchema implements discovery.DiscoveryInterface.
func (d cachedDiscovery) OpenAPISchema() (*openapi_v2.Document, error) {
	// Parsing it costs more than everything else together; nobody needs it.
	return nil, errors.New("validation against OpenAPI is the API server's job")
}

// mapper answers from the catalog, and makes it ask again when it meets a kind
// that it does not know.
type mapper struct{ kinds *catalog }

func withMapper[T any](m mapper, f func(meta.RESTMapper) (T, error)) (T, error) {
	var none T
	s, err := m.kinds.get(context.Background())
	if err != nil {
		return none, err
	}
	out, err := f(s.mapper)
	if !meta.IsNoMatchError(err) || !m.kinds.refreshIfOlder(context.Background(), patience) {
		return out, err
	}
	return f(m.kinds.peek().mapper)
}

// KindFor implements meta.RESTMapper.
func (m mapper) KindFor(r schema.GroupVersionResource) (schema.GroupVersionKind, error) {
	return withMapper(m, func(i meta.RESTMapper) (schema.GroupVersionKind, error) { return i.KindFor(r) })
}

// KindsFor implements meta.RESTMapper.
func (m mapper) KindsFor(r schema.GroupVersionResource) ([]schema.GroupVersionKind, error) {
	return withMapper(m, func(i meta.RESTMapper) ([]schema.GroupVersionKind, error) { return i.KindsFor(r) })
}

// ResourceFor implements meta.RESTMapper.
func (m mapper) ResourceFor(r schema.GroupVersionResource) (schema.GroupVersionResource, error) {
	return withMapper(m, func(i meta.RESTMapper) (schema.GroupVersionResource, error) { return i.ResourceFor(r) })
}

// ResourcesFor implements meta.RESTMapper.
func (m mapper) ResourcesFor(r schema.GroupVersionResource) ([]schema.GroupVersionResource, error) {
	return withMapper(m, func(i meta.RESTMapper) ([]schema.GroupVersionResource, error) { return i.ResourcesFor(r) })
}

// RESTMapping implements meta.RESTMapper.
func (m mapper) RESTMapping(gk schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	return withMapper(m, func(i meta.RESTMapper) (*meta.RESTMapping, error) { return i.RESTMapping(gk, versions...) })
}

// RESTMappings implements meta.RESTMapper.
func (m mapper) RESTMappings(gk schema.GroupKind, versions ...string) ([]*meta.RESTMapping, error) {
	return withMapper(m, func(i meta.RESTMapper) ([]*meta.RESTMapping, error) { return i.RESTMappings(gk, versions...) })
}

// ResourceSingularizer implements meta.RESTMapper.
func (m mapper) ResourceSingularizer(resource string) (string, error) {
	return withMapper(m, func(i meta.RESTMapper) (string, error) { return i.ResourceSingularizer(resource) })
}
