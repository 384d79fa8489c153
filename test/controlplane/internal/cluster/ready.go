package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// pollEvery is short: a start consists of a dozen waits for one another.
const pollEvery = 30 * time.Millisecond

// poll asks until there is no error any more. When the context ends first, it
// returns why and what the last answer was.
func poll(ctx context.Context, what string, ask func(context.Context) error) error {
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			cause := context.Cause(ctx)
			if errors.Is(cause, context.DeadlineExceeded) {
				return fmt.Errorf("waiting for %s: %w; the last answer: %w", what, cause, err)
			}
			return cause
		case <-time.After(pollEvery):
		}
	}
}

// etcdHealthy asks etcd whether it has a leader.
func etcdHealthy(p ports) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.etcdURL()+"/health", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return &refusal{code: response.StatusCode, text: "not healthy"}
		}
		return nil
	}
}

// exists asks for an object.
func (a *api) exists(path string) func(context.Context) error {
	return func(ctx context.Context) error { return a.get(ctx, path, nil) }
}

// nodeReady looks at the node's Ready condition.
func (a *api) nodeReady(ctx context.Context) error {
	var node struct {
		Status struct {
			Conditions []struct{ Type, Status string }
		}
		Spec struct{ Taints []any }
	}
	if err := a.get(ctx, "/api/v1/nodes/"+nodeName, &node); err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == "Ready" && condition.Status == "True" && len(node.Spec.Taints) == 0 {
			return nil
		}
	}
	return fmt.Errorf("node %s is not ready", nodeName)
}

// podSucceeded looks at a pod's phase.
func (a *api) podSucceeded(path string) func(context.Context) error {
	return func(ctx context.Context) error {
		var pod struct{ Status struct{ Phase string } }
		if err := a.get(ctx, path, &pod); err != nil {
			return err
		}
		if pod.Status.Phase != "Succeeded" {
			return fmt.Errorf("the pod is in phase %s", pod.Status.Phase)
		}
		return nil
	}
}
