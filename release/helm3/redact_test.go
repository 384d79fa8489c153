package helm3

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestRedactor(t *testing.T) {
	const manifest = `
---
# Source: web/templates/secret.yaml
apiVersion: v1
kind: Secret
metadata: {name: web}
data:
  password: aHVudGVyMi1hbmQtbW9yZQ==
stringData:
  token: "to\"ken"
  short: abc
  flag: "true"
  file: |
    line of a key
    another line
---
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Secret, metadata: {name: listed}, stringData: {word: listed-word}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {plain: not-a-Secret}
`
	encoded := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	cases := map[string]struct {
		why, text, want string
	}{
		"Plain":      {"A value that was encoded in the manifest.", "got hunter2-and-more here", "got (redacted) here"},
		"Encoded":    {"The API server quotes it as it was sent.", "got aHVudGVyMi1hbmQtbW9yZQ== here", "got (redacted) here"},
		"StringData": {"The same the other way round.", "got " + encoded("to\"ken") + ", to\"ken", "got (redacted), (redacted)"},
		"Quoted":     {"Helm and the API server print with %q.", `value: "to\"ken"`, `value: "(redacted)"`},
		"Line":       {"A line of a file is as secret as the file.", "at 'another line'", "at '(redacted)'"},
		"Listed":     {"A Secret inside of a List.", "listed-word", "(redacted)"},
		"Short":      {"A message without every abc would say nothing.", "abc is true", "abc is true"},
		"Other":      {"Only Secrets are secret.", "not-a-Secret", "not-a-Secret"},
		"OneLine":    {"A message is one line.", "a\n\tb\x1b[0m\u2028c", "a b [0m c"},
		"NotUTF8":    {"And valid text.", "a\xffb", "a?b"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := &redactor{}
			r.learn(manifest)
			if got := r.text(c.text); got != c.want {
				t.Errorf("%s\ngot %q, want %q", c.why, got, c.want)
			}
		})
	}
	t.Run("Long", func(t *testing.T) {
		if got := (&redactor{}).text(strings.Repeat("ä", longestText)); len(got) > longestText+len("…") {
			t.Errorf("%d bytes", len(got))
		}
	})
}
