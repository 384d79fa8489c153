package health

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const (
	deployHead = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, generation: 2}, "
	daemonSet  = "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: a, generation: 1}, "
	jobHead    = "{apiVersion: batch/v1, kind: Job, metadata: {name: a}, "
	podHead    = "{apiVersion: v1, kind: Pod, metadata: {name: a}, "
	svcHead    = "{apiVersion: v1, kind: Service, metadata: {name: a}, "
	rolledOut  = "conditions: [{type: Available, status: 'True'}, {type: Progressing, status: 'True', reason: NewReplicaSetAvailable}]"
)

func TestRules(t *testing.T) {
	rules := map[string]Rule{"Ready": Ready, "ReadyWithJobs": ReadyWithJobs, "Completed": Completed, "Gone": Gone}
	cases := map[string]struct {
		why    string
		rule   string
		obj    string // empty when there is none
		want   Verdict
		reason string
	}{
		"Deleted":    {why: "Who waits for an object needs it.", rule: "Ready", want: Pending, reason: "deleted while waiting"},
		"Deleting":   {why: "It will be gone.", rule: "Ready", obj: "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, deletionTimestamp: '2026-01-01T00:00:00Z'}}", want: Pending, reason: "being deleted"},
		"ConfigMap":  {why: "It is what it is.", rule: "Ready", obj: "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}", want: Done},
		"Custom":     {why: "Without a status nothing can be told.", rule: "Ready", obj: "{apiVersion: e.com/v1, kind: W, metadata: {name: a}}", want: Done},
		"CustomLate": {why: "A Ready condition counts.", rule: "Ready", obj: "{apiVersion: e.com/v1, kind: W, metadata: {name: a}, status: {conditions: [{type: Ready, status: 'False', reason: R, message: no luck}]}}", want: Pending, reason: "no luck"},

		"New":        {why: "No status yet.", rule: "Ready", obj: deployHead + "spec: {replicas: 2}}", want: Pending, reason: "0 of 2 pods ready"},
		"Unseen":     {why: "The status is that of the old spec.", rule: "Ready", obj: deployHead + "spec: {replicas: 1}, status: {observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1, " + rolledOut + "}}", want: Pending, reason: "Deployment generation is 2, but latest observed generation is 1"},
		"OldPods":    {why: "Pods of the old revision do not count.", rule: "Ready", obj: deployHead + "spec: {replicas: 1}, status: {observedGeneration: 2, replicas: 2, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1, " + rolledOut + "}}", want: Pending, reason: "0 of 1 pods ready"},
		"RolledOut":  {why: "All pods are new and ready.", rule: "Ready", obj: deployHead + "spec: {replicas: 1}, status: {observedGeneration: 2, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1, " + rolledOut + "}}", want: Done},
		"Paused":     {why: "Helm takes a paused Deployment for ready.", rule: "Ready", obj: deployHead + "spec: {replicas: 1, paused: true}}", want: Done},
		"NoProgress": {why: "It may still get ready; the timeout is the user's.", rule: "Ready", obj: deployHead + "spec: {replicas: 1, progressDeadlineSeconds: 1}, status: {observedGeneration: 2, replicas: 1, updatedReplicas: 1, conditions: [{type: Progressing, status: 'False', reason: ProgressDeadlineExceeded}]}}", want: Pending, reason: "0 of 1 pods ready; progress deadline exceeded"},

		"DaemonSet":       {why: "One of two nodes.", rule: "Ready", obj: daemonSet + "status: {observedGeneration: 1, desiredNumberScheduled: 2, currentNumberScheduled: 2, updatedNumberScheduled: 2, numberReady: 1, numberAvailable: 1}}", want: Pending, reason: "1 of 2 pods ready"},
		"DaemonSetByHand": {why: "Nobody but the user replaces its pods.", rule: "Ready", obj: daemonSet + "spec: {updateStrategy: {type: OnDelete}}, status: {observedGeneration: 1, desiredNumberScheduled: 2, updatedNumberScheduled: 0}}", want: Done},
		"Controller":      {why: "kstatus has no rule for it.", rule: "Ready", obj: "{apiVersion: v1, kind: ReplicationController, metadata: {name: a, generation: 1}, spec: {replicas: 2}, status: {observedGeneration: 1, readyReplicas: 1}}", want: Pending, reason: "1 of 2 pods ready"},
		"Claim":           {why: "A claim is to be bound.", rule: "Ready", obj: "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}}", want: Pending, reason: "not bound (phase Pending)"},

		"ClusterIP":    {why: "It is ready when it exists.", rule: "Ready", obj: svcHead + "spec: {clusterIP: 10.0.0.1}}", want: Done},
		"ExternalName": {why: "Nothing of it is in the cluster.", rule: "Ready", obj: svcHead + "spec: {type: ExternalName, externalName: e.com}}", want: Done},
		"Balancer":     {why: "Helm waits for its address.", rule: "Ready", obj: svcHead + "spec: {type: LoadBalancer, clusterIP: 10.0.0.1}}", want: Pending, reason: "its load balancer has no address yet"},
		"Balanced":     {why: "It has an address.", rule: "Ready", obj: svcHead + "spec: {type: LoadBalancer}, status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}}", want: Done},
		"ExternalIPs":  {why: "Helm waits for no other.", rule: "Ready", obj: svcHead + "spec: {type: LoadBalancer, externalIPs: [192.0.2.1]}}", want: Done},

		"JobUnasked":  {why: "Helm's --wait leaves Jobs alone.", rule: "Ready", obj: jobHead + "status: {conditions: [{type: Failed, status: 'True'}]}}", want: Done},
		"JobRunning":  {why: "kstatus calls it current.", rule: "ReadyWithJobs", obj: jobHead + "spec: {completions: 2}, status: {startTime: '2026-01-01T00:00:00Z', active: 1, succeeded: 1, failed: 3}}", want: Pending, reason: "1 of 2 pods succeeded, 3 failed"},
		"JobComplete": {why: "It did its work.", rule: "ReadyWithJobs", obj: jobHead + "status: {conditions: [{type: Complete, status: 'True'}]}}", want: Done},
		"JobFailed":   {why: "It stays failed.", rule: "ReadyWithJobs", obj: jobHead + "status: {conditions: [{type: Failed, status: 'True', reason: DeadlineExceeded}]}}", want: Failed, reason: "DeadlineExceeded"},

		"PodReady":     {why: "It runs and is ready.", rule: "Ready", obj: podHead + "status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}}", want: Done},
		"PodSucceeded": {why: "It did its work.", rule: "Ready", obj: podHead + "status: {phase: Succeeded}}", want: Done},
		"PodFailed":    {why: "It stays failed.", rule: "Ready", obj: podHead + "status: {phase: Failed, containerStatuses: [{name: app, state: {terminated: {exitCode: 2, reason: Error}}}]}}", want: Failed, reason: `container "app" Error (exit code 2)`},
		"PodInit":      {why: "What keeps it is in its first container.", rule: "Ready", obj: podHead + "status: {phase: Pending, initContainerStatuses: [{name: init, state: {waiting: {reason: ErrImagePull}}}], containerStatuses: [{name: app, state: {waiting: {reason: PodInitializing}}}]}}", want: Pending, reason: `container "init" ErrImagePull`},
		"PodNoNode":    {why: "The scheduler says why.", rule: "Ready", obj: podHead + "status: {phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: 0/1 nodes match}]}}", want: Pending, reason: "Unschedulable: 0/1 nodes match"},

		"HookGone":    {why: "Helm takes a hook that was deleted for done.", rule: "Completed", want: Done},
		"HookOther":   {why: "Of other kinds Helm asks nothing.", rule: "Completed", obj: deployHead + "spec: {replicas: 1}}", want: Done},
		"HookPod":     {why: "It is at work.", rule: "Completed", obj: podHead + "status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}}", want: Pending, reason: "not ready"},
		"HookJob":     {why: "It failed.", rule: "Completed", obj: jobHead + "status: {conditions: [{type: Failed, status: 'True', reason: BackoffLimitExceeded}]}}", want: Failed, reason: "BackoffLimitExceeded"},
		"Gone":        {why: "It is.", rule: "Gone", want: Done},
		"HeldByOther": {why: "A finalizer is what keeps it.", rule: "Gone", obj: "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, finalizers: [e.com/f]}}", want: Pending, reason: "not gone yet; held by finalizer e.com/f"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var obj *unstructured.Unstructured
			if c.obj != "" {
				obj = parse(t, c.obj)
			}
			got, reason := rules[c.rule](obj)
			if got != c.want || reason != c.reason {
				t.Errorf("%s\nwant %d %q\n got %d %q", c.why, c.want, c.reason, got, reason)
			}
		})
	}
}

func TestNotReadyError(t *testing.T) {
	err := &NotReadyError{Objects: []ObjectState{
		{Kind: "Service", Namespace: "shop", Name: "web", Reason: "late"},
		{Kind: "Job", Namespace: "shop", Name: "b", Reason: "DeadlineExceeded", Failed: true},
		{Kind: "Job", Namespace: "shop", Name: "a", Reason: "late"},
		{Kind: "Widget", Name: "w", Reason: "late"},
		{Kind: "Widget", Name: "x", Reason: "late"},
	}}
	err.sort()
	want := "Job shop/a: late, Job shop/b failed: DeadlineExceeded, Service shop/web: late, and 2 more"
	if err.Error() != want {
		t.Errorf("want %s\n got %s", want, err)
	}
}

func parse(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	obj := &unstructured.Unstructured{}
	data, err := yaml.YAMLToJSON([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	if obj.UnmarshalJSON(data) != nil {
		t.Fatalf("parsing %s", manifest)
	}
	return obj
}
