package helm3

import (
	"regexp"
	"strings"

	"github.com/fairlead-dev/fairlead/release"
)

// Helm tells most of what goes wrong in text only. This is the one file that
// reads it; the tests hold it against what Helm really says.

// `Deployment "web" in namespace "shop" exists and cannot be imported into the
// current release: invalid ownership metadata; …; annotation validation error:
// key "meta.helm.sh/release-name" must equal "a": current value is "b"`.
var (
	foreign      = regexp.MustCompile(`(\S+) "([^"]+)" in namespace "([^"]*)" exists and cannot be imported into the current release`)
	foreignValue = regexp.MustCompile(`key "meta\.helm\.sh/release-(name|namespace)" must equal "[^"]*": current value is "([^"]*)"`)
)

// readConflict tells whose an object is that a release wants; empty if the text
// is of something else.
func readConflict(text string, wants release.Key) string {
	m := foreign.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	object := m[1] + " " + m[2]
	if m[3] != "" {
		object = m[1] + " " + m[3] + "/" + m[2]
	}
	values := foreignValue.FindAllStringSubmatch(text, -1)
	if len(values) == 0 {
		return object + " exists and belongs to no Helm release"
	}
	owner := wants
	for _, v := range values {
		switch v[1] {
		case "name":
			owner.Name = v[2]
		case "namespace":
			owner.Namespace = v[2]
		}
	}
	return object + " exists and belongs to release " + owner.String()
}

// `failed pre-install: …`, `pre-upgrade hooks failed: …`, and within those or
// alone `warning: Hook pre-rollback web/templates/x.yaml failed: …`.
var (
	hookBefore = regexp.MustCompile(`^(?:failed ((?:pre|post)-install)|((?:pre|post)-upgrade) hooks failed): `)
	hookItself = regexp.MustCompile(`^warning: Hook (\S+) \S+ failed: `)
)

// readHook takes the part off that says which hook failed; empty if the text is
// of something else.
func readHook(text string) (event, rest string) {
	if m := hookBefore.FindStringSubmatch(text); m != nil {
		event, text = m[1]+m[2], text[len(m[0]):]
	}
	if m := hookItself.FindStringSubmatch(text); m != nil {
		event, text = m[1], text[len(m[0]):]
	}
	return event, text
}

// An uninstall that could not delete an object says only this.
func saysNothing(text string) bool { return strings.HasPrefix(text, "failed to delete release: ") }

// An admission webhook that does not answer is an internal error to the API
// server.
func ofWebhook(text string) bool { return strings.Contains(text, "failed calling webhook") }

func ofSchema(text string) bool {
	return strings.Contains(text, "values don't meet the specifications of the schema")
}

var (
	// `template: web/templates/a.yaml:12:20: executing "…" at <…>: …`, nested for
	// each include.
	execAt = regexp.MustCompile(`template: ([^\s:]+):(\d+)(?::\d+)?: executing "[^"]*" at <.*?>: `)
	// `parse error at (web/templates/a.yaml:12): …`, and `execution error at` for
	// what fail and required say.
	saidAt = regexp.MustCompile(`^(?:parse|execution) error (?:at|in) \(([^\s:)]+)(?::(\d+))?(?::\d+)?\): `)
	yamlAt = regexp.MustCompile(`YAML parse error on (\S+): (?:error converting YAML to JSON: )?(?:yaml: )?`)
	calls  = regexp.MustCompile(`^error calling \w+: `)
	// The text of a tpl call is values.
	tplOf = regexp.MustCompile(`(error during tpl function execution for|cannot parse template) "(?:[^"\\]|\\.)*"`)
)

// readRender says where rendering failed, and how. Of nested templates it names
// the innermost: that is where the line is that fails.
func readRender(text string) string {
	text = tplOf.ReplaceAllString(text, "$1 a value")
	if all := execAt.FindAllStringSubmatchIndex(text, -1); all != nil {
		last := all[len(all)-1]
		what := calls.ReplaceAllString(text[last[1]:], "")
		return "template " + text[last[2]:last[3]] + ":" + text[last[4]:last[5]] + ": " + what
	}
	if m := saidAt.FindStringSubmatch(text); m != nil {
		where := m[1]
		if m[2] != "" {
			where += ":" + m[2]
		}
		return "template " + where + ": " + text[len(m[0]):]
	}
	if m := yamlAt.FindStringSubmatchIndex(text); m != nil {
		return "template " + text[m[2]:m[3]] + " gives no valid YAML: " + text[m[1]:]
	}
	return text
}
