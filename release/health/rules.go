package health

import (
	"strconv"
	"strings"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A Verdict is what a Rule says of an object.
type Verdict int

// The verdicts.
const (
	// Pending means that it is worth waiting.
	Pending Verdict = iota
	// Done means that there is nothing more to wait for.
	Done
	// Failed means that waiting is of no use.
	Failed
)

// A Rule judges an object, nil when it does not exist. The reason, one line, is
// given with Pending and Failed.
type Rule func(obj *unstructured.Unstructured) (verdict Verdict, reason string)

// Ready is the Rule for the objects of a release. Jobs need not complete.
func Ready(obj *unstructured.Unstructured) (Verdict, string) {
	if obj != nil && is(obj, "batch", "Job") {
		return Done, ""
	}
	return ReadyWithJobs(obj)
}

// ReadyWithJobs is Ready, but Jobs must complete.
func ReadyWithJobs(obj *unstructured.Unstructured) (Verdict, string) {
	switch {
	case obj == nil:
		return Pending, "deleted while waiting"
	case obj.GetDeletionTimestamp() != nil:
		return Pending, "being deleted"
	}
	if rule, ok := kinds[groupKind(obj)]; ok {
		if verdict, reason, decided := rule(obj); decided {
			return verdict, reason
		}
	}
	return computed(obj)
}

// Completed is the Rule for hooks: Jobs complete, Pods succeed, and everything
// else is done when it exists. A deleted object is done, as with Helm.
func Completed(obj *unstructured.Unstructured) (Verdict, string) {
	switch {
	case obj == nil:
		return Done, ""
	case is(obj, "batch", "Job"):
		verdict, reason, _ := job(obj)
		return verdict, reason
	case is(obj, "", "Pod"):
		switch text(obj, "status", "phase") {
		case "Succeeded":
			return Done, ""
		case "Failed":
			return Failed, podProblem(obj)
		}
		return Pending, podProblem(obj)
	}
	return Done, ""
}

// Gone is the Rule for deleted objects.
func Gone(obj *unstructured.Unstructured) (Verdict, string) {
	if obj == nil {
		return Done, ""
	}
	if held := obj.GetFinalizers(); len(held) > 0 {
		return Pending, "not gone yet; held by finalizer " + strings.Join(held, ", ")
	}
	return Pending, "not gone yet"
}

// kinds are the rules of our own. What they leave undecided is for kstatus.
var kinds = map[string]func(*unstructured.Unstructured) (v Verdict, reason string, decided bool){
	"batch/Job":              job,
	"/Pod":                   failedPod,
	"/Service":               service,
	"apps/Deployment":        pausedDeployment,
	"apps/DaemonSet":         daemonSetByHand,
	"/ReplicationController": replicationController,
	"/PersistentVolumeClaim": claim,
	"extensions/Deployment":  pausedDeployment,
	"extensions/DaemonSet":   daemonSetByHand,
}

// computed asks kstatus. What it calls failed may still mend itself, so only the
// rules of our own give up.
func computed(obj *unstructured.Unstructured) (Verdict, string) {
	res, err := status.Compute(obj)
	if err != nil {
		return Pending, "its status cannot be read: " + oneLine(err.Error())
	}
	if res.Status == status.CurrentStatus {
		return Done, ""
	}
	if is(obj, "", "Pod") {
		return Pending, podProblem(obj)
	}
	if reason := podsReady(obj); reason != "" {
		if res.Status == status.FailedStatus {
			reason += "; " + strings.ToLower(res.Message)
		}
		return Pending, reason
	}
	if res.Message == "" {
		return Pending, "not ready"
	}
	return Pending, oneLine(res.Message)
}

func job(obj *unstructured.Unstructured) (Verdict, string, bool) {
	if condition(obj, "Complete") != nil {
		return Done, "", true
	}
	if failed := condition(obj, "Failed"); failed != nil {
		return Failed, orElse(failed["reason"], "Failed"), true
	}
	want := number(obj, 1, "spec", "completions")
	reason := count(number(obj, 0, "status", "succeeded"), want, "pods succeeded")
	if n := number(obj, 0, "status", "failed"); n > 0 {
		reason += ", " + strconv.FormatInt(n, 10) + " failed"
	}
	return Pending, reason, true
}

func failedPod(obj *unstructured.Unstructured) (Verdict, string, bool) {
	if text(obj, "status", "phase") == "Failed" {
		return Failed, podProblem(obj), true
	}
	return Pending, "", false
}

func service(obj *unstructured.Unstructured) (Verdict, string, bool) {
	if text(obj, "spec", "type") != "LoadBalancer" {
		return Done, "", true
	}
	external, _, _ := unstructured.NestedSlice(obj.Object, "spec", "externalIPs")
	ingress, _, _ := unstructured.NestedSlice(obj.Object, "status", "loadBalancer", "ingress")
	if len(external)+len(ingress) > 0 {
		return Done, "", true
	}
	return Pending, "its load balancer has no address yet", true
}

func pausedDeployment(obj *unstructured.Unstructured) (Verdict, string, bool) {
	paused, _, _ := unstructured.NestedBool(obj.Object, "spec", "paused")
	return Done, "", paused
}

func daemonSetByHand(obj *unstructured.Unstructured) (Verdict, string, bool) {
	return Done, "", text(obj, "spec", "updateStrategy", "type") == "OnDelete" && observed(obj)
}

func replicationController(obj *unstructured.Unstructured) (Verdict, string, bool) {
	want, ready := number(obj, 1, "spec", "replicas"), number(obj, 0, "status", "readyReplicas")
	if observed(obj) && ready >= want {
		return Done, "", true
	}
	return Pending, count(ready, want, "pods ready"), true
}

func claim(obj *unstructured.Unstructured) (Verdict, string, bool) {
	if phase := text(obj, "status", "phase"); phase != "Bound" {
		return Pending, "not bound (phase " + orElse(phase, "Pending") + ")", true
	}
	return Done, "", true
}

// podsReady counts the pods of a workload; it is empty when the count does not
// tell why the workload is not ready. Pods of an older revision do not count.
func podsReady(obj *unstructured.Unstructured) string {
	want, ready := number(obj, 1, "spec", "replicas"), number(obj, 0, "status", "readyReplicas")
	switch groupKind(obj) {
	case "apps/DaemonSet", "extensions/DaemonSet":
		want = number(obj, 0, "status", "desiredNumberScheduled")
		old := number(obj, 0, "status", "currentNumberScheduled") - number(obj, 0, "status", "updatedNumberScheduled")
		ready = max(0, number(obj, 0, "status", "numberReady")-max(0, old))
	case "apps/Deployment", "extensions/Deployment", "apps/StatefulSet":
		old := number(obj, 0, "status", "replicas") - number(obj, 0, "status", "updatedReplicas")
		ready = max(0, ready-max(0, old))
	case "apps/ReplicaSet", "extensions/ReplicaSet":
	default:
		return ""
	}
	if ready >= want {
		return ""
	}
	return count(ready, want, "pods ready")
}
