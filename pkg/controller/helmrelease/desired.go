package helmrelease

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/release"
)

// sourceSpec says in chartsync's words what the spec asks for.
func sourceSpec(hr *v1alpha1.HelmRelease, creds chartsync.Credentials) chartsync.Spec {
	spec := chartsync.Spec{Credentials: creds}
	if repository := hr.Spec.Chart.Repository; repository != nil {
		spec.Repository = &chartsync.RepositorySpec{URL: repository.URL, Name: repository.Name, Version: repository.Version}
	}
	if git := hr.Spec.Chart.Git; git != nil {
		spec.Git = &chartsync.GitSpec{URL: git.URL, Path: git.Path}
		if git.Ref != nil {
			spec.Git.Ref = chartsync.Ref{Branch: git.Ref.Branch, Tag: git.Ref.Tag, Commit: git.Ref.Commit}
		}
	}
	return spec
}

// sourceID identifies what the spec asks for, without the credentials.
func sourceID(spec chartsync.Spec) string {
	spec.Credentials = chartsync.Credentials{}
	text, err := json.Marshal(spec)
	if err != nil {
		panic(fmt.Sprintf("a chart spec is always valid JSON: %v", err))
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// chartOf makes the release's chart of a revision. Its bytes are fetched when
// they are first needed.
func chartOf(source chartsync.Source, spec chartsync.Spec, rev chartsync.Revision) *release.Chart {
	chart := &release.Chart{
		Name: rev.Name, Version: rev.Version, AppVersion: rev.AppVersion, Digest: rev.Digest, Source: spec.URL(),
		Archive: func(ctx context.Context) ([]byte, error) {
			fetched, err := source.Fetch(ctx, spec, rev)
			if err != nil {
				return nil, err
			}
			return fetched.Archive, nil
		},
	}
	if rev.Commit != nil {
		chart.Commit = &release.Commit{Hash: rev.Commit.Hash, Author: rev.Commit.Author, Subject: rev.Commit.Subject}
	}
	return chart
}

// options says in release's words how the spec wants things done.
func options(spec *v1alpha1.HelmReleaseSpec) release.Options {
	return release.Options{
		Install: release.ActionOptions{
			Timeout: spec.Install.Timeout.Duration, Wait: or(spec.Install.Wait, true), DisableHooks: spec.Install.DisableHooks,
			OnFailure: release.OnFailure{Strategy: release.Strategy(spec.Install.OnFailure.Strategy),
				Retries: int(or(spec.Install.OnFailure.Retries, 3))},
		},
		Upgrade: release.ActionOptions{
			Timeout: spec.Upgrade.Timeout.Duration, Wait: or(spec.Upgrade.Wait, true), DisableHooks: spec.Upgrade.DisableHooks,
			OnFailure: release.OnFailure{Strategy: release.Strategy(spec.Upgrade.OnFailure.Strategy),
				Retries: int(or(spec.Upgrade.OnFailure.Retries, 3))},
		},
		CreateNamespace: spec.Install.CreateNamespace,
		MaxHistory:      int(or(spec.MaxHistory, 10)),
	}
}

// or returns what p points to, or the default that admission would have set.
func or[T any](p *T, missing T) T {
	if p == nil {
		return missing
	}
	return *p
}

// rememberedRevision is the revision that the status holds for this very spec;
// it serves while the source is lost, from the store.
func rememberedRevision(hr *v1alpha1.HelmRelease, sourceID string) (chartsync.Revision, bool) {
	c := hr.Status.Chart
	if c == nil || c.Source != sourceID {
		return chartsync.Revision{}, false
	}
	rev := chartsync.Revision{Name: c.Name, Version: c.Version, AppVersion: c.AppVersion, Digest: c.Digest}
	if c.Commit != "" {
		rev.Commit = &chartsync.Commit{Hash: c.Commit, Author: c.Author, Subject: c.Subject}
	}
	return rev, true
}
