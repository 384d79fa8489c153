package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/fairlead-dev/fairlead/release/helm3"
)

// The times of leader election, as client-go recommends them. Another process
// leads leaseDuration after the last renewal at the earliest; we stop writing
// renewDeadline after it, before that can be.
const (
	leaseDuration = 15 * time.Second
	renewDeadline = 10 * time.Second
	retryPeriod   = 2 * time.Second
)

// leader is the lock of the leader election. It remembers when it was last
// renewed, which fences off the writes of a process that has lost it and does
// not know yet.
type leader struct {
	resourcelock.Interface
	elects  bool
	renewed atomic.Int64 // Unix nanoseconds before the request that renewed it
}

func newLeader(config *rest.Config, f flags) (*leader, error) {
	l := &leader{elects: f.leaderElect}
	if !f.leaderElect {
		return l, nil
	}
	namespace := f.leaderNamespace
	if namespace == "" {
		var err error
		if namespace, err = leaseNamespace(f.kubeconfig); err != nil {
			return nil, err
		}
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("finding a name for the leader election: %w", err)
	}
	identity := host + "_" + string(uuid.NewUUID())
	l.Interface, err = resourcelock.NewFromKubeconfig(resourcelock.LeasesResourceLock, namespace, "fairlead",
		resourcelock.ResourceLockConfig{Identity: identity}, config, renewDeadline)
	return l, err
}

// leaseNamespace is the namespace of the pod that we run in, or that of the
// kubeconfig's context.
func leaseNamespace(kubeconfig string) (string, error) {
	const mounted = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
	if text, err := os.ReadFile(mounted); err == nil && len(text) > 0 {
		return string(text), nil
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	namespace, _, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).Namespace()
	if err != nil {
		return "", fmt.Errorf("finding the namespace of the lease (give --leader-election-namespace): %w", err)
	}
	return namespace, nil
}

// Create and Update are how the lock is taken and renewed. What counts is the
// time before the request: the API server may have stored it at any time since.
func (l *leader) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.renew(func() error { return l.Interface.Create(ctx, record) })
}

// Update renews the lock; see Create.
func (l *leader) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.renew(func() error { return l.Interface.Update(ctx, record) })
}

func (l *leader) renew(write func() error) error {
	before := time.Now()
	if err := write(); err != nil {
		return err
	}
	l.renewed.Store(before.UnixNano())
	return nil
}

// mayWrite returns why this process must not write any more, or nil.
func (l *leader) mayWrite() error {
	if !l.elects {
		return nil
	}
	if since := time.Since(time.Unix(0, l.renewed.Load())); since > renewDeadline {
		return fmt.Errorf("the leader's lease was not renewed within %s", renewDeadline)
	}
	return nil
}

// synced is ready once the caches are, so that a rollout waits for it.
func synced(mgr manager.Manager, engine *helm3.Engine) healthz.Checker {
	return func(req *http.Request) error {
		ctx, cancel := context.WithTimeout(req.Context(), time.Second)
		defer cancel()
		if !mgr.GetCache().WaitForCacheSync(ctx) {
			return fmt.Errorf("the caches are not synced")
		}
		return engine.WaitForSync(ctx)
	}
}
