package harness

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// userAgent is what the controller's requests begin with.
const userAgent = "fairlead/"

// A Request is one that the API server answered.
type Request struct {
	Verb      string
	Resource  string // with group and subresource, as "helmreleases.fairlead.dev/status"; the path of what is no resource
	Namespace string
	Name      string
	Code      int
}

// String returns the request in one line.
func (r Request) String() string {
	return fmt.Sprintf("%s %s %s/%s: %d", r.Verb, r.Resource, r.Namespace, r.Name, r.Code)
}

// Requests are what the controller asked for, in the order of the answers.
type Requests []Request

// String returns the number of requests, then how many of each kind there were,
// then each of them: what one wants to see when there are too many.
func (rs Requests) String() string {
	kinds := map[string]int{}
	for _, r := range rs {
		kinds[r.Verb+" "+r.Resource]++
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%d requests\n", len(rs))
	for _, kind := range slices.SortedFunc(maps.Keys(kinds), func(a, b string) int {
		return cmp.Or(kinds[b]-kinds[a], strings.Compare(a, b))
	}) {
		fmt.Fprintf(&text, "%5d × %s\n", kinds[kind], kind)
	}
	for _, r := range rs {
		fmt.Fprintf(&text, "      %s\n", r)
	}
	return text.String()
}

// Requests counts from now on: the returned function gives what the controller
// has asked the API server for since. Events and leases are left out. A watch
// counts when it was opened and closed in between; those that are open are not
// in the audit log yet.
func (e *Env) Requests(t testing.TB) func() Requests {
	t.Helper()
	from := e.auditMark(t)
	return func() Requests {
		t.Helper()
		e.auditMark(t)
		file, err := os.Open(e.Cluster.auditLog())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }() // it was only read
		all, err := readAudit(file, from)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
}

func (c *Cluster) auditLog() string { return filepath.Join(c.dir, "cluster", "audit.log") }

// auditEvent is what we read of a line of the audit log.
type auditEvent struct {
	Verb       string
	UserAgent  string
	RequestURI string
	Received   metav1.MicroTime `json:"requestReceivedTimestamp"`
	ObjectRef  *struct{ APIGroup, Resource, Subresource, Namespace, Name string }
	Response   struct{ Code int } `json:"responseStatus"`
}

// readAudit returns the controller's requests that were received after a time.
func readAudit(log io.Reader, after time.Time) (Requests, error) {
	var all Requests
	lines := bufio.NewReader(log)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return all, nil // half a line is of a request that is not answered
		}
		if err != nil {
			return nil, err
		}
		var event auditEvent
		if err := json.Unmarshal(line, &event); err != nil {
			return nil, fmt.Errorf("decoding the audit log: %w", err)
		}
		if strings.HasPrefix(event.UserAgent, userAgent) && event.Received.After(after) && !event.uncounted() {
			all = append(all, event.request())
		}
	}
}

// uncounted says whether a request is for an event or a lease.
func (e auditEvent) uncounted() bool {
	return e.ObjectRef != nil && (e.ObjectRef.Resource == "events" || e.ObjectRef.Resource == "leases")
}

func (e auditEvent) request() Request {
	r := Request{Verb: e.Verb, Resource: e.RequestURI, Code: e.Response.Code}
	if ref := e.ObjectRef; ref != nil {
		r.Resource, r.Namespace, r.Name = ref.Resource, ref.Namespace, ref.Name
		if ref.APIGroup != "" {
			r.Resource += "." + ref.APIGroup
		}
		if ref.Subresource != "" {
			r.Resource += "/" + ref.Subresource
		}
	}
	return r
}

// auditMark makes a request of its own, waits until the audit log has it, and
// returns when it was received: what was answered before is in the log then.
func (e *Env) auditMark(t testing.TB) time.Time {
	t.Helper()
	config := rest.CopyConfig(e.Cluster.Config)
	config.UserAgent = fmt.Sprintf("audit-mark/%d", time.Now().UnixNano())
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := clients.CoreV1().Namespaces().Get(t.Context(), "default", metav1.GetOptions{}); err != nil {
		t.Fatal(err)
	}
	var received time.Time
	Eventually(t, Patience, "the audit log to have a request", func() bool {
		received = receivedAt(t, e.Cluster.auditLog(), config.UserAgent)
		return !received.IsZero()
	}, func() string { return tail(e.Cluster.auditLog(), 3) })
	return received
}

// receivedAt returns when the request with a user agent was received; zero if
// the log does not have it.
func receivedAt(t testing.TB, log, agent string) time.Time {
	t.Helper()
	content, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		var event auditEvent
		if strings.Contains(line, agent) && json.Unmarshal([]byte(line), &event) == nil {
			return event.Received.Time
		}
	}
	return time.Time{}
}
