package crash

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/test/e2e/harness"
)

// An ending is how a release was left.
type ending struct {
	// Objects are live, orphans included.
	Objects harness.Objects
	// Manifest, Status and Chart are what Helm says of the release.
	Manifest, Status, Chart string
	// Newest says that this is the newest record, and Listed that `helm list
	// --all` and `helm status` agree.
	Newest, Listed bool
	// Deployed counts the records of that status, Unfinished those of
	// operations that have not ended.
	Deployed, Unfinished int
	// Missed are the hooks of the operation that have never completed.
	Missed []string
	// Ready and Remediated are status and reason of the conditions.
	Ready, Remediated string
}

// check compares how each release was left with how the undisturbed one was.
func (s *stage) check(t *testing.T) {
	t.Helper()
	names := slices.Sorted(maps.Keys(s.stops))
	all := s.endings(t, append(names, s.undisturbed)...)
	right := all[s.undisturbed]
	s.checkUndisturbed(t, right)
	for _, name := range names {
		t.Run(s.stops[name].String(), func(t *testing.T) {
			if diff := cmp.Diff(right, all[name]); diff != "" {
				t.Errorf("%s\n%s was left differently: -undisturbed +crashed:\n%s", s.why, name, diff)
			}
		})
	}
}

// checkUndisturbed makes sure that what the others are compared with is right.
func (s *stage) checkUndisturbed(t *testing.T, e ending) {
	t.Helper()
	if diff := cmp.Diff(s.want, e, cmpopts.IgnoreFields(ending{}, "Objects", "Manifest")); diff != "" {
		t.Errorf("the undisturbed release: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(s.objects, slices.Sorted(maps.Keys(e.Objects))); diff != "" {
		t.Errorf("the undisturbed release's objects: -want +got:\n%s", diff)
	}
	for doc := range strings.SplitSeq(e.Manifest, "\n---\n") {
		var obj unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(doc), &obj.Object); err != nil {
			t.Fatal(err)
		}
		if live := e.Objects[obj.GetKind()+" "+obj.GetName()]; !contains(live, obj.Object) {
			t.Errorf("live is not what the manifest says: -manifest +live\n%s", cmp.Diff(obj.Object, live))
		}
	}
}

// contains says whether everything that is wanted is there.
func contains(got, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		for key, value := range want {
			ok = ok && contains(got[key], value)
		}
		return ok
	case []any:
		got, ok := got.([]any)
		ok = ok && len(got) == len(want)
		for i := range want {
			ok = ok && contains(got[i], want[i])
		}
		return ok
	}
	return fmt.Sprint(got) == fmt.Sprint(want) // a number may be of another type
}

// endings looks at releases.
func (s *stage) endings(t *testing.T, names ...string) map[string]ending {
	t.Helper()
	live, records, listed := s.Live(t, names...), s.records(t), s.listed(t)
	all := map[string]ending{}
	for _, name := range names {
		e := ending{Objects: live[name], Missed: s.ran.not(name, s.hooks)}
		for _, status := range records[name] {
			switch {
			case status == "deployed":
				e.Deployed++
			case status != "superseded" && status != "failed":
				e.Unfinished++
			}
		}
		e.askHelm(t, s, name, len(records[name]), listed[name])
		hr := &v1alpha1.HelmRelease{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if s.Get(t, hr) {
			e.Ready = conditionOf(hr, v1alpha1.ConditionReady)
			e.Remediated = conditionOf(hr, v1alpha1.ConditionRemediated)
		}
		all[name] = e
	}
	return all
}

// askHelm asks stock Helm about a release with so many records.
func (e *ending) askHelm(t *testing.T, s *stage, namespace string, records int, listed listing) {
	t.Helper()
	if records == 0 {
		e.Listed = listed == listing{} // both know nothing
		return
	}
	var status struct {
		Version  int
		Manifest string
		Info     struct{ Status string }
	}
	out := s.Helm(t, "status", helmName, "--namespace", namespace, "--output", "json")
	if err := json.Unmarshal([]byte(out), &status); err != nil {
		t.Fatal(err)
	}
	e.Manifest, e.Status, e.Chart = strings.TrimPrefix(status.Manifest, "---\n"), status.Info.Status, listed.Chart
	e.Newest = status.Version == records // none was pruned
	e.Listed = listed.Revision == fmt.Sprint(status.Version) && listed.Status == status.Info.Status
}

// A listing is a line of `helm list`.
type listing struct{ Namespace, Revision, Status, Chart string }

// listed is what `helm list` says, by namespace.
func (s *stage) listed(t *testing.T) map[string]listing {
	t.Helper()
	var list []listing
	out := s.Helm(t, "list", "--all", "--all-namespaces", "--max", "0", "--output", "json")
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	all := map[string]listing{}
	for _, line := range list {
		all[line.Namespace] = line
	}
	return all
}

// records returns the statuses of the releases' records, by namespace.
func (s *stage) records(t *testing.T) map[string][]string {
	t.Helper()
	var list corev1.SecretList
	if err := s.Client.List(t.Context(), &list, client.MatchingLabels{"owner": "helm"}); err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for i := range list.Items {
		secret := &list.Items[i]
		all[secret.Namespace] = append(all[secret.Namespace], secret.Labels["status"])
	}
	return all
}

func conditionOf(hr *v1alpha1.HelmRelease, kind string) string {
	c := hr.Condition(kind)
	if c == nil {
		return ""
	}
	return string(c.Status) + " " + c.Reason
}
