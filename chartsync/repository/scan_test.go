package repository

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// reindent writes lists two columns deeper than Helm does.
func reindent(index []byte) []byte {
	var out bytes.Buffer
	inEntries := false
	for line := range bytes.Lines(index) {
		if len(bytes.TrimSpace(line)) > 0 && line[0] != ' ' {
			inEntries = bytes.HasPrefix(line, []byte("entries:"))
		}
		if inEntries && (bytes.HasPrefix(line, []byte("  -")) || bytes.HasPrefix(line, []byte("   "))) {
			out.WriteString("  ")
		}
		out.Write(line)
	}
	return out.Bytes()
}

func crlf(index []byte) []byte { return bytes.ReplaceAll(index, []byte("\n"), []byte("\r\n")) }

// entriesLast moves the entries behind everything else.
func entriesLast(index []byte) []byte {
	var entries, rest bytes.Buffer
	to := &rest
	for line := range bytes.Lines(index) {
		if len(bytes.TrimSpace(line)) > 0 && line[0] != ' ' {
			to = &rest
			if bytes.HasPrefix(line, []byte("entries:")) {
				to = &entries
			}
		}
		to.Write(line)
	}
	return append(rest.Bytes(), entries.Bytes()...)
}

const usual = `apiVersion: v1
# a comment
entries:
  alpine:
  - apiVersion: v2
    appVersion: "1.10"
    description: |-
      apiVersion: not this
      # nor this

      - nor: this
    digest: 82A13870031b1d2889ef0203b8ca4105c295c40f732a1517dbed719563f388c6
    name: alpine
    urls:
    - https://example.com/alpine-1.0.0.tgz
    version: 1.0.0
  # a comment
  - name: alpine
    version: "1.1"
    description: a text that
      goes on
  "empty": []
  nothing:
  'on':
    - {name: "on", version: "2.0.0", digest: short}
generated: "2026-01-02T03:04:05Z"
serverInfo: {}
`

func TestScan(t *testing.T) {
	want := map[string][]entry{
		"alpine": {
			{name: "alpine", version: "1.1"},
			{
				name: "alpine", version: "1.0.0", appVersion: "1.10", url: "https://example.com/alpine-1.0.0.tgz",
				digest: "sha256:82a13870031b1d2889ef0203b8ca4105c295c40f732a1517dbed719563f388c6",
			},
		},
		"empty": {}, "nothing": {}, "on": {{name: "on", version: "2.0.0"}},
	}
	for name, body := range map[string][]byte{"LF": []byte(usual), "CRLF": crlf([]byte(usual)), "NoEnd": []byte(strings.TrimSpace(usual))} {
		got, err := scan(body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(entry{})); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

// TestScanDoubts has indexes that scan must not judge by itself.
func TestScanDoubts(t *testing.T) {
	const item = "  - {name: a, version: 1.0.0}\n"
	for name, c := range map[string]struct{ why, body string }{
		"Flow":          {"Everything in one.", "{apiVersion: v1, entries: {a: [{name: a, version: 1.0.0}]}}"},
		"FlowEntries":   {"The entries in one.", "apiVersion: v1\nentries: {a: [{name: a, version: 1.0.0}]}\n"},
		"QuotedEntries": {"A key is a key, quoted too.", "apiVersion: v1\n\"entries\":\n  a:\n" + item},
		"FlowList":      {"A list in one.", "apiVersion: v1\nentries:\n  a: [{name: a, version: 1.0.0}]\n"},
		"Anchors":       {"One version refers to another.", "apiVersion: v1\nentries:\n  a:\n  - &x {name: a, version: 1.0.0}\n  b:\n  - *x\n"},
		"ListAnchor":    {"One chart refers to another.", "apiVersion: v1\nentries:\n  a: &x\n" + item + "  b: *x\n"},
		"Comment":       {"Behind a name.", "apiVersion: v1\nentries:\n  a: # comment\n" + item},
		"QuotedText":    {"A text may go on further to the left.", "apiVersion: v1\nentries:\n  a:\n  - name: a\n    version: 1.0.0\n    description: \"one\n  b:\n  two\"\n"},
		"YAMLWord":      {"Unquoted, it is a truth value to YAML.", "apiVersion: v1\nentries:\n  yes:\n" + item},
		"Twice":         {"A chart that is there twice.", "apiVersion: v1\nentries:\n  a:\n" + item + "  a:\n" + item},
		"EntriesTwice":  {"Or all of them.", "apiVersion: v1\nentries:\n  a:\n" + item + "entries:\n  b:\n" + item},
		"Documents":     {"Helm reads the first one.", "apiVersion: v1\nentries:\n  a:\n" + item + "---\napiVersion: v1\n"},
		"NotAList":      {"A chart's versions are a list.", "apiVersion: v1\nentries:\n  a:\n    name: a\n"},
		"ItemsAfterAll": {"An empty list has no items.", "apiVersion: v1\nentries:\n  a: []\n" + item},
		"NoChart":       {"A version of what?", "apiVersion: v1\nentries:\n" + item},
		"Jagged":        {"Dashes that do not line up.", "apiVersion: v1\nentries:\n  a:\n    - {name: a, version: 1.0.0}\n   - {name: a, version: 2.0.0}\n"},
		"Tabs":          {"YAML has no tabs there.", "apiVersion: v1\nentries:\n\ta:\n" + item},
		"HugeHead":      {"There is nothing like it.", "apiVersion: v1\n" + strings.Repeat("#not-a-comment: x\nx", maxHeadBytes/16)},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := scan([]byte(c.body)); !errors.Is(err, errUnusual) {
				t.Errorf("%s Want errUnusual, got %v", c.why, err)
			}
		})
	}
}

func TestDecodeParsesWhatScanDoubts(t *testing.T) {
	const flow = "apiVersion: v1\nentries:\n  a: [{name: a, version: 1.0.0}]\n"
	want := map[string][]entry{"a": {{name: "a", version: "1.0.0"}}}
	got, err := decode([]byte(flow))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(entry{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	// Parsing as a whole takes memory, so it has a limit of its own.
	big := flow + "# " + strings.Repeat("x", maxWholeBytes) + "\n"
	if _, err := decode([]byte(big)); err == nil || !strings.Contains(err.Error(), "not laid out as helm repo index does") {
		t.Errorf("want an error about the layout, got %v", err)
	}
}

func TestDecodeIgnoresUnknownFields(t *testing.T) {
	// Helm refuses the whole index; a field of a newer Helm in somebody else's
	// chart is no reason to stop ours.
	const index = "apiVersion: v1\nentries:\n  a:\n  - {name: a, version: 1.0.0, fieldOfHelm5: x}\n"
	charts, err := decode([]byte(index))
	if err != nil || len(charts["a"]) != 1 {
		t.Errorf("want one version, got %v, %v", charts, err)
	}
}

func TestSuggestion(t *testing.T) {
	many := map[string][]entry{}
	for _, name := range []string{"podinfo", "podman", "prometheus", "redis", "redis-cluster", "a\nb", "kube-state-metrics", "x"} {
		many[name] = nil
	}
	few := map[string][]entry{"redis": nil, "postgres": nil}
	for name, c := range map[string]struct {
		why    string
		want   string
		name   string
		charts map[string][]entry
	}{
		"Typo":       {"One letter.", ` (did you mean "podinfo"?)`, "podinf", many},
		"Case":       {"Chart names are lower-case.", ` (did you mean "podinfo"?)`, "PodInfo", many},
		"Part":       {"A part of a name.", ` (did you mean "redis-cluster"?)`, "cluster", many},
		"Longer":     {"A name with something more.", ` (did you mean "redis"?)`, "my-redis", many},
		"Far":        {"Nothing is close.", "", "wordpress", many},
		"Few":        {"Few names are all listed.", ` (it has "postgres", "redis")`, "wordpress", few},
		"None":       {"An empty repository.", "", "wordpress", nil},
		"NeverQuote": {"What is no name is not shown.", "", "a b", map[string][]entry{"a\nb": nil}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := suggestion(c.name, c.charts); got != c.want {
				t.Errorf("%s Want %q, got %q", c.why, c.want, got)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	var body bytes.Buffer
	body.WriteString("apiVersion: v1\nentries:\n")
	for c := range 100 {
		fmt.Fprintf(&body, "  chart-%d:\n", c)
		for v := range 100 {
			fmt.Fprintf(&body, "  - apiVersion: v2\n    description: %s\n    name: chart-%d\n    urls:\n    - chart-%d-1.%d.0.tgz\n    version: 1.%d.0\n",
				strings.Repeat("words ", 100), c, c, v, v)
		}
	}
	b.SetBytes(int64(body.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode(body.Bytes()); err != nil {
			b.Fatal(err)
		}
	}
}
