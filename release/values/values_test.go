package values_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead-dev/fairlead/release/values"
)

func TestParse(t *testing.T) {
	for name, tc := range map[string]struct {
		why  string
		raw  string
		want map[string]any
		bad  bool
	}{
		"Nothing": {why: "no values are empty values", raw: "", want: map[string]any{}},
		"Null":    {why: "`values: null` is written by templates that have none", raw: "null", want: map[string]any{}},
		"Numbers": {why: "the Helm CLI reads every number as float64", raw: `{"n":2,"big":12345678}`,
			want: map[string]any{"n": 2.0, "big": 12345678.0}},
		"NullDeletes": {why: "a null must reach Helm, which deletes the default", raw: `{"a":null}`, want: map[string]any{"a": nil}},
		"List":        {why: "values are an object", raw: `[1]`, bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := values.Parse([]byte(tc.raw))
			if (err != nil) != tc.bad {
				t.Fatalf("%s: error = %v", tc.why, err)
			}
			if diff := cmp.Diff(tc.want, got); !tc.bad && diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.why, diff)
			}
		})
	}
}

func TestDigest(t *testing.T) {
	digest := func(raw string) string {
		t.Helper()
		v, err := values.Parse([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		d, err := values.Digest(v)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if digest(`{"a":1,"b":{"c":2,"d":3}}`) != digest(`{"b":{"d":3,"c":2.0},"a":1}`) {
		t.Error("the order of keys and the spelling of a number change the digest")
	}
	seen := map[string]string{}
	for _, raw := range []string{`{}`, `{"a":null}`, `{"a":1}`, `{"a":"1"}`, `{"a":[1]}`, `{"a":{}}`} {
		d := digest(raw)
		if other, ok := seen[d]; ok {
			t.Errorf("%s and %s have one digest", raw, other)
		}
		seen[d] = raw
	}
}
