package client

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// A web is a Deployment with what a case is about.
const (
	web = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
`
	widget = "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}, "
)

func TestPatch(t *testing.T) {
	cases := map[string]struct {
		why    string
		bases  []string // newest first
		live   string
		target string
		want   string // what the patch gives; empty when there must be no patch
	}{
		"Equal": {
			why:    "What is live already is not written.",
			bases:  []string{web + "      containers: [{name: app, image: a}]"},
			live:   web + "      containers: [{name: app, image: a, imagePullPolicy: Always}]",
			target: web + "      containers: [{name: app, image: a}]",
		},
		"EmptyIsMissing": {
			why:    "Charts write empty values that the API server does not store.",
			bases:  []string{web + "      containers: [{name: app, image: a, env: []}]\n      tolerations: []\n      nodeSelector:"},
			live:   web + "      containers: [{name: app, image: a}]",
			target: web + "      containers: [{name: app, image: a, env: []}]\n      tolerations: []\n      nodeSelector:",
		},
		"EqualQuantities": {
			why:    "The API server writes 1000m as 1.",
			bases:  []string{web + "      containers: [{name: app, resources: {limits: {cpu: 1000m}}}]"},
			live:   web + "      containers: [{name: app, resources: {limits: {cpu: '1'}}}]",
			target: web + "      containers: [{name: app, resources: {limits: {cpu: 1000m}}}]",
		},
		"AlreadyRemoved": {
			why:    "Removing what is not there is no change.",
			bases:  []string{web + "      containers: [{name: app, env: [{name: A, value: x}]}]\n      nodeSelector: {disk: ssd}"},
			live:   web + "      containers: [{name: app}]",
			target: web + "      containers: [{name: app}]",
		},
		"ChangedOutside": {
			why:    "What the chart sets is put back.",
			bases:  []string{web + "      containers: [{name: app, image: a}]"},
			live:   web + "      containers: [{name: app, image: b}]",
			target: web + "      containers: [{name: app, image: a}]",
			want:   web + "      containers: [{name: app, image: a}]",
		},
		"OthersKeepTheirs": {
			why:    "What neither revision sets is another's: an HPA's replicas, a sidecar, a label.",
			bases:  []string{web + "      containers: [{name: app, image: a}]"},
			live:   web + "      containers: [{name: app, image: a}, {name: sidecar, image: s}]\n  replicas: 5",
			target: web + "      containers: [{name: app, image: b}]",
			want:   web + "      containers: [{name: app, image: b}, {name: sidecar, image: s}]\n  replicas: 5",
		},
		"FailedRevision": {
			why: "What only the failed revision wrote goes: an env, a node selector.",
			bases: []string{
				web + "      containers: [{name: app, image: a, env: [{name: A, value: x}, {name: B, value: bad}]}]\n      nodeSelector: {disk: none}",
				web + "      containers: [{name: app, image: a, env: [{name: A, value: x}]}]",
			},
			live:   web + "      containers: [{name: app, image: a, env: [{name: A, value: x}, {name: B, value: bad}]}]\n      nodeSelector: {disk: none}",
			target: web + "      containers: [{name: app, image: a, env: [{name: A, value: x}]}]",
			want:   web + "      containers: [{name: app, image: a, env: [{name: A, value: x}]}]\n      nodeSelector: null",
		},
		"EachBaseLeftSomething": {
			why: "Interrupted revisions may each have left something else: one patch takes back all of it.",
			bases: []string{
				web + "      containers: [{name: app, image: a, env: [{name: B, value: b}]}]",
				web + "      containers: [{name: app, image: a, env: [{name: C, value: c}]}]\n      hostNetwork: true",
				web + "      containers: [{name: app, image: a, env: [{name: A, value: x}]}]\n      nodeSelector: {disk: ssd}",
			},
			live: web + "      containers: [{name: app, image: b, env: [{name: A, value: x}, {name: B, value: b}, {name: C, value: c}, {name: O, value: o}]}]\n" +
				"      nodeSelector: {disk: ssd}\n      hostNetwork: true",
			target: web + "      containers: [{name: app, image: a, env: [{name: D, value: d}]}]",
			want:   web + "      containers: [{name: app, image: a, env: [{name: O, value: o}, {name: D, value: d}]}]",
		},
		"CustomResource": {
			why: "A custom resource is merged with the live object too, lists as a whole.",
			bases: []string{
				widget + "spec: {size: 3, bad: true, parts: [a, b]}}",
				widget + "spec: {size: 2, colour: red}}",
			},
			live:   widget + "spec: {size: 3, bad: true, colour: red, parts: [a, b], other: kept}, status: {ok: true}}",
			target: widget + "spec: {size: 4, parts: [c]}}",
			want:   widget + "spec: {size: 4, parts: [c], other: kept}, status: {ok: true}}",
		},
		"EqualCustomResource": {
			why:    "What is live already is not written.",
			bases:  []string{widget + "spec: {size: 3, old: gone}}"},
			live:   widget + "spec: {size: 3, other: kept}}",
			target: widget + "spec: {size: 3}}",
		},
		"OlderVersion": {
			why:    "A base in another version of the kind still says which fields it set.",
			bases:  []string{"{apiVersion: example.com/v1beta1, kind: Widget, metadata: {name: w}, spec: {old: 1, size: 3}}"},
			live:   widget + "spec: {old: 1, size: 3}}",
			target: widget + "spec: {size: 3}}",
			want:   widget + "spec: {size: 3}}",
		},
		"Adopted": {
			why:    "Of an object that no revision had nothing is removed.",
			live:   web + "      containers: [{name: app, image: b}]\n      nodeSelector: {disk: ssd}",
			target: web + "      containers: [{name: app, image: a}]",
			want:   web + "      containers: [{name: app, image: a}]\n      nodeSelector: {disk: ssd}",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			target, live := object(t, c.target), object(t, c.live)
			var bases []*unstructured.Unstructured
			for _, b := range c.bases {
				bases = append(bases, object(t, b))
			}
			m := mergerOf(target.GroupVersionKind())
			patch, err := m.patch(target, live, bases)
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" {
				if patch != nil {
					t.Fatalf("%s\nthere is a patch: %s", c.why, patch)
				}
				return
			}
			if patch == nil {
				t.Fatalf("%s\nthere is no patch", c.why)
			}
			start, err := json.Marshal(live.Object)
			if err != nil {
				t.Fatal(err)
			}
			data, err := m.apply(start, patch)
			if err != nil {
				t.Fatalf("applying %s: %v", patch, err)
			}
			var got map[string]any
			if err := json.Unmarshal(data, &got); err != nil {
				t.Fatal(err)
			}
			want := map[string]any{}
			if err := yaml.Unmarshal([]byte(c.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(withoutNulls(want), withoutEmpty(got)); diff != "" {
				t.Errorf("%s\nthe patch %s gives (-want +got):\n%s", c.why, patch, diff)
			}
		})
	}
}

// withoutEmpty drops the empty maps that removing keys leaves.
func withoutEmpty(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, inner := range v {
			if m, ok := inner.(map[string]any); inner != nil && (!ok || len(m) > 0) {
				out[key] = withoutEmpty(inner)
			}
		}
		return out
	case []any:
		out := []any{}
		for _, inner := range v {
			out = append(out, withoutEmpty(inner))
		}
		return out
	}
	return value
}

func object(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	objects, err := parse([]byte(manifest))
	if err != nil || len(objects) != 1 {
		t.Fatalf("parsing %q: %d objects, %v", manifest, len(objects), err)
	}
	return objects[0]
}
