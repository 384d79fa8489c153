package harness

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubeprotobuf "k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

func TestParseWrite(t *testing.T) {
	cases := map[string]struct {
		why    string
		method string
		path   string
		body   string
		want   Write
	}{
		"CreateNamespaced": {
			why:    "The name of what is created is in the body.",
			method: http.MethodPost, path: "/api/v1/namespaces/shop/secrets", body: `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"sh.helm.release.v1.web.v1"}}`,
			want: Write{Verb: "create", Resource: "secrets", Namespace: "shop", Name: "sh.helm.release.v1.web.v1"},
		},
		"CreateAsProtobuf": {
			why:    "Kubernetes' own kinds may come as protobuf.",
			method: http.MethodPost, path: "/api/v1/namespaces/shop/secrets", body: protobuf(t, "sh.helm.release.v1.web.v1"),
			want: Write{Verb: "create", Resource: "secrets", Namespace: "shop", Name: "sh.helm.release.v1.web.v1"},
		},
		"CreateCustom": {
			why:    "Custom resources come as JSON.",
			method: http.MethodPost, path: "/apis/example.com/v1/namespaces/shop/widgets", body: `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"web"}}`,
			want: Write{Verb: "create", Resource: "widgets.example.com", Namespace: "shop", Name: "web"},
		},
		"PatchStatus": {
			why:    "A subresource is another kind of write.",
			method: http.MethodPatch, path: "/apis/fairlead.dev/v1alpha1/namespaces/shop/helmreleases/web/status",
			want: Write{Verb: "patch", Resource: "helmreleases.fairlead.dev/status", Namespace: "shop", Name: "web"},
		},
		"DeleteNamespace": {
			why:    "A namespace is in no namespace.",
			method: http.MethodDelete, path: "/api/v1/namespaces/shop",
			want: Write{Verb: "delete", Resource: "namespaces", Name: "shop"},
		},
		"NamespaceStatus": {
			why:    "Neither is its status.",
			method: http.MethodPut, path: "/api/v1/namespaces/shop/status",
			want: Write{Verb: "update", Resource: "namespaces/status", Name: "shop"},
		},
		"ClusterScoped": {
			why:    "Objects of the cluster have no namespace.",
			method: http.MethodPut, path: "/apis/rbac.authorization.k8s.io/v1/clusterroles/web",
			want: Write{Verb: "update", Resource: "clusterroles.rbac.authorization.k8s.io", Name: "web"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, parseWrite(tc.method, tc.path, []byte(tc.body))); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.why, diff)
			}
		})
	}
}

func protobuf(t *testing.T, name string) string {
	t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}}
	secret.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	var body bytes.Buffer
	if err := kubeprotobuf.NewSerializer(scheme.Scheme, scheme.Scheme).Encode(secret, &body); err != nil {
		t.Fatal(err)
	}
	return body.String()
}
