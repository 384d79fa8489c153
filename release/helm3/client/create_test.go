package client

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const hookJob = `
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {helm.sh/hook: pre-install}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: app, image: a}]}}}
`

func TestCreate(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	infos := w.build(c, manifests(configA, configB, deployment))
	if _, err := c.Create(infos); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"POST configmaps", "POST configmaps", "POST deployments"}, w.requests.take()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	for _, info := range infos {
		obj := info.Object.(*unstructured.Unstructured)
		if obj.GetUID() == "" || info.ResourceVersion == "" || obj.GetManagedFields() != nil {
			t.Errorf("%s was not refreshed from the answer", info.Name)
		}
	}
	fields := w.live("v1", "ConfigMap", "a").GetManagedFields()
	if len(fields) != 1 || fields[0].Manager != "fairlead" {
		t.Errorf("the managed fields are %v", fields)
	}
}

func TestCreateWarnings(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	typo := strings.ReplaceAll(deployment, "spec:\n  selector", "spec:\n  replicaz: 3\n  selector")
	if _, err := c.Create(w.build(c, typo)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`unknown field "spec.replicaz"`}, c.Warnings()); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	if other := w.client().Warnings(); len(other) > 0 {
		t.Errorf("another operation got %q", other)
	}
}

// An answer that is lost makes neither an error nor a second object.
func TestCreateLostAnswers(t *testing.T) {
	cases := map[string]struct {
		why      string
		manifest string
		hook     bool
		lose     string
	}{
		"Object": {why: "An object of the release is found to be ours.", manifest: configA, lose: "POST configmaps"},
		"Hook":   {why: "A hook that exists after a try in doubt was made by that try.", manifest: hookJob, hook: true, lose: "POST jobs"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.client()
			infos := w.buildHook(c, tc.manifest)
			if !tc.hook {
				infos = w.build(c, tc.manifest)
			}
			w.requests.lose = tc.lose
			if _, err := c.Create(infos); err != nil {
				t.Fatalf("%s: %v", tc.why, err)
			}
			if infos[0].ResourceVersion == "" {
				t.Error("the object was not refreshed")
			}
		})
	}
}

func TestCreateWhatExists(t *testing.T) {
	t.Run("Ours", func(t *testing.T) {
		w := newWorld(t)
		w.applied(configA)
		c := w.client()
		if _, err := c.Create(w.build(c, changedA)); err != nil {
			t.Fatal(err)
		}
		value, _, _ := unstructured.NestedString(w.live("v1", "ConfigMap", "a").Object, "data", "k")
		if value != "w" {
			t.Errorf("an object left from an earlier try was not updated: %q", value)
		}
	})
	t.Run("Foreign", func(t *testing.T) {
		w := newWorld(t)
		w.has(configA)
		c := w.client()
		_, err := c.Create(w.build(c, changedA))
		if !apierrors.IsAlreadyExists(err) {
			t.Errorf("the error is %v", err)
		}
	})
	t.Run("Hook", func(t *testing.T) {
		w := newWorld(t)
		w.has(hookJob)
		c := w.client()
		_, err := c.Create(w.buildHook(c, hookJob))
		if !apierrors.IsAlreadyExists(err) {
			t.Errorf("the error is %v", err)
		}
	})
}

// Replacing a failed first install removes what only that had, whichever way
// Helm goes.
func TestInstallRemovesLeftovers(t *testing.T) {
	t.Run("Create", func(t *testing.T) {
		w := newWorld(t)
		w.applied(configA)
		c := w.client(manifests(configA))
		if _, err := c.Create(w.buildHook(c, hookJob)); err != nil {
			t.Fatal(err)
		}
		if w.live("v1", "ConfigMap", "a") == nil {
			t.Fatal("a hook removed the objects of the release")
		}
		if _, err := c.Create(w.build(c, configB)); err != nil {
			t.Fatal(err)
		}
		if w.live("v1", "ConfigMap", "a") != nil {
			t.Error("a left-over object is still there")
		}
	})
	t.Run("Prune", func(t *testing.T) {
		w := newWorld(t)
		w.applied(configA)
		if err := w.client(manifests(configA)).Prune(nil); err != nil {
			t.Fatal(err)
		}
		if w.live("v1", "ConfigMap", "a") != nil {
			t.Error("a left-over object is still there")
		}
	})
}

func TestDelete(t *testing.T) {
	w := newWorld(t)
	w.applied(configA, service) // a Service's DELETE is answered by the Service
	c := w.client()
	infos := w.build(c, manifests(configA, configB, service))
	res, errs := c.DeleteWithPropagationPolicy(infos, metav1.DeletePropagationBackground)
	if len(errs) > 0 || len(res.Deleted) != 3 {
		t.Fatalf("deleted %v, errors %v", res, errs)
	}
	if err := c.WaitForDelete(infos, 0); err != nil {
		t.Errorf("waiting for what is gone: %v", err)
	}
	if diff := cmp.Diff([]string{"DELETE configmaps", "DELETE configmaps", "DELETE services"}, w.requests.take()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}
