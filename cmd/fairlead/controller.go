package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	chartgit "github.com/fairlead-dev/fairlead/chartsync/git"
	"github.com/fairlead-dev/fairlead/chartsync/repository"
	"github.com/fairlead-dev/fairlead/chartsync/store"
	"github.com/fairlead-dev/fairlead/pkg/cli"
	"github.com/fairlead-dev/fairlead/pkg/controller/helmrelease"
	"github.com/fairlead-dev/fairlead/pkg/git"
	"github.com/fairlead-dev/fairlead/release/decide"
	"github.com/fairlead-dev/fairlead/release/helm3"
)

// runController runs the operator until ctx ends.
func runController(ctx context.Context, f flags, info cli.BuildInfo) error {
	log := newLogger(os.Stderr, f.logFormat)
	ctrl.SetLogger(log)
	klog.SetLogger(log)
	helm3.SilenceHelm()

	config, err := restConfig(f.kubeconfig)
	if err != nil {
		return err
	}
	config.UserAgent = "fairlead/" + info.Version
	config.QPS = -1 // the API server's own fairness limits us
	leader, err := newLeader(config, f)
	if err != nil {
		return err
	}
	mgr, err := newManager(fenced(config, leader), f, leader)
	if err != nil {
		return err
	}
	engine, err := helm3.New(config, helm3.WithFence(leader.mayWrite), helm3.WithUserAgent(config.UserAgent))
	if err != nil {
		return err
	}
	lock, err := own(f.dataDir)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	source, err := newSource(f, config.UserAgent)
	if err != nil {
		return err
	}
	reconciler := helmrelease.New(helmrelease.Deps{
		Client: mgr.GetClient(), Secrets: mgr.GetAPIReader(), Engine: engine, Source: source,
		Events: mgr.GetEventRecorder("fairlead"), Registry: ctrlmetrics.Registry,
	}, helmrelease.WithPace(decide.Pace{Base: f.retryBackoff, Max: f.retryBackoffMax}))
	engine.OnChange(reconciler.WakeRelease)
	engine.OnAPISetChange(reconciler.WakeAll)
	if err := assemble(ctx, mgr, engine, reconciler, f); meta.IsNoMatchError(err) {
		return errors.New("the cluster does not know HelmReleases: install Fairlead's custom resource definitions first, " +
			"`kubectl apply -f deploy/crds` in Fairlead's repository")
	} else if err != nil {
		return err
	}
	log.Info("Starting", "version", info.Version, "commit", info.Commit, "server", config.Host)
	return mgr.Start(ctx)
}

// fenced is config for clients that may write only while this process leads.
func fenced(config *rest.Config, leader *leader) *rest.Config {
	config = rest.CopyConfig(config)
	config.Wrap(helm3.Fence(leader.mayWrite))
	return config
}

func newManager(config *rest.Config, f flags, leader *leader) (manager.Manager, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	notHelms, err := labels.Parse("owner!=helm")
	if err != nil {
		return nil, err
	}
	secrets := &metav1.PartialObjectMetadata{}
	secrets.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	stop := f.stopLimit + 5*time.Second
	options := manager.Options{
		Scheme: scheme,
		Cache: cache.Options{
			DefaultTransform: cache.TransformStripManagedFields(),
			// Helm's records are watched by the engine, in its own way.
			ByObject: map[client.Object]cache.ByObject{secrets: {Label: notHelms}},
		},
		Metrics:                 metricsserver.Options{BindAddress: f.metricsAddress},
		HealthProbeBindAddress:  f.healthAddress,
		GracefulShutdownTimeout: &stop,
	}
	if f.leaderElect {
		options.LeaderElection = true
		options.LeaderElectionReleaseOnCancel = true
		options.LeaderElectionResourceLockInterface = leader
		options.LeaseDuration, options.RenewDeadline, options.RetryPeriod = new(leaseDuration), new(renewDeadline), new(retryPeriod)
	}
	return manager.New(config, options)
}

// assemble gives the manager what it runs, and its probes.
func assemble(ctx context.Context, mgr manager.Manager, engine *helm3.Engine, reconciler *helmrelease.Reconciler, f flags) error {
	if err := mgr.Add(everywhere(engine.Start)); err != nil {
		return err
	}
	if err := mgr.Add(manager.RunnableFunc(func(ctx context.Context) error {
		<-ctx.Done()
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.stopLimit)
		defer cancel()
		return reconciler.Stop(limited)
	})); err != nil {
		return err
	}
	if err := reconciler.SetupWithManager(ctx, mgr, engine.WaitForSync, f.workers); err != nil {
		return err
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return err
	}
	return mgr.AddReadyzCheck("synced", synced(mgr, engine))
}

// everywhere runs f whether this process leads or not, so that its watches are
// warm when it begins to lead.
type everywhere func(context.Context) error

func (f everywhere) Start(ctx context.Context) error { return f(ctx) }
func (everywhere) NeedLeaderElection() bool          { return false }

func newSource(f flags, userAgent string) (*sources, error) {
	charts, err := store.Open(filepath.Join(f.dataDir, "charts"), store.WithMaxBytes(f.storeBytes))
	if err != nil {
		return nil, fmt.Errorf("opening --data-dir: %w", err)
	}
	mirrors, err := git.Open(filepath.Join(f.dataDir, "git"), git.WithLoopback(f.loopbackSources))
	if err != nil {
		return nil, fmt.Errorf("opening --data-dir: %w", err)
	}
	return &sources{
		repository: repository.New(charts, repository.WithLoopback(f.loopbackSources), repository.WithUserAgent(userAgent)),
		git:        chartgit.New(mirrors, charts),
	}, nil
}

// own takes the data folder for this process until the lock is closed, or the
// process ends, however that happens: a mirror has one writer.
func own(dir string) (lock *os.File, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making --data-dir: %w", err)
	}
	lock, err = os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening --data-dir: %w", err)
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = fmt.Errorf("--data-dir %s is in use by another controller: give each its own", dir)
	case err != nil:
		err = fmt.Errorf("locking --data-dir: %w", err)
	default:
		return lock, nil
	}
	return nil, errors.Join(err, lock.Close())
}

// restConfig finds the cluster as kubectl does, and in a pod.
func restConfig(kubeconfig string) (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	if kubeconfig == "" && os.Getenv("KUBECONFIG") == "" {
		if config, err := rest.InClusterConfig(); err == nil {
			return config, nil
		}
	}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	switch {
	case clientcmd.IsEmptyConfig(err):
		return nil, errors.New("no cluster is configured: set KUBECONFIG, or use --kubeconfig")
	case err != nil:
		return nil, fmt.Errorf("finding a cluster (give --kubeconfig when not in one): %w", err)
	}
	return config, nil
}
