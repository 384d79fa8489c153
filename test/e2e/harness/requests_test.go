package harness

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReadAudit(t *testing.T) {
	const at = `"requestReceivedTimestamp":"2026-11-22T12:00:01.000000Z"`
	after := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	cases := map[string]struct {
		why  string
		line string
		want Requests
	}{
		"Ours": {
			why: "A request of the controller counts.",
			line: `{"verb":"patch","userAgent":"fairlead/v0.1.0 (linux/amd64)",` + at +
				`,"objectRef":{"resource":"helmreleases","namespace":"shop","name":"web","apiGroup":"fairlead.dev","subresource":"status"},"responseStatus":{"code":200}}`,
			want: Requests{{Verb: "patch", Resource: "helmreleases.fairlead.dev/status", Namespace: "shop", Name: "web", Code: 200}},
		},
		"Discovery": {
			why:  "So does one for no resource.",
			line: `{"verb":"get","userAgent":"fairlead/v0.1.0","requestURI":"/apis",` + at + `}`,
			want: Requests{{Verb: "get", Resource: "/apis"}},
		},
		"CLI": {
			why:  "The command line is another program.",
			line: `{"verb":"get","userAgent":"fairlead-cli/v0.1.0","requestURI":"/apis",` + at + `}`,
		},
		"Lease": {
			why:  "Leader election is not counted.",
			line: `{"verb":"update","userAgent":"fairlead/v0.1.0",` + at + `,"objectRef":{"resource":"leases","apiGroup":"coordination.k8s.io"}}`,
		},
		"Event": {
			why:  "Neither are events.",
			line: `{"verb":"create","userAgent":"fairlead/v0.1.0",` + at + `,"objectRef":{"resource":"events"}}`,
		},
		"Earlier": {
			why:  "What was asked before is not counted.",
			line: `{"verb":"get","userAgent":"fairlead/v0.1.0","requestURI":"/apis","requestReceivedTimestamp":"2026-11-22T11:59:59.000000Z"}`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := readAudit(strings.NewReader(tc.line+"\n{\"half"), after)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.why, diff)
			}
		})
	}
}

func TestRequestsString(t *testing.T) {
	rs := Requests{{Verb: "get", Resource: "pods", Namespace: "a", Name: "x", Code: 200}, {Verb: "patch", Resource: "pods"}, {Verb: "get", Resource: "pods"}}
	want := "3 requests\n    2 × get pods\n    1 × patch pods\n      get pods a/x: 200\n      patch pods /: 0\n      get pods /: 0\n"
	if diff := cmp.Diff(want, rs.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
