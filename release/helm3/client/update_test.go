package client

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	configA  = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: v}}"
	configB  = "{apiVersion: v1, kind: ConfigMap, metadata: {name: b}, data: {k: v}}"
	keptB    = "{apiVersion: v1, kind: ConfigMap, metadata: {name: b, annotations: {helm.sh/resource-policy: keep}}}"
	changedA = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: w}}"
	unserved = "{apiVersion: extensions/v1beta1, kind: Ingress, metadata: {name: a}}"

	deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: app, image: a, env: [{name: A, value: x}], resources: {limits: {cpu: 1000m}}}]
      securityContext: {}
`
	badDeployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  strategy: {type: Recreate}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: app, image: b, env: [{name: A, value: x}, {name: B, value: z}]}, {name: more, image: c}]
      nodeSelector: {disk: none}
`
	goodWidget = "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}, spec: {size: 1, parts: [a]}}"
	badWidget  = "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}, spec: {size: 1, parts: [a, b], bad: true}}"
)

// applied makes a release's objects live.
func (w *world) applied(docs ...string) {
	w.Helper()
	c := w.client()
	if _, err := c.Create(w.build(c, manifests(docs...))); err != nil {
		w.Fatal(err)
	}
	w.requests.take()
}

func TestUpdateRequests(t *testing.T) {
	cases := map[string]struct {
		why                       string
		live                      []string
		bases                     []string
		target                    []string
		want                      []string
		created, updated, deleted int
	}{
		"NothingChanged": {
			why:     "Equal objects are read and not written.",
			live:    []string{configA, deployment, goodWidget},
			bases:   []string{manifests(configA, deployment, goodWidget)},
			target:  []string{configA, deployment, goodWidget},
			want:    []string{"GET configmaps", "GET deployments", "GET widgets"},
			updated: 3,
		},
		"OneOfThree": {
			why:     "Only what differs is written.",
			live:    []string{configA, configB, goodWidget},
			bases:   []string{manifests(configA, configB, goodWidget)},
			target:  []string{changedA, configB, goodWidget},
			want:    []string{"GET configmaps", "GET configmaps", "GET widgets", "PATCH configmaps"},
			updated: 3,
		},
		"CreatedAndDeleted": {
			why:     "A left-over object is read before it is deleted.",
			live:    []string{configA},
			bases:   []string{manifests(configA)},
			target:  []string{configB},
			want:    []string{"DELETE configmaps", "GET configmaps", "GET configmaps", "POST configmaps"},
			created: 1, deleted: 1,
		},
		"Kept": {
			why:     "An object that is to be kept stays.",
			live:    []string{configA, keptB},
			bases:   []string{manifests(configA, keptB)},
			target:  []string{configA},
			want:    []string{"GET configmaps", "GET configmaps"},
			updated: 1,
		},
		"TwoBases": {
			why:     "More bases take no more requests.",
			live:    []string{badWidget},
			bases:   []string{manifests(badWidget), manifests(goodWidget)},
			target:  []string{goodWidget},
			want:    []string{"GET widgets", "PATCH widgets"},
			updated: 1,
		},
		"UnservedBase": {
			why:     "Kinds that are gone left nothing.",
			live:    []string{configA},
			bases:   []string{manifests(configA, unserved)},
			target:  []string{configA},
			want:    []string{"GET configmaps"},
			updated: 1,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.applied(c.live...)
			client := w.client(c.bases...)
			res, err := client.Update(nil, w.build(client, manifests(c.target...)), false)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, w.requests.take()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
			if len(res.Created) != c.created || len(res.Updated) != c.updated || len(res.Deleted) != c.deleted {
				t.Errorf("%d created, %d updated, %d deleted", len(res.Created), len(res.Updated), len(res.Deleted))
			}
		})
	}
}

// A failed revision poisons nothing: what comes after it leaves the same as if
// it had been installed afresh.
func TestUpdateAfterFailures(t *testing.T) {
	good := manifests(configA, deployment, goodWidget)
	bad := manifests(configA, configB, badDeployment, badWidget)
	w := newWorld(t)
	w.applied(configA, deployment, goodWidget)

	failing := w.client(good)
	if _, err := failing.Update(w.buildHook(w.client(), good), w.build(failing, bad), false); err != nil {
		t.Fatal(err)
	}
	mending := w.client(bad, good)
	// As Helm, which knows the last deployed revision only.
	if _, err := mending.Update(w.buildHook(w.client(), good), w.build(mending, good), false); err != nil {
		t.Fatal(err)
	}

	fresh := newWorld(t)
	fresh.applied(configA, deployment, goodWidget)
	for _, o := range [][3]string{{"v1", "ConfigMap", "a"}, {"v1", "ConfigMap", "b"}, {"apps/v1", "Deployment", "web"}, {"example.com/v1", "Widget", "w"}} {
		want, got := content(fresh.live(o[0], o[1], o[2])), content(w.live(o[0], o[1], o[2]))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s %s differs from a fresh install (-fresh +mended):\n%s", o[1], o[2], diff)
		}
	}
}

// content is what of an object its writers decide.
func content(obj *unstructured.Unstructured) map[string]any {
	if obj == nil {
		return nil
	}
	for _, field := range []string{"managedFields", "uid", "resourceVersion", "creationTimestamp", "generation", "namespace", "annotations"} {
		unstructured.RemoveNestedField(obj.Object, "metadata", field)
	}
	unstructured.RemoveNestedField(obj.Object, "status")
	return obj.Object
}

func TestUpdateRefusals(t *testing.T) {
	w := newWorld(t)
	w.applied(deployment)
	c := w.client(deployment)
	immutable := `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: other}},
		template: {metadata: {labels: {app: other}}, spec: {containers: [{name: app, image: a}]}}}}`
	_, err := c.Update(nil, w.build(c, immutable), false)
	var refused *ObjectError
	if !errors.As(err, &refused) || !refused.Refused() || !cmp.Equal(refused.Fields, []string{"spec.selector"}) {
		t.Fatalf("the error is %#v", err)
	}
	want := "updating Deployment " + w.namespace + "/web: spec.selector: "
	if got := err.Error(); len(got) < len(want) || got[:len(want)] != want {
		t.Errorf("the message is %q", got)
	}
	if errs := c.Errors(); len(errs) != 1 || !errors.Is(errs[0], err) {
		t.Errorf("the client remembers %v", errs)
	}
}

func TestUpdateRefusesForeignObjects(t *testing.T) {
	w := newWorld(t)
	w.has("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {meta.helm.sh/release-name: other, meta.helm.sh/release-namespace: shop}}}")
	c := w.client(manifests(configB))
	_, err := c.Update(nil, w.build(c, configA), false)
	var conflict *ConflictError
	if !errors.As(err, &conflict) {
		t.Fatalf("the error is %v", err)
	}
	if diff := cmp.Diff([]string{"ConfigMap " + w.namespace + "/a belongs to release shop/other"}, conflict.Objects); diff != "" {
		t.Error(diff)
	}
}

func TestUpdateSparesForeignLeftovers(t *testing.T) {
	w := newWorld(t)
	w.applied(configA)
	w.has(configB) // somebody else's, though a base has one of that name
	c := w.client(manifests(configA, configB))
	if _, err := c.Update(nil, w.build(c, configA), false); err != nil {
		t.Fatal(err)
	}
	if w.live("v1", "ConfigMap", "b") == nil {
		t.Error("an object that does not name this release was deleted")
	}
}

func TestForcedUpdateReplaces(t *testing.T) {
	w := newWorld(t)
	w.applied(configA)
	c := w.client(manifests(configA))
	if _, err := c.Update(kube.ResourceList{}, w.build(c, changedA), true); err != nil {
		t.Fatal(err)
	}
	value, _, _ := unstructured.NestedString(w.live("v1", "ConfigMap", "a").Object, "data", "k")
	if value != "w" {
		t.Errorf("the value is %q", value)
	}
}
