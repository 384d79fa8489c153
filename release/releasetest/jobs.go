package releasetest

import (
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func stampOf(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

func (s *scene) deleteJob(name string) {
	s.Helper()
	now := metav1.DeletePropagationBackground
	if err := s.live.Resource(jobs).Namespace(s.key.Namespace).
		Delete(s.Context(), name, metav1.DeleteOptions{PropagationPolicy: &now}); err != nil {
		s.Fatal(err)
	}
	s.eventually("the Job is gone", func() bool { return s.get(jobs, name) == nil })
}

// suspendedJob makes a Job that does not end until it is resumed.
func (s *scene) suspendedJob(name string) {
	s.Helper()
	s.create(jobs, s.key.Namespace, map[string]any{
		"apiVersion": "batch/v1", "kind": "Job", "metadata": map[string]any{"name": name},
		"spec": map[string]any{
			"suspend": true,
			"template": map[string]any{"spec": map[string]any{
				"restartPolicy": "Never",
				"containers":    []any{map[string]any{"name": "job", "image": "registry.example/job:1"}},
			}},
		},
	})
}

func (s *scene) resumeJob(name string) {
	s.Helper()
	patch := []byte(`{"spec":{"suspend":false}}`)
	if _, err := s.live.Resource(jobs).Namespace(s.key.Namespace).
		Patch(s.Context(), name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		s.Fatal(err)
	}
}
