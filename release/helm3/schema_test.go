package helm3

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/chart"
)

func TestViolations(t *testing.T) {
	const schema = `{
		"required": ["image"],
		"additionalProperties": false,
		"properties": {
			"image": {"type": "object", "properties": {
				"pullPolicy": {"enum": ["Always", "Never"]}, "tag": {"type": "string", "pattern": "^v[0-9]+$"}
			}},
			"replicas": {"type": ["integer", "null"], "minimum": 1},
			"db": {}, "global": {}
		}
	}`
	cases := map[string]struct {
		why    string
		values map[string]any
		want   []string
	}{
		"Fits":    {"Nothing to say.", map[string]any{"image": map[string]any{"tag": "v1"}}, nil},
		"Type":    {"What it is and what it should be.", map[string]any{"image": "hunter2"}, []string{"image: got string, want object"}},
		"Missing": {"The name of what is missing.", map[string]any{}, []string{`the values: missing "image"`}},
		"Unknown": {"A typing mistake.", map[string]any{"image": map[string]any{}, "imgae": 1}, []string{`the values: unknown "imgae"`}},
		"Enum": {
			"The values that are allowed, not the one that is not.",
			map[string]any{"image": map[string]any{"pullPolicy": "hunter2"}},
			[]string{`image.pullPolicy: want one of "Always", "Never"`},
		},
		"Pattern": {
			"The pattern, not the text.", map[string]any{"image": map[string]any{"tag": "hunter2"}},
			[]string{`image.tag: want a match of "^v[0-9]+$"`},
		},
		"Minimum": {
			"The bound, not the number.", map[string]any{"image": map[string]any{}, "replicas": 0},
			[]string{"replicas: want at least 1"},
		},
		"Subchart": {
			"A dependency's schema, with the path as the user has it.",
			map[string]any{"image": map[string]any{}, "db": map[string]any{"size": "hunter2"}},
			[]string{"db.size: got string, want number"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			parent := &chart.Chart{Metadata: &chart.Metadata{Name: "web"}, Schema: []byte(schema)}
			parent.AddDependency(&chart.Chart{
				Metadata: &chart.Metadata{Name: "db"},
				Schema:   []byte(`{"properties": {"size": {"type": "number"}}}`),
			})
			if diff := cmp.Diff(c.want, violations(parent, c.values)); diff != "" {
				t.Errorf("%s: -want +got\n%s", c.why, diff)
			}
		})
	}
}
