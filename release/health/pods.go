package health

import (
	"context"
	"fmt"
	"sort"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// pods is the kind of pods.
var pods = &meta.RESTMapping{
	Resource:         corev1.SchemeGroupVersion.WithResource("pods"),
	GroupVersionKind: corev1.SchemeGroupVersion.WithKind("Pod"),
	Scope:            meta.RESTScopeNamespace,
}

// ailingPod says what is wrong with the newest ailing pod of a workload, "" when
// there is none or pods cannot be read: it only adds to an error.
func ailingPod(ctx context.Context, api API, namespace, selector string) string {
	list, err := api.List(ctx, pods, namespace, metav1.ListOptions{LabelSelector: selector, Limit: 100})
	if err != nil {
		return ""
	}
	sort.Slice(list.Items, func(i, j int) bool {
		a, b := &list.Items[i], &list.Items[j]
		at, bt := a.GetCreationTimestamp(), b.GetCreationTimestamp()
		if !at.Equal(&bt) {
			return bt.Before(&at)
		}
		return a.GetName() < b.GetName()
	})
	for i := range list.Items {
		pod := &list.Items[i]
		if pod.GetDeletionTimestamp() != nil || condition(pod, "Ready") != nil || text(pod, "status", "phase") == "Succeeded" {
			continue
		}
		return "pod " + pod.GetName() + ": " + podProblem(pod)
	}
	return ""
}

// podProblem says in a few words why a pod is not ready, or why it failed.
func podProblem(obj *unstructured.Unstructured) string {
	var pod corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, &pod); err != nil {
		return "not ready"
	}
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for _, c := range statuses {
			if problem := containerProblem(c); problem != "" {
				return fmt.Sprintf("container %q %s", c.Name, problem)
			}
		}
	}
	if pod.Status.Phase == corev1.PodFailed {
		return orElse(pod.Status.Reason, "failed")
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return orElse(c.Reason, "not scheduled") + ": " + oneLine(c.Message)
		}
	}
	for _, c := range pod.Status.ContainerStatuses {
		if !c.Ready && pod.Status.Phase == corev1.PodRunning {
			return fmt.Sprintf("container %q not ready", c.Name)
		}
	}
	if pod.Status.Phase == corev1.PodRunning {
		return "not ready"
	}
	return "not running yet"
}

// containerProblem is empty for a container that is on its way or runs.
func containerProblem(c corev1.ContainerStatus) string {
	if w := c.State.Waiting; w != nil && w.Reason != "" && w.Reason != "ContainerCreating" && w.Reason != "PodInitializing" {
		return w.Reason
	}
	if t := c.State.Terminated; t != nil && t.ExitCode != 0 {
		return fmt.Sprintf("%s (exit code %d)", orElse(t.Reason, "Error"), t.ExitCode)
	}
	return ""
}
