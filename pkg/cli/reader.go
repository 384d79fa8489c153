package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
)

// resource is the plural by which the API server knows HelmReleases.
const resource = "helmreleases"

// A reader asks the API server for HelmReleases.
type reader struct {
	client rest.Interface
	// namespace to look in; empty means all.
	namespace string
}

// A found object is kept as it came, so that what a newer controller wrote is
// not lost on the way to `-o yaml`, and decoded, for tables.
type found struct {
	raw     unstructured.Unstructured
	release v1alpha1.HelmRelease
}

func newReader(config *rest.Config, namespace string) (*reader, error) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("preparing the client: %w", err)
	}
	config.APIPath = "/apis"
	config.GroupVersion = &v1alpha1.GroupVersion
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	client, err := rest.RESTClientFor(config)
	if err != nil {
		return nil, explainConfig(err)
	}
	return &reader{client: client, namespace: namespace}, nil
}

// get returns the HelmRelease of a name.
func (r *reader) get(ctx context.Context, name string) (found, error) {
	answer, err := ask(ctx, r.client.Get().Namespace(r.namespace).Resource(resource).Name(name))
	if err != nil {
		return found{}, r.explain(err, name)
	}
	var raw unstructured.Unstructured
	if err := json.Unmarshal(answer, &raw.Object); err != nil {
		return found{}, fmt.Errorf("decoding the API server's answer: %w", err)
	}
	return decode(raw)
}

// list returns the HelmReleases of the namespace, or of all, sorted as the API
// server sorts them: by namespace and name.
func (r *reader) list(ctx context.Context) ([]found, error) {
	answer, err := ask(ctx, r.client.Get().NamespaceIfScoped(r.namespace, r.namespace != "").Resource(resource))
	if err != nil {
		return nil, r.explain(err, "")
	}
	var list struct {
		Items []map[string]any `json:"items"`
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		return nil, fmt.Errorf("decoding the API server's answer: %w", err)
	}
	all := make([]found, 0, len(list.Items))
	for _, item := range list.Items {
		one, err := decode(unstructured.Unstructured{Object: item})
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// ask returns the answer's bytes. The error is taken first: only Error reads
// what the API server says about it.
func ask(ctx context.Context, request *rest.Request) ([]byte, error) {
	result := request.Do(ctx)
	if err := result.Error(); err != nil {
		return nil, err
	}
	return result.Raw()
}

func decode(raw unstructured.Unstructured) (found, error) {
	f := found{raw: raw}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw.Object, &f.release); err != nil {
		return found{}, fmt.Errorf("decoding HelmRelease %q: %w", raw.GetName(), err)
	}
	// As kubectl: it is long, and of interest to few.
	f.raw.SetManagedFields(nil)
	return f, nil
}
