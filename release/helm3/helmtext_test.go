package helm3

import (
	"testing"

	"github.com/fairlead-dev/fairlead/release"
)

// What Helm 3.22 says, to the letter. The conformance suite makes the real Helm
// say most of it; these are the ones that need a special chart or cluster.
func TestReadRender(t *testing.T) {
	cases := map[string]struct{ why, text, want string }{
		"Nested": {
			why: "The innermost template has the line that fails.",
			text: `template: web/templates/a.yaml:12:20: executing "web/templates/a.yaml" at <include "web.x" .>: error calling include: ` +
				`template: web/templates/_x.tpl:5:3: executing "web.x" at <.Values.a.b>: nil pointer evaluating interface {}.b`,
			want: "template web/templates/_x.tpl:5: nil pointer evaluating interface {}.b",
		},
		"Call": {
			why:  "Which function failed is not what failed.",
			text: `template: web/templates/a.yaml:1:3: executing "web/templates/a.yaml" at <index .Values.l 3>: error calling index: reflect: slice index out of range`,
			want: "template web/templates/a.yaml:1: reflect: slice index out of range",
		},
		"Tpl": {
			why: "The text of tpl is values.",
			text: `template: web/templates/a.yaml:1:3: executing "web/templates/a.yaml" at <tpl .Values.t .>: error calling tpl: ` +
				`cannot parse template "{{ \"secret\" }": template: web/templates/a.yaml:1: unexpected "}"`,
			want: `template web/templates/a.yaml:1: cannot parse template a value: template: web/templates/a.yaml:1: unexpected "}"`,
		},
		"Unknown": {why: "What is not known is told as it is.", text: "something else", want: "something else"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := readRender(c.text); got != c.want {
				t.Errorf("%s\n got %s\nwant %s", c.why, got, c.want)
			}
		})
	}
}

func TestReadConflict(t *testing.T) {
	wants := release.Key{Namespace: "shop", Name: "web"}
	const begin = `Unable to continue with install: Deployment "web" in namespace "shop" exists and cannot be imported into the current release: invalid ownership metadata; `
	cases := map[string]struct{ why, text, want string }{
		"OtherRelease": {
			why:  "Another release in the same namespace.",
			text: begin + `annotation validation error: key "meta.helm.sh/release-name" must equal "web": current value is "other"`,
			want: "Deployment shop/web exists and belongs to release shop/other",
		},
		"OtherNamespace": {
			why: "The namespace of the owner is told as well.",
			text: `Unable to continue with update: ClusterRole "web" in namespace "" exists and cannot be imported into the current release: invalid ownership metadata; ` +
				`annotation validation error: key "meta.helm.sh/release-namespace" must equal "shop": current value is "far"`,
			want: "ClusterRole web exists and belongs to release far/web",
		},
		"Nobody": {
			why:  "Somebody made it by hand.",
			text: begin + `label validation error: missing key "app.kubernetes.io/managed-by": must be set to "Helm"`,
			want: "Deployment shop/web exists and belongs to no Helm release",
		},
		"Unrelated": {why: "Any other error.", text: "connection refused", want: ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := readConflict(c.text, wants); got != c.want {
				t.Errorf("%s\n got %s\nwant %s", c.why, got, c.want)
			}
		})
	}
}

func TestReadHook(t *testing.T) {
	cases := map[string]struct{ why, text, event, rest string }{
		"Install":  {"Helm's install.", "failed pre-install: timed out", "pre-install", "timed out"},
		"Upgrade":  {"Helm's upgrade.", "post-upgrade hooks failed: timed out", "post-upgrade", "timed out"},
		"Rollback": {"A rollback has no words of its own.", "warning: Hook pre-rollback web/templates/x.yaml failed: no", "pre-rollback", "no"},
		"Both":     {"One within the other.", "failed pre-install: warning: Hook pre-install web/templates/x.yaml failed: no", "pre-install", "no"},
		"None":     {"No hook.", "timed out", "", "timed out"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if event, rest := readHook(c.text); event != c.event || rest != c.rest {
				t.Errorf("%s\ngot %q, %q; want %q, %q", c.why, event, rest, c.event, c.rest)
			}
		})
	}
}
