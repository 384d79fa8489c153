package crash

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/test/e2e/harness"
)

// An ending is how a release was left.
type ending struct {
	// Objects are live, orphans included.
	Objects harness.Objects
	// Manifest is that of the revision which `helm status` tells.
	Manifest string
	// Listed is what `helm list --all` says of the release, Newest whether it
	// says it of the newest record.
	Listed string
	Newest bool
	// Deployed counts the records of that status, Unfinished those of
	// operations that have not ended.
	Deployed, Unfinished int
	// Ran are the hooks of the operation that have completed at least once.
	Ran []string
	// Ready is status and reason of the condition, Remediated that status.
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

// checkUndisturbed holds what the others are compared with against the charts.
func (s *stage) checkUndisturbed(t *testing.T, e ending) {
	t.Helper()
	got := slices.Sorted(maps.Keys(e.Objects))
	if diff := cmp.Diff(s.objects, got); diff != "" {
		t.Errorf("objects: -want +got:\n%s", diff)
	}
	e.Objects, e.Manifest = nil, ""
	t.Logf("%+v", e)
}

// endings looks at releases.
func (s *stage) endings(t *testing.T, names ...string) map[string]ending {
	t.Helper()
	live, records, listed := s.Live(t, names...), s.records(t), s.listed(t)
	all := map[string]ending{}
	for _, name := range names {
		e := ending{Objects: live[name], Ran: s.ran.of(name, s.hooks)}
		last := records[name]
		for _, record := range last {
			switch status := record.Labels["status"]; {
			case status == "deployed":
				e.Deployed++
			case strings.HasPrefix(status, "pending-"), status == "uninstalling":
				e.Unfinished++
			}
		}
		_ = listed
		hr := &v1alpha1.HelmRelease{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if s.Get(t, hr) {
			e.Ready = conditionOf(hr, v1alpha1.ConditionReady)
			e.Remediated = conditionOf(hr, v1alpha1.ConditionRemediated)
		}
		all[name] = e
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

// records returns the Secrets of all Helm releases, by namespace.
func (s *stage) records(t *testing.T) map[string][]corev1.Secret {
	t.Helper()
	var list corev1.SecretList
	if err := s.Client.List(t.Context(), &list, client.MatchingLabels{"owner": "helm"}); err != nil {
		t.Fatal(err)
	}
	all := map[string][]corev1.Secret{}
	for _, secret := range list.Items {
		all[secret.Namespace] = append(all[secret.Namespace], secret)
	}
	return all
}

func (s *stage) listed(t *testing.T) map[string]any {
	t.Helper()
	var list []map[string]any
	out := s.Helm(t, "list", "--all", "--all-namespaces", "--max", "0", "--output", "json")
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	return nil
}

// hooksRun are the hooks' Jobs that have completed, by namespace and name.
type hooksRun struct {
	mu   sync.Mutex
	jobs map[string]bool
}

// watchHooks notes Jobs that complete: most are deleted soon after.
func watchHooks(t *testing.T, env *harness.Env) *hooksRun {
	t.Helper()
	clients, err := kubernetes.NewForConfig(env.Cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	ran := &hooksRun{jobs: map[string]bool{}}
	informer := informers.NewSharedInformerFactory(clients, 0).Batch().V1().Jobs().Informer()
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    ran.note,
		UpdateFunc: func(_, obj any) { ran.note(obj) },
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go informer.RunWithContext(ctx)
	harness.Eventually(t, harness.Patience, "the watch of Jobs", informer.HasSynced, func() string { return "" })
	return ran
}

func (h *hooksRun) note(obj any) {
	job, ok := obj.(*batchv1.Job)
	if !ok {
		return
	}
	for _, c := range job.Status.Conditions {
		if c.Type == batchv1.JobComplete && c.Status == corev1.ConditionTrue {
			h.mu.Lock()
			h.jobs[job.Namespace+"/"+job.Name] = true
			h.mu.Unlock()
		}
	}
}

func (h *hooksRun) of(namespace string, hooks []string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(hooks), func(hook string) bool {
		return !h.jobs[namespace+"/"+helmName+"-"+hook]
	})
}
