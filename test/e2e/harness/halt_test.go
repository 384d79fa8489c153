package harness

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// TestHalt shows what arrives where when a release stops at the second of three
// writes, while another release is not disturbed.
func TestHalt(t *testing.T) {
	cases := map[string]struct {
		why  string
		when Moment
		// answered are the writes that get an answer, done those that the API
		// server sees.
		answered, done []string
	}{
		"Before": {
			why: "The write never happens, and nothing after it.", when: Before,
			answered: []string{"one", "other"}, done: []string{"one", "other"},
		},
		"AnswerLost": {
			why: "The write happens, its writer never knows, and nothing happens after it.", when: AnswerLost,
			answered: []string{"one", "other"}, done: []string{"one", "two", "other"},
		},
		"After": {
			why: "The write happens and is answered, and nothing happens after it.", when: After,
			answered: []string{"one", "two", "other"}, done: []string{"one", "two", "other"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			upstream := newRecorded(t)
			proxy := NewProxy(t, &Cluster{Config: &rest.Config{Host: upstream.URL}})
			halt := proxy.Halt(
				func(w Write) (release, name string) { return w.Namespace, w.Kind() },
				map[string]Stop{"shop": {Write: "create secrets", Nth: 2, When: tc.when}},
			)
			var answered []string
			write := func(namespace, name string) {
				patience := 100 * time.Millisecond // what is held is never answered
				if slices.Contains(append(tc.answered, "four"), name) {
					patience = Patience
				}
				if post(t, proxy, patience, namespace, name) {
					answered = append(answered, name)
				}
			}
			write("shop", "one")
			write("shop", "two")
			write("shop", "three")
			write("garage", "other")
			halt.Await(t, Patience)
			proxy.Release()
			if diff := cmp.Diff(tc.answered, answered); diff != "" {
				t.Errorf("%s\nanswered: -want +got:\n%s", tc.why, diff)
			}
			if diff := cmp.Diff(tc.done, upstream.seen()); diff != "" {
				t.Errorf("%s\ndone: -want +got:\n%s", tc.why, diff)
			}
			if diff := cmp.Diff([]string{"create secrets", "create secrets"}, halt.Writes("shop")); diff != "" {
				t.Errorf("noted: -want +got:\n%s", diff)
			}
			write("shop", "four")
			if !slices.Contains(answered, "four") {
				t.Error("want all writes to go through again after the release")
			}
		})
	}
}

// recorded is a server that notes the names of what is created.
type recorded struct {
	*httptest.Server

	mu    sync.Mutex
	names []string
}

func newRecorded(t *testing.T) *recorded {
	t.Helper()
	r := &recorded{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		w, _ := readWrite(req)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.names = append(r.names, w.Name)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *recorded) seen() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.names)
}

// post creates a Secret through the proxy and says whether that was answered.
func post(t *testing.T, proxy *Proxy, patience time.Duration, namespace, name string) bool {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", proxy.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	body := strings.NewReader(`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"` + name + `"}}`)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, config.Host+"/api/v1/namespaces/"+namespace+"/secrets", body)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return true
}
