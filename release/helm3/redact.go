package helm3

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"helm.sh/helm/v3/pkg/releaseutil"
	"sigs.k8s.io/yaml"
)

// A redactor takes the values of a run's Secrets out of every text that leaves
// the run. It learns them from the manifests that the run renders or reads, and
// from what the templates look up. It is safe for concurrent use.
type redactor struct {
	mu    sync.Mutex
	words []string // longest first
}

const (
	redacted = "(redacted)"
	// Shorter ones are found everywhere and tell nobody anything.
	shortestWord = 4
	longestText  = 1024
)

// plain are values that many Secrets have and that no message can do without.
var plain = []string{"true", "false", "null", "none"}

// learn remembers the values of all Secrets in a manifest.
func (r *redactor) learn(manifest string) {
	if !strings.Contains(manifest, "Secret") {
		return
	}
	var found []string
	for _, doc := range releaseutil.SplitManifests(manifest) {
		if !strings.Contains(doc, "Secret") {
			continue
		}
		var s secretLike
		// What is no YAML is no Secret either; Build complains about it.
		if err := yaml.Unmarshal([]byte(doc), &s); err != nil {
			continue
		}
		for _, item := range append(s.Items, s) {
			found = append(found, item.leaves()...)
		}
	}
	r.remember(found)
}

func (r *redactor) remember(found []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.words = append(r.words, found...)
	slices.SortFunc(r.words, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	r.words = slices.Compact(r.words)
}

// secretLike is a Secret or a list that may hold some. Values that are no
// strings are a mistake in the chart, not a secret that could be told.
type secretLike struct {
	Kind       string         `json:"kind"`
	Data       map[string]any `json:"data"`
	StringData map[string]any `json:"stringData"`
	Items      []secretLike   `json:"items"`
}

func (s secretLike) leaves() []string {
	if s.Kind != "Secret" {
		return nil
	}
	var out []string
	for _, v := range s.Data {
		encoded, ok := v.(string)
		if !ok {
			continue
		}
		out = append(out, keep(encoded)...)
		if decoded, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			out = append(out, spellings(string(decoded))...)
		}
	}
	for _, v := range s.StringData {
		if text, ok := v.(string); ok {
			out = append(out, spellings(text)...)
		}
	}
	return out
}

// spellings are the ways in which a value may appear in a text: as it is,
// quoted, encoded, and line by line.
func spellings(value string) []string {
	quoted := strconv.Quote(value)
	out := keep(value, quoted[1:len(quoted)-1], base64.StdEncoding.EncodeToString([]byte(value)))
	if lines := strings.Split(value, "\n"); len(lines) > 1 {
		for _, line := range lines {
			out = append(out, keep(strings.TrimSpace(line))...)
		}
	}
	return out
}

func keep(words ...string) []string {
	return slices.DeleteFunc(words, func(w string) bool {
		return len(w) < shortestWord || slices.Contains(plain, strings.ToLower(w))
	})
}

// text is s on one line, without the learned values, and not too long.
func (r *redactor) text(s string) string {
	s = oneLine(r.hide(s))
	if len(s) <= longestText {
		return s
	}
	return strings.ToValidUTF8(s[:longestText], "") + "…"
}

func (r *redactor) hide(s string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, w := range r.words {
		s = strings.ReplaceAll(s, w, redacted)
	}
	return s
}

// oneLine replaces whatever is not printable, and runs of spaces, by one space.
func oneLine(s string) string {
	s = strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return ' '
	}, strings.ToValidUTF8(s, "?"))
	return strings.Join(strings.Fields(s), " ")
}
