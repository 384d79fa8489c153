package main

import (
	"context"

	"github.com/fairlead-dev/fairlead/chartsync"
)

// sources is the one Source that the controller sees: it hands each spec to the
// source of its kind.
type sources struct {
	repository chartsync.Source
	git        chartsync.Source
}

func (s *sources) of(spec chartsync.Spec) chartsync.Source {
	if spec.Git != nil {
		return s.git
	}
	return s.repository
}

// Resolve implements chartsync.Source.
func (s *sources) Resolve(ctx context.Context, spec chartsync.Spec) (chartsync.Revision, error) {
	return s.of(spec).Resolve(ctx, spec)
}

// Fetch implements chartsync.Source.
func (s *sources) Fetch(ctx context.Context, spec chartsync.Spec, rev chartsync.Revision) (chartsync.Chart, error) {
	return s.of(spec).Fetch(ctx, spec, rev)
}
