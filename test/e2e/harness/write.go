package harness

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/kubernetes/scheme"
)

// A Write is a request that changes something.
type Write struct {
	// Verb is create, update, patch or delete.
	Verb string
	// Resource is with group and subresource, as
	// "helmreleases.fairlead.dev/status".
	Resource  string
	Namespace string
	// Name is empty for what is deleted as a collection, or created with a
	// generated name.
	Name string
}

// String returns the write in one line.
func (w Write) String() string { return w.Verb + " " + w.Resource + " " + w.Namespace + "/" + w.Name }

// Kind returns what many writes have in common.
func (w Write) Kind() string { return w.Verb + " " + w.Resource }

// bookkeeping are the resources whose writes say nothing about a release.
var bookkeeping = []string{"events", "events.events.k8s.io", "leases.coordination.k8s.io"}

// readWrite returns what a request writes, and leaves its body to be read again.
func readWrite(r *http.Request) (Write, bool) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return Write{}, false
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the client is gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	return parseWrite(r.Method, r.URL.Path, body), true
}

// verbs are Kubernetes' words for HTTP methods.
var verbs = map[string]string{
	http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete",
}

// parseWrite reads what a request writes from its path, and the name of what is
// created from its body.
func parseWrite(method, path string, body []byte) Write {
	w := Write{Verb: verbs[method]}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	group := ""
	switch {
	case parts[0] == "api" && len(parts) > 2: // api/VERSION/…
		parts = parts[2:]
	case parts[0] == "apis" && len(parts) > 3: // apis/GROUP/VERSION/…
		group, parts = "."+parts[1], parts[3:]
	default:
		w.Resource = path
		return w
	}
	// namespaces/NAME is a namespace, namespaces/NAME/RESOURCE is in one, but
	// for a namespace's own subresources.
	if parts[0] == "namespaces" && len(parts) > 2 && parts[2] != "status" && parts[2] != "finalize" {
		w.Namespace, parts = parts[1], parts[2:]
	}
	w.Resource = parts[0] + group
	if len(parts) > 1 {
		w.Name = parts[1]
	}
	if len(parts) > 2 {
		w.Resource += "/" + strings.Join(parts[2:], "/")
	}
	if w.Name == "" && w.Verb == "create" {
		w.Name = nameIn(body)
	}
	return w
}

// nameIn returns the name of an object that is sent as JSON, or as protobuf if
// it is one of Kubernetes' own.
func nameIn(body []byte) string {
	if obj, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, nil); err == nil {
		if accessor, err := meta.Accessor(obj); err == nil {
			return accessor.GetName()
		}
	}
	var created struct{ Metadata struct{ Name string } }
	if json.Unmarshal(body, &created) != nil {
		return ""
	}
	return created.Metadata.Name
}
