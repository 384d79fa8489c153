package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// havesPerRef bounds the ancestors that we offer of a ref which the remote no
// longer has; maxHaves bounds the request. Offering less costs only bytes.
const (
	havesPerRef = 100
	maxHaves    = 4000
)

// fetch brings the branches and tags of the advertisement into the mirror, with
// their full history, and makes them its refs. One fetch at a time; who waited
// for another one usually finds nothing left to transfer.
func (m *Mirror) fetch(ctx context.Context, seen *advertisement) error {
	release, err := m.lockFetches(ctx)
	if err != nil {
		return err
	}
	defer release()
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()

	if err := prepare(m.dir, m.url); err != nil {
		return m.diskProblem(err)
	}
	known, err := readRefs(m.dir)
	if err != nil {
		return m.diskProblem(err)
	}
	refs := seen.followed()
	wants, haves, err := m.negotiate(seen, known, refs)
	if err != nil {
		return err
	}
	if len(wants) > 0 {
		if err := m.download(ctx, seen, wants, haves); err != nil {
			return m.explainFetch(ctx, err)
		}
	}
	// Refs last: they promise the remote that we have all they lead to.
	if err := m.remember(seen, known, refs); err != nil {
		return m.diskProblem(err)
	}
	m.mu.Lock()
	m.store = nil // the next reader sees the new pack
	m.mu.Unlock()
	return nil
}

// negotiate returns what is advertised and not in the mirror, and what the
// mirror has that the remote may build upon.
func (m *Mirror) negotiate(seen *advertisement, known, refs map[string]plumbing.Hash) (wants, haves []plumbing.Hash, err error) {
	wanted, offered := map[plumbing.Hash]bool{}, map[plumbing.Hash]bool{}
	advertised := map[plumbing.Hash]bool{}
	for _, hash := range refs {
		advertised[hash] = true
	}
	if head := seen.refs.Head; head != nil {
		advertised[*head] = true // a detached HEAD
	}
	err = m.read(func(store *filesystem.Storage) error {
		for hash := range advertised {
			switch err := store.HasEncodedObject(hash); {
			case errors.Is(err, plumbing.ErrObjectNotFound):
				wanted[hash] = true
			case err != nil:
				return err
			}
		}
		if len(wanted) == 0 {
			return nil
		}
		for _, hash := range known {
			if len(offered) >= maxHaves {
				break
			}
			offerAncestors(store, hash, advertised, offered)
		}
		return nil
	})
	for hash := range wanted {
		wants = append(wants, hash)
	}
	for hash := range offered {
		haves = append(haves, hash)
	}
	return wants, haves, err
}

// offerAncestors adds a commit of ours, and if the remote has since rewritten
// that ref, commits before it: one of them is likely to be common.
func offerAncestors(store *filesystem.Storage, hash plumbing.Hash, advertised, offered map[plumbing.Hash]bool) {
	commit, err := object.GetCommit(store, hash)
	if err != nil || offered[hash] {
		return // a tag object; the branches around it are offered
	}
	if advertised[hash] {
		offered[hash] = true
		return
	}
	left := havesPerRef
	// Errors end the walk, no more: what is offered so far is ours.
	_ = object.NewCommitPreorderIter(commit, maps.Clone(offered), nil).ForEach(func(c *object.Commit) error {
		offered[c.Hash] = true
		if left--; left == 0 {
			return storer.ErrStop
		}
		return nil
	})
}

// download transfers one pack into the mirror. Until it is complete and indexed
// it has no name that a reader would look at.
func (m *Mirror) download(ctx context.Context, seen *advertisement, wants, haves []plumbing.Hash) (err error) {
	req := packp.NewUploadPackRequestFromCapabilities(seen.refs.Capabilities)
	if seen.refs.Capabilities.Supports(capability.NoProgress) {
		if err := req.Capabilities.Set(capability.NoProgress); err != nil {
			return err
		}
	}
	req.Wants, req.Haves = wants, haves
	body, err := seen.session.UploadPack(ctx, req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	var pack io.Reader = body
	switch {
	case req.Capabilities.Supports(capability.Sideband64k):
		pack = sideband.NewDemuxer(sideband.Sideband64k, body)
	case req.Capabilities.Supports(capability.Sideband):
		pack = sideband.NewDemuxer(sideband.Sideband, body)
	}
	// A storage of its own, so that readers go on meanwhile.
	return packfile.UpdateObjectStorage(m.openStore(cache.NewObjectLRU(cache.MiByte)), pack)
}

// remember makes the advertised refs the mirror's own. Those that are gone from
// the remote go here too; their objects stay.
func (m *Mirror) remember(seen *advertisement, known, refs map[string]plumbing.Hash) error {
	if !maps.Equal(known, refs) {
		if err := writeRefs(m.dir, refs); err != nil {
			return err
		}
	}
	if head := seen.head(); head != "" {
		return replaceFile(filepath.Join(m.dir, headFile), "ref: "+head+"\n")
	}
	return nil
}

// explainFetch is explain for an exchange that began well: whatever ends it now
// is a transfer that broke off.
func (m *Mirror) explainFetch(ctx context.Context, err error) error {
	var onDisk *fs.PathError
	if errors.As(err, &onDisk) {
		return m.diskProblem(err)
	}
	explained := m.explain(ctx, err)
	if !errors.Is(explained, ErrInvalid) {
		return explained
	}
	return &problem{ErrUnavailable, fmt.Sprintf("fetching from git repository %s broke off", m.url), err}
}
