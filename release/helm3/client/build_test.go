package client

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead-dev/fairlead/release"
)

func TestBuild(t *testing.T) {
	old := "{apiVersion: extensions/v1beta1, kind: Ingress, metadata: {name: a}}"
	cases := map[string]struct {
		why      string
		manifest string
		opts     Options
		before   string // a manifest that is built first
		want     []string
		unknown  []string
		err      string
	}{
		"Empty": {
			why:      "A chart may render nothing but comments.",
			manifest: "---\n# nothing\n---\n\n",
		},
		"Objects": {
			why: "Objects get the release's namespace unless they name one or have none; lists are flattened.",
			manifest: manifests(
				"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
				"{apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: other}}",
				"{apiVersion: v1, kind: Namespace, metadata: {name: c}}",
				"{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Secret, metadata: {name: d}}, {apiVersion: v1, kind: Secret, metadata: {name: e}}]}",
			),
			want: []string{"ConfigMap shop/a", "ConfigMap other/b", "Namespace c", "Secret shop/d", "Secret shop/e"},
		},
		"UnknownKinds": {
			why: "All unknown kinds are named at once.",
			manifest: manifests(old, old,
				"{apiVersion: flux.weave.works/v1beta1, kind: HelmRelease, metadata: {name: a}}",
				"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
			),
			unknown: []string{"extensions/v1beta1 Ingress", "flux.weave.works/v1beta1 HelmRelease"},
			err:     "the cluster does not serve extensions/v1beta1 Ingress, flux.weave.works/v1beta1 HelmRelease",
		},
		"UnknownKindsOfAnUninstall": {
			why:      "What the cluster does not serve cannot exist.",
			manifest: old,
			opts:     Options{Action: release.Uninstall},
		},
		"UnknownKindsOfABase": {
			why:      "The revision that an upgrade comes from may have kinds that are gone.",
			manifest: old,
			before:   "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
			opts:     Options{Action: release.Upgrade, Bases: [][]byte{[]byte(old)}},
		},
		"UnknownKindsOfARevisionAppliedAgain": {
			why:      "What is to be applied must be served, even if it was once.",
			manifest: old,
			opts:     Options{Action: release.Upgrade, Bases: [][]byte{[]byte(old)}},
			unknown:  []string{"extensions/v1beta1 Ingress"},
			err:      "the cluster does not serve extensions/v1beta1 Ingress",
		},
		"NoKind": {
			why:      "The message names the object and quotes nothing else of it.",
			manifest: "{apiVersion: v1, metadata: {name: a}, data: {password: secret}}",
			err:      `parsing manifest 1: the object named "a" has no kind`,
		},
		"NotAnObject": {
			why:      "The message quotes nothing of the content.",
			manifest: "- secret",
			err:      "parsing manifest 1: it is not an object",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.opts.Key = release.Key{Namespace: "shop", Name: "web"}
			client := w.shared.For(c.opts)
			if c.before != "" {
				w.buildHook(client, c.before)
			}
			infos, err := client.Build(strings.NewReader(c.manifest), true)
			text := ""
			if err != nil {
				text = err.Error()
			}
			if diff := cmp.Diff(c.err, text); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", c.why, diff)
			}
			var unknown *UnknownKindsError
			if errors.As(err, &unknown) != (c.unknown != nil) || (unknown != nil && !cmp.Equal(unknown.Kinds, c.unknown)) {
				t.Errorf("%s\nunknown kinds: %v", c.why, unknown)
			}
			var got []string
			for _, info := range infos {
				got = append(got, objectName(info.Mapping.GroupVersionKind.Kind, namespaceOf(info), info.Name))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
			if asked := w.requests.take(); len(asked) > 0 {
				t.Errorf("building took requests: %q", asked)
			}
		})
	}
}
