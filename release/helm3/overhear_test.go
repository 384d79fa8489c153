package helm3

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"k8s.io/client-go/rest"
)

// What a template looks up is as secret as what it renders: fail may quote it.
func TestOverheardSecretsAreRedacted(t *testing.T) {
	answers := map[string]string{
		"/api/v1/namespaces/shop/secrets/db": `{"kind":"Secret","apiVersion":"v1","data":{"password":"aHVudGVyMi1hbmQtbW9yZQ=="}}`,
		"/api/v1/namespaces/shop/secrets":    `{"kind":"SecretList","apiVersion":"v1","items":[{"data":{"token":"bGlzdGVkLXdvcmQ="}}]}`,
		"/api/v1/namespaces/shop/configmaps": `{"kind":"ConfigMapList","apiVersion":"v1","items":[{"data":{"a":"not-a-Secret"}}]}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.WriteString(w, answers[req.URL.Path])
	}))
	defer server.Close()
	secrets := &redactor{}
	client, err := rest.HTTPClientFor(overheard(&rest.Config{Host: server.URL}, secrets))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range answers {
		resp, err := client.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || string(body) != want {
			t.Errorf("the answer to %s came as %q, %v", path, body, err)
		}
	}
	const said, want = "bad hunter2-and-more, listed-word, not-a-Secret", "bad (redacted), (redacted), not-a-Secret"
	if got := secrets.text(said); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
