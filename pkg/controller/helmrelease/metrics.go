package helmrelease

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/release"
)

// metrics of this room. Every label has a closed set of values.
type metrics struct {
	actions   *prometheus.CounterVec
	durations *prometheus.HistogramVec
	underway  prometheus.Gauge
	lookups   *prometheus.CounterVec
	lookupSec *prometheus.HistogramVec
}

// newMetrics registers the metrics, each combination of labels at zero, so that
// a rate over them works from the start.
func newMetrics(registry prometheus.Registerer) *metrics {
	m := &metrics{
		actions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fairlead_release_actions_total",
			Help: "Operations on Helm releases that ended, by action and outcome.",
		}, []string{"action", "outcome"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "fairlead_release_action_duration_seconds",
			Help:    "How long operations on Helm releases took, their waits included.",
			Buckets: prometheus.ExponentialBuckets(0.1, 2.5, 10),
		}, []string{"action"}),
		underway: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "fairlead_release_operations_underway",
			Help: "Operations on Helm releases under way, those that wait included.",
		}),
		lookups: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fairlead_source_lookups_total",
			Help: "Looks at chart sources, by kind of source and result.",
		}, []string{"source", "result"}),
		lookupSec: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "fairlead_source_lookup_duration_seconds",
			Help:    "How long looks at chart sources took, by kind of source.",
			Buckets: prometheus.ExponentialBuckets(0.002, 3, 10),
		}, []string{"source"}),
	}
	registry.MustRegister(m.actions, m.durations, m.underway, m.lookups, m.lookupSec)
	for _, action := range []release.Action{release.Install, release.Upgrade, release.Rollback, release.Uninstall} {
		m.durations.WithLabelValues(string(action))
		for _, outcome := range []release.Outcome{release.Succeeded, release.Failed, release.Superseded, release.Interrupted} {
			m.actions.WithLabelValues(string(action), string(outcome))
		}
	}
	for _, source := range []string{"repository", "git"} {
		m.lookupSec.WithLabelValues(source)
		for _, result := range []string{"ok", "unavailable", "unauthorized", "not_found", "invalid"} {
			m.lookups.WithLabelValues(source, result)
		}
	}
	return m
}

func (m *metrics) operationBegan() { m.underway.Inc() }
func (m *metrics) operationLeft()  { m.underway.Dec() }

func (m *metrics) operationEnded(a release.Attempt) {
	m.actions.WithLabelValues(string(a.Action), string(a.Outcome)).Inc()
	m.durations.WithLabelValues(string(a.Action)).Observe(a.Ended.Sub(a.Started).Seconds())
}

func (m *metrics) looked(spec chartsync.Spec, took time.Duration, err error) {
	source := "repository"
	if spec.Git != nil {
		source = "git"
	}
	result := "unavailable"
	switch {
	case err == nil:
		result = "ok"
	case errors.Is(err, chartsync.ErrUnauthorized):
		result = "unauthorized"
	case errors.Is(err, chartsync.ErrNotFound):
		result = "not_found"
	case errors.Is(err, chartsync.ErrInvalid), errors.Is(err, chartsync.ErrBadSpec):
		result = "invalid"
	}
	m.lookups.WithLabelValues(source, result).Inc()
	m.lookupSec.WithLabelValues(source).Observe(took.Seconds())
}
