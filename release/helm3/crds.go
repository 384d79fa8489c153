package helm3

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/helm3/client"
)

const (
	// establishedIn is how long Helm waits for definitions, too.
	establishedIn = time.Minute
	// servedIn is how long an established kind may take to be served.
	servedIn   = 10 * time.Second
	servedPoll = 50 * time.Millisecond
)

// applyCRDs creates the definitions of the chart's crds/ folders that are not
// there yet; it changes none. It does so before the templates are rendered,
// because they may ask for the new kinds.
func (r *run) applyCRDs(in *inputs) error {
	if len(in.chart.CRDObjects()) == 0 {
		return nil
	}
	c, values, err := in.again()
	if err != nil {
		return err
	}
	if err := r.checkValues(c, values); err != nil {
		return err
	}
	hands := r.engine.hands.For(client.Options{Key: r.op.Key, Action: r.op.Action, Wait: r.ctx})
	lists, err := buildCRDs(hands, c)
	if err != nil {
		return err
	}
	var created kube.ResourceList
	for _, list := range lists {
		for _, info := range list {
			_, err := hands.Create(kube.ResourceList{info})
			switch {
			case err == nil:
				created = append(created, info)
			case !apierrors.IsAlreadyExists(err) && !isConflict(err):
				return err
			}
		}
	}
	if len(created) == 0 {
		return nil
	}
	return r.withoutSlot(func() error {
		if err := hands.Wait(created, establishedIn); err != nil {
			return err
		}
		return r.awaitKinds(created)
	})
}

// withoutSlot gives the CPU slot back for something that only waits.
func (r *run) withoutSlot(wait func() error) error {
	r.free()
	if err := wait(); err != nil {
		return err
	}
	free, err := r.engine.slot(r.ctx)
	if err == nil {
		r.free = free
	}
	return err
}

// checkValues asks the schema before anything is created.
func (r *run) checkValues(c *chart.Chart, values map[string]any) error {
	served, err := r.engine.kinds.get(r.ctx)
	if err != nil {
		return err
	}
	r.reach(rendering)
	_, err = chartutil.ToRenderValues(c, values, chartutil.ReleaseOptions{
		Name: r.op.Key.Name, Namespace: r.op.Key.Namespace, Revision: 1, IsInstall: true,
	}, served.capabilities)
	return err
}

// buildCRDs reads all definitions before the first is created.
func buildCRDs(hands *client.Client, c *chart.Chart) ([]kube.ResourceList, error) {
	var out []kube.ResourceList
	var missing []string
	for _, crd := range c.CRDObjects() {
		list, err := hands.Build(bytes.NewReader(crd.File.Data), false)
		var unknown *client.UnknownKindsError
		switch {
		case errors.As(err, &unknown):
			missing = append(missing, unknown.Kinds...)
		case err != nil:
			return nil, &release.Error{
				Kind: release.KindChart, Message: crd.Filename + ": " + err.Error(), Deterministic: true, Err: err,
			}
		}
		out = append(out, list)
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return nil, &client.UnknownKindsError{Kinds: slices.Compact(missing)}
	}
	return out, nil
}

func isConflict(err error) bool {
	var conflict *client.ConflictError
	return errors.As(err, &conflict)
}

// awaitKinds refreshes the catalog until it has the new kinds: the API server
// serves them some time after they are established.
func (r *run) awaitKinds(crds kube.ResourceList) error {
	ctx, cancel := context.WithTimeout(r.ctx, servedIn)
	defer cancel()
	for {
		served, err := r.engine.kinds.refresh(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(definedBy(crds), func(gvk schema.GroupVersionKind) bool {
			_, err := served.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
			return err != nil
		}) {
			return nil
		}
		if !pause(ctx, servedPoll) {
			// Rendering tells what is missing, if it is missed.
			return r.ended()
		}
	}
}

// definedBy lists the kinds that definitions bring.
func definedBy(crds kube.ResourceList) []schema.GroupVersionKind {
	var out []schema.GroupVersionKind
	for _, info := range crds {
		obj, err := runtime.DefaultUnstructuredConverter.ToUnstructured(info.Object)
		if err != nil || info.Mapping.GroupVersionKind.Kind != "CustomResourceDefinition" {
			continue
		}
		group, _, _ := unstructured.NestedString(obj, "spec", "group")
		kind, _, _ := unstructured.NestedString(obj, "spec", "names", "kind")
		versions, _, _ := unstructured.NestedSlice(obj, "spec", "versions")
		for _, v := range versions {
			version, _ := v.(map[string]any)
			name, _ := version["name"].(string)
			if served, _ := version["served"].(bool); served && kind != "" {
				out = append(out, schema.GroupVersionKind{Group: group, Version: name, Kind: kind})
			}
		}
	}
	return out
}
