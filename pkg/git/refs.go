package git

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

const (
	branchPrefix = "refs/heads/"
	tagPrefix    = "refs/tags/"
)

// A Ref is what to follow; at most one field is set. The zero Ref is the
// remote's HEAD.
type Ref struct {
	Branch string
	Tag    string
	// Commit is a full hash, 40 hexadecimal digits.
	Commit string
}

// String returns the ref in words, for messages: `branch "main"`, or "HEAD".
func (r Ref) String() string {
	switch {
	case r.Commit != "":
		return "commit " + r.Commit
	case r.Tag != "":
		return fmt.Sprintf("tag %q", r.Tag)
	case r.Branch != "":
		return fmt.Sprintf("branch %q", r.Branch)
	}
	return headFile
}

// check refuses a ref that no repository can have.
func (r Ref) check() error {
	set := 0
	for _, field := range []string{r.Branch, r.Tag, r.Commit} {
		if field != "" {
			set++
		}
	}
	switch {
	case set > 1:
		return &problem{kind: ErrBadSpec, text: "the git ref names more than one of branch, tag and commit"}
	case r.Commit != "" && !isHash(r.Commit):
		return &problem{kind: ErrBadSpec, text: fmt.Sprintf("git commit %q is no full hash: 40 digits 0-9 and a-f", r.Commit)}
	}
	return nil
}

// isHash reports whether s is a hash in the form that git writes it.
func isHash(s string) bool { return plumbing.IsHash(s) && s == strings.ToLower(s) && len(s) == 40 }

// find returns the commit that ref means in what the remote advertised. Tags
// are peeled.
func (m *Mirror) find(seen *advertisement, ref Ref) (string, error) {
	switch {
	case ref.Commit != "":
		return ref.Commit, nil
	case ref.Branch != "":
		if hash, ok := seen.refs.References[branchPrefix+ref.Branch]; ok {
			return hash.String(), nil
		}
		return "", m.missing(seen, ref, ref.Branch, branchPrefix, "branches")
	case ref.Tag != "":
		if hash, ok := seen.refs.Peeled[tagPrefix+ref.Tag]; ok {
			return hash.String(), nil
		}
		if hash, ok := seen.refs.References[tagPrefix+ref.Tag]; ok {
			return hash.String(), nil
		}
		return "", m.missing(seen, ref, ref.Tag, tagPrefix, "tags")
	case seen.refs.Head != nil:
		return seen.refs.Head.String(), nil
	}
	text := fmt.Sprintf("HEAD of %s names no branch that exists; name a branch: %s", m.url, listed(names(seen, branchPrefix), "branches"))
	return "", &problem{kind: ErrNotFound, text: text}
}

// missing says that a branch or tag is not there, and what is.
func (m *Mirror) missing(seen *advertisement, ref Ref, want, prefix, plural string) error {
	have := names(seen, prefix)
	hint := listed(have, plural)
	if near := closest(want, have); near != "" {
		hint = fmt.Sprintf("did you mean %s?", quoted(near))
	}
	return &problem{kind: ErrNotFound, text: fmt.Sprintf("no %s in %s: %s", ref, m.url, hint)}
}

// names returns the advertised names below prefix, sorted.
func names(seen *advertisement, prefix string) []string {
	var found []string
	for name := range seen.refs.References {
		if short, ok := strings.CutPrefix(name, prefix); ok {
			found = append(found, short)
		}
	}
	slices.Sort(found)
	return found
}

// listed says what there is to choose from, a few of many.
func listed(have []string, plural string) string {
	const few = 5
	if len(have) == 0 {
		return "it has no " + plural
	}
	shown := make([]string, 0, few)
	for _, name := range have[:min(few, len(have))] {
		shown = append(shown, quoted(name))
	}
	text := "it has " + strings.Join(shown, ", ")
	if rest := len(have) - len(shown); rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}
