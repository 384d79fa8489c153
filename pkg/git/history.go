package git

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

const (
	// maxWalk bounds how many commits LastChange goes back.
	maxWalk = 10000
	// maxChanges bounds the answers of LastChange that a mirror remembers.
	maxChanges = 10000
)

// A Commit is what git says of a commit. Author, email and subject are what the
// committer claims, made fit for one line of a message.
type Commit struct {
	Hash    string
	Author  string
	Email   string
	Subject string
	// Time when it was committed.
	Time time.Time
}

// pathAt is a path as of a commit.
type pathAt struct{ commit, path string }

// Commit returns a commit of the mirror.
func (m *Mirror) Commit(hash string) (Commit, error) {
	var commit Commit
	err := m.read(func(store *filesystem.Storage) error {
		c, err := object.GetCommit(store, plumbing.NewHash(hash))
		if err != nil {
			return err
		}
		subject, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
		commit = Commit{
			Hash: hash, Author: plain(c.Author.Name, 100), Email: plain(c.Author.Email, 254),
			Subject: plain(subject, 200), Time: c.Committer.When,
		}
		return nil
	})
	return commit, err
}

// LastChange returns the newest commit, at or before the given one, that
// changed what is at path: the answer of `git log -1 <commit> -- <path>`. Where
// a merge brought a change in, that is the commit on the merged branch. It
// wraps ErrNotFound if the last 10,000 commits did not change the path.
func (m *Mirror) LastChange(ctx context.Context, commit, path string) (Commit, error) {
	at := walk{commit: commit, path: path}
	for range maxWalk {
		if ctx.Err() != nil {
			return Commit{}, m.timedOut(ctx, ctx.Err())
		}
		answer, err := m.step(&at)
		if err != nil {
			return Commit{}, err
		}
		if answer != "" {
			m.rememberChange(pathAt{commit, path}, answer)
			return m.Commit(answer)
		}
	}
	text := fmt.Sprintf("none of the last %d commits changed %q", maxWalk, path)
	return Commit{}, &problem{kind: ErrNotFound, text: text}
}

// walk is where LastChange has got to.
type walk struct {
	commit, path string
	entry        Entry // what is at the path there, once known
	known        bool
}

// step goes on to the first parent in which the path is the same, or gives the
// answer: the commit itself if every parent differs, or what an earlier walk
// found from here.
func (m *Mirror) step(at *walk) (answer string, err error) {
	err = m.read(func(store *filesystem.Storage) error {
		if answer = m.changes[pathAt{at.commit, at.path}]; answer != "" {
			return nil
		}
		c, err := object.GetCommit(store, plumbing.NewHash(at.commit))
		if err != nil {
			return err
		}
		if !at.known {
			if at.entry, err = entryAt(store, c.Hash, at.path); err != nil {
				return err
			}
			at.known = true
		}
		for _, parent := range c.ParentHashes {
			before, err := entryAt(store, parent, at.path)
			if err != nil {
				return err
			}
			if before.Hash == at.entry.Hash && before.Kind == at.entry.Kind {
				at.commit = parent.String()
				return nil
			}
		}
		answer = at.commit
		return nil
	})
	return answer, err
}

// rememberChange keeps the answer for the commit that was asked about: the next
// walk comes from a newer one and ends there.
func (m *Mirror) rememberChange(asked pathAt, answer string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.changes) >= maxChanges {
		clear(m.changes)
	}
	m.changes[asked] = answer
}
