package helm3

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// What brings and takes kinds. Only their metadata is watched: a change of any
// of them is reason enough to ask.
var kindMakers = []schema.GroupVersionResource{
	{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"},
	{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"},
}

// The API server serves a new kind some time after its definition says so. The
// catalog asks shortly after a change, for a burst of them once, and again until
// the answer is a new one.
var askAfter = []time.Duration{200 * time.Millisecond, time.Second, 4 * time.Second}

// watchKinds keeps the catalog up to date until ctx ends.
func (c *catalog) watchKinds(ctx context.Context, cfg *rest.Config) error {
	client, err := metadata.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("making a metadata client: %w", err)
	}
	changed := make(chan struct{}, 1)
	notify := func() {
		select {
		case changed <- struct{}{}:
		default: // one is waiting already
		}
	}
	factory := metadatainformer.NewSharedInformerFactory(client, 0)
	for _, gvr := range kindMakers {
		informer := factory.ForResource(gvr).Informer()
		if err := informer.SetTransform(onlyVersion); err != nil {
			return err
		}
		if _, err := informer.AddEventHandler(whenChanged(notify)); err != nil {
			return err
		}
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	factory.WaitForCacheSync(ctx.Done())
	c.begin(ctx)
	c.follow(ctx, changed)
	return nil
}

// begin asks for the first time, once changes are watched.
func (c *catalog) begin(ctx context.Context) {
	for {
		if _, err := c.refresh(ctx); err == nil {
			close(c.begun)
			return
		}
		if !pause(ctx, time.Second) {
			return
		}
	}
}

// follow asks after each change, until ctx ends.
func (c *catalog) follow(ctx context.Context, changed <-chan struct{}) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
		before := c.digest()
		for _, delay := range askAfter {
			if !pause(ctx, delay) {
				return
			}
			drain(changed)
			_, _ = c.refresh(ctx) // the next round tries again
			if c.digest() != before {
				break
			}
		}
	}
}

func (c *catalog) digest() string {
	if s := c.peek(); s != nil {
		return s.digest
	}
	return ""
}

func whenChanged(notify func()) cache.ResourceEventHandler {
	return cache.ResourceEventHandlerDetailedFuncs{
		AddFunc: func(_ any, initial bool) {
			if !initial {
				notify()
			}
		},
		UpdateFunc: func(was, is any) {
			if versionOf(was) != versionOf(is) {
				notify()
			}
		},
		DeleteFunc: func(any) { notify() },
	}
}

func versionOf(obj any) string {
	if m, ok := obj.(metav1.Object); ok {
		return m.GetResourceVersion()
	}
	return ""
}

// onlyVersion drops what nobody reads: some definitions carry megabytes of
// annotations.
func onlyVersion(obj any) (any, error) {
	if m, ok := obj.(*metav1.PartialObjectMetadata); ok {
		m.Annotations, m.Labels, m.ManagedFields, m.OwnerReferences = nil, nil, nil, nil
	}
	return obj, nil
}

// pause waits for d; it reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func drain(c <-chan struct{}) {
	select {
	case <-c:
	default:
	}
}
