package harness

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
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
			method: http.MethodPost, path: "/api/v1/namespaces/shop/secrets", body: `{"metadata":{"name":"sh.helm.release.v1.web.v1"}}`,
			want: Write{Verb: "create", Resource: "secrets", Namespace: "shop", Name: "sh.helm.release.v1.web.v1"},
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

// TestProxy shows what arrives where, around a write that springs a trap.
func TestProxy(t *testing.T) {
	const secrets = "/api/v1/namespaces/shop/secrets"
	cases := map[string]struct {
		why  string
		trap Trap
		// answered are the writes of one, two and three that get an answer.
		answered []string
		// done are those that the API server sees.
		done []string
	}{
		"Before": {
			why:      "The write never happens.",
			trap:     Trap{Nth: 2, When: Before},
			answered: []string{"one", "three"}, done: []string{"one", "three"},
		},
		"AnswerLost": {
			why:      "The write happens, and its writer never knows.",
			trap:     Trap{Nth: 2, When: AnswerLost},
			answered: []string{"one", "three"}, done: []string{"one", "two", "three"},
		},
		"After": {
			why:      "The write happens and is answered.",
			trap:     Trap{When: After},
			answered: []string{"one", "two", "three"}, done: []string{"one", "two", "three"},
		},
		"Matching": {
			why:      "Only writes that match are counted.",
			trap:     Trap{Match: func(w Write) bool { return w.Name == "three" }, When: Before},
			answered: []string{"one", "two"}, done: []string{"one", "two"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var done, answered []string
			upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				w, _ := readWrite(r)
				done = append(done, w.Name)
			}))
			defer upstream.Close()
			proxy := NewProxy(t, &Cluster{Config: &rest.Config{Host: upstream.URL}})
			sprung := 0
			tc.trap.Do = func() { sprung++ }
			proxy.Arm(tc.trap)

			config, err := clientcmd.BuildConfigFromFlags("", proxy.Kubeconfig)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"one", "two", "three"} {
				response, err := http.Post(config.Host+secrets, "application/json", strings.NewReader(`{"metadata":{"name":"`+name+`"}}`))
				if err == nil {
					answered = append(answered, name)
					_ = response.Body.Close()
				}
			}
			if diff := cmp.Diff(tc.answered, answered); diff != "" {
				t.Errorf("%s\nanswered: -want +got:\n%s", tc.why, diff)
			}
			if diff := cmp.Diff(tc.done, done); diff != "" {
				t.Errorf("%s\ndone: -want +got:\n%s", tc.why, diff)
			}
			if sprung != 1 || !proxy.Sprung() {
				t.Errorf("the trap sprang %d times, want once", sprung)
			}
			seen := proxy.Writes()
			if i := slices.IndexFunc(seen, func(w Write) bool { return w.Name == "two" }); i != 1 || seen[i].Kind() != "create secrets" {
				t.Errorf("want every write recorded, got %v", seen)
			}
		})
	}
}
