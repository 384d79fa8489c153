package crash

import (
	"context"
	"slices"
	"sync"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/fairlead-dev/fairlead/test/e2e/harness"
)

// completed are the Jobs that have completed, by namespace and name.
type completed struct {
	mu   sync.Mutex
	jobs map[string]bool
}

// watchHooks notes the Jobs that complete: those of hooks are deleted then.
func watchHooks(t *testing.T, env *harness.Env) *completed {
	t.Helper()
	clients, err := kubernetes.NewForConfig(env.Cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	c := &completed{jobs: map[string]bool{}}
	informer := informers.NewSharedInformerFactory(clients, 0).Batch().V1().Jobs().Informer()
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    c.note,
		UpdateFunc: func(_, obj any) { c.note(obj) },
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go informer.RunWithContext(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		t.Fatal("the Jobs cannot be watched")
	}
	return c
}

func (c *completed) note(obj any) {
	job, ok := obj.(*batchv1.Job)
	if !ok {
		return
	}
	done := func(c batchv1.JobCondition) bool {
		return c.Type == batchv1.JobComplete && c.Status == corev1.ConditionTrue
	}
	if slices.ContainsFunc(job.Status.Conditions, done) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.jobs[job.Namespace+"/"+job.Name] = true
	}
}

// not returns which of a release's hooks have never completed.
func (c *completed) not(namespace string, hooks []string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var missed []string
	for _, hook := range hooks {
		if !c.jobs[namespace+"/"+helmName+"-"+hook] {
			missed = append(missed, hook)
		}
	}
	return missed
}
