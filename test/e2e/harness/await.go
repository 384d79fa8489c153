package harness

import (
	"context"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
)

// Await waits, by a watch, until a HelmRelease is as wanted, and returns it so.
func (e *Env) Await(t testing.TB, name, what string, wanted func(*v1alpha1.HelmRelease) bool) *v1alpha1.HelmRelease {
	t.Helper()
	return e.AwaitWithin(t, Patience, name, what, wanted)
}

// AwaitWithin is Await with a time of one's own.
func (e *Env) AwaitWithin(
	t testing.TB, within time.Duration, name, what string, wanted func(*v1alpha1.HelmRelease) bool,
) *v1alpha1.HelmRelease {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	var last *v1alpha1.HelmRelease
	see := func(event watch.Event) (bool, error) {
		hr, ok := event.Object.(*v1alpha1.HelmRelease)
		if !ok || event.Type == watch.Deleted {
			return false, nil
		}
		last = hr
		return wanted(hr), nil
	}
	began := time.Now()
	if _, err := watchtools.UntilWithSync(ctx, e.releases(name), &v1alpha1.HelmRelease{}, nil, see); err != nil {
		t.Fatalf("waited %s for HelmRelease %s to %s, in vain: %v\n%s\nthe end of the controller's log:\n%s",
			time.Since(began).Round(time.Second), name, what, err, seenLast(last), e.Controller.Log(logLines))
	}
	return last
}

func seenLast(hr *v1alpha1.HelmRelease) string {
	if hr == nil {
		return "there is no such HelmRelease"
	}
	return Status(hr)
}

// releases lists and watches one HelmRelease of the test's namespace.
func (e *Env) releases(name string) cache.ListerWatcher {
	selected := func(o metav1.ListOptions) []client.ListOption {
		o.FieldSelector = fields.OneTermEqualSelector("metadata.name", name).String()
		return []client.ListOption{client.InNamespace(e.Namespace), &client.ListOptions{Raw: &o}}
	}
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			list := &v1alpha1.HelmReleaseList{}
			return list, e.Client.List(ctx, list, selected(o)...)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			return e.Client.Watch(ctx, &v1alpha1.HelmReleaseList{}, selected(o)...)
		},
	}
}

// AwaitReady waits until the newest spec of a HelmRelease is Ready.
func (e *Env) AwaitReady(t testing.TB, name string) *v1alpha1.HelmRelease {
	t.Helper()
	return e.Await(t, name, "become Ready", Ready)
}

// AwaitCondition waits for a condition on the newest spec.
func (e *Env) AwaitCondition(t testing.TB, name, kind string, status metav1.ConditionStatus, reason string) *v1alpha1.HelmRelease {
	t.Helper()
	what := fmt.Sprintf("have %s=%s because of %s", kind, status, reason)
	return e.Await(t, name, what, func(hr *v1alpha1.HelmRelease) bool { return Has(hr, kind, status, reason) })
}

// Ready says whether the newest spec is Ready.
func Ready(hr *v1alpha1.HelmRelease) bool {
	return Has(hr, v1alpha1.ConditionReady, metav1.ConditionTrue, "")
}

// Has says whether a HelmRelease has a condition that speaks of its newest spec.
// An empty reason stands for any.
func Has(hr *v1alpha1.HelmRelease, kind string, status metav1.ConditionStatus, reason string) bool {
	c := hr.Condition(kind)
	return c != nil && c.Status == status && (reason == "" || c.Reason == reason) && c.ObservedGeneration == hr.Generation
}

func yamlOf(value any) string {
	text, err := yaml.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func yamlInto(text string, value any) error { return yaml.Unmarshal([]byte(text), value) }
