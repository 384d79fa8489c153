package git

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/pkg/git"
)

// digestPrefix starts the digest of a chart from git.
const digestPrefix = "git-tree:"

// Archives keeps packaged charts on disk. A key has one line for each of: the
// digest, the way of packaging, the URL, the digest of the credentials.
type Archives interface {
	Get(key string) (archive []byte, ok bool, err error)
	Put(key string, archive []byte) error
}

// A Source finds charts in git repositories. It implements chartsync.Source.
type Source struct {
	mirrors  *git.Mirrors
	archives Archives

	mu    sync.Mutex // guards known
	known map[string]metadata

	// packing is held while a chart is packaged: who asks for the same chart at
	// the same time finds it in the archives, and others wait for the CPU anyway.
	packing sync.Mutex
}

var _ chartsync.Source = (*Source)(nil)

// New returns a source that reads mirrors and keeps what it packages in
// archives.
func New(mirrors *git.Mirrors, archives Archives) *Source {
	return &Source{mirrors: mirrors, archives: archives, known: map[string]metadata{}}
}

// wanted is a spec that passed all checks which need no network.
type wanted struct {
	mirror *git.Mirror
	ref    git.Ref
	path   string
	spec   chartsync.Spec
}

// check turns a spec into what is wanted, or says why it can never work.
func (s *Source) check(spec chartsync.Spec) (wanted, error) {
	if spec.Git == nil || spec.Repository != nil {
		return wanted{}, errorf(chartsync.ErrBadSpec, "the chart names no git repository, or another source besides")
	}
	mirror, err := s.mirrors.Mirror(spec.Git.URL, git.Credentials(spec.Credentials))
	if err != nil {
		return wanted{}, err
	}
	path, err := git.CleanPath(spec.Git.Path)
	if err != nil {
		return wanted{}, err
	}
	return wanted{mirror: mirror, ref: git.Ref(spec.Git.Ref), path: path, spec: spec}, nil
}

// Resolve returns the revision of the chart at the spec's path and ref. It asks
// the remote once, and transfers objects only if the ref has moved.
func (s *Source) Resolve(ctx context.Context, spec chartsync.Spec) (chartsync.Revision, error) {
	w, err := s.check(spec)
	if err != nil {
		return chartsync.Revision{}, translated(err)
	}
	var rev chartsync.Revision
	err = w.mirror.Mend(ctx, func() (err error) {
		rev, err = s.resolve(ctx, w)
		return err
	})
	return rev, translated(err)
}

func (s *Source) resolve(ctx context.Context, w wanted) (chartsync.Revision, error) {
	head, err := w.mirror.Resolve(ctx, w.ref)
	if err != nil {
		return chartsync.Revision{}, err
	}
	place := w.place(head)
	tree, err := w.mirror.Tree(head, w.path)
	if err != nil {
		return chartsync.Revision{}, at(place, err)
	}
	meta, err := s.metadataOf(w, tree, place)
	if err != nil {
		return chartsync.Revision{}, err
	}
	rev := chartsync.Revision{
		Name: meta.name, Version: meta.version, AppVersion: meta.appVersion,
		Digest: digestPrefix + tree, Location: w.path,
	}
	switch change, err := w.mirror.LastChange(ctx, head, w.path); {
	case err == nil:
		commit := chartsync.Commit(change)
		rev.Commit = &commit
	case !errors.Is(err, git.ErrNotFound): // older than the walk goes: no commit is told
		return chartsync.Revision{}, err
	}
	return rev, nil
}

// place says where in git something is, for messages.
func (w wanted) place(head string) string {
	if w.ref.Commit != "" {
		return fmt.Sprintf("at commit %s of %s", short(head), w.mirror.URL())
	}
	return fmt.Sprintf("at %s (commit %s) of %s", w.ref, short(head), w.mirror.URL())
}

// Fetch returns the packaged chart of a revision. It needs the network only if
// neither the archives nor the mirror of these credentials have it.
func (s *Source) Fetch(ctx context.Context, spec chartsync.Spec, rev chartsync.Revision) (chartsync.Chart, error) {
	w, err := s.check(spec)
	if err != nil {
		return chartsync.Chart{}, translated(err)
	}
	tree, ok := strings.CutPrefix(rev.Digest, digestPrefix)
	if !ok {
		return chartsync.Chart{}, errorf(chartsync.ErrNotFound, "revision %q is not one of a git repository", rev.Digest)
	}
	key := w.key(rev.Digest)
	archive, ok := s.kept(key)
	if !ok {
		err = w.mirror.Mend(ctx, func() (err error) {
			if err = w.bring(ctx, tree); err == nil {
				archive, err = s.pack(w, key, tree, rev)
			}
			return err
		})
	}
	if err != nil {
		return chartsync.Chart{}, translated(err)
	}
	return chartsync.Chart{Revision: rev, Archive: archive}, nil
}

// bring makes sure that the tree is in the mirror.
func (w wanted) bring(ctx context.Context, tree string) error {
	if known, err := w.mirror.HasTree(tree); known || err != nil {
		return err
	}
	if _, err := w.mirror.Resolve(ctx, w.ref); err != nil {
		return err
	}
	if known, err := w.mirror.HasTree(tree); known || err != nil {
		return err
	}
	return errorf(chartsync.ErrNotFound, "the chart with tree %s is no longer in %s", short(tree), w.mirror.URL())
}

// key names an archive for those who reach it by this URL and these
// credentials: who only knows a digest gets nothing by it.
func (w wanted) key(digest string) string {
	return strings.Join([]string{digest, packaging, w.mirror.URL(), w.spec.Credentials.Digest()}, "\n")
}

// kept returns an archive that was packaged before. The archives only save
// work: where they cannot be read, the chart is packaged again.
func (s *Source) kept(key string) ([]byte, bool) {
	archive, ok, err := s.archives.Get(key)
	return archive, ok && err == nil
}
