package repository

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/repo"

	"github.com/fairlead-dev/fairlead/chartsync"
)

// maxIndexes bounds how many indexes are kept in memory. Rotated credentials
// and deleted releases leave some behind that nobody asks for again.
const maxIndexes = 200

// An index is what an index.yaml says. It does not change, except that it
// learns the digests of archives that it has none for.
type index struct {
	charts map[string][]entry
	sum    [sha256.Size]byte // of the file's bytes
	validators

	mu     sync.Mutex
	hashed map[string]hashed // by location
}

// An entry is one version of one chart.
type entry struct {
	name, version, appVersion string
	// digest is "sha256:" and 64 digits; empty if the index gives none.
	digest string
	// url is the first download URL, relative or absolute; empty if there is none.
	url string
}

// hashed is what is known about an archive without a digest in the index.
type hashed struct {
	digest string
	validators
	// current says that the archive was asked for under this index.
	current bool
}

// indexes keeps the newest index of each URL and credentials.
type indexes struct {
	mu     sync.Mutex
	byKey  map[string]*index
	recent []string // keys, the one used last at the end
}

func (x *indexes) get(key string) *index {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.byKey[key]
}

// use makes idx the index of key, and forgets the one that was not used longest
// if there are too many.
func (x *indexes) use(key string, idx *index) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.byKey == nil {
		x.byKey = map[string]*index{}
	}
	x.byKey[key] = idx
	for i, k := range x.recent {
		if k == key {
			x.recent = append(x.recent[:i], x.recent[i+1:]...)
			break
		}
	}
	x.recent = append(x.recent, key)
	if len(x.recent) > maxIndexes {
		delete(x.byKey, x.recent[0])
		x.recent = x.recent[1:]
	}
}

// askIndex returns the index as it is now: the one we have if the server, or
// its bytes, say that nothing changed.
func (s *Source) askIndex(ctx context.Context, r request) (*index, error) {
	was := s.indexes.get(r.key())
	q := question{request: r, url: r.index, limit: s.maxIndexBytes}
	if was != nil {
		q.known = was.validators
	}
	a, err := s.client.get(ctx, q)
	if err != nil {
		return nil, explain(err, r, func(code int) string {
			return fmt.Sprintf("no index.yaml at %s (HTTP %d): is this the URL of a Helm repository?", r, code)
		})
	}
	if a.unchanged {
		s.indexes.use(r.key(), was)
		return was, nil
	}
	idx := &index{sum: sha256.Sum256(a.body), validators: a.validators, hashed: map[string]hashed{}}
	if was != nil && was.sum == idx.sum {
		idx.charts, idx.hashed = was.charts, was.known(true)
	} else if idx.charts, err = decode(a.body); err != nil {
		return nil, problemf(chartsync.ErrInvalid, nil, "the index.yaml at %s is not the index of a Helm repository: %v", r, err)
	} else if was != nil {
		idx.hashed = was.known(false)
	}
	s.indexes.use(r.key(), idx)
	return idx, nil
}

// known returns a copy of what was learnt about archives. Under another index
// an archive may be another one, and must be asked for again; what nobody asked
// for under the last index is forgotten.
func (x *index) known(sameIndex bool) map[string]hashed {
	x.mu.Lock()
	defer x.mu.Unlock()
	kept := make(map[string]hashed, len(x.hashed))
	for location, h := range x.hashed {
		if sameIndex || h.current {
			h.current = sameIndex && h.current
			kept[location] = h
		}
	}
	return kept
}

// choose returns the entry that Helm would choose.
func (x *index) choose(r request) (entry, error) {
	want := r.spec.Repository
	entries, ok := x.charts[want.Name]
	if !ok {
		return entry{}, problemf(chartsync.ErrNotFound, nil, "no chart %q in %s%s", want.Name, r, suggestion(want.Name, x.charts))
	}
	if len(entries) == 0 {
		return entry{}, problemf(chartsync.ErrNotFound, nil, "chart %q has no valid version in %s", want.Name, r)
	}
	if e, ok := get(entries, want.Version); ok {
		return e, nil
	}
	newest, ok := get(entries, "")
	if !ok { // there are prereleases only
		newest = entries[0]
	}
	if want.Version == "" {
		return entry{}, problemf(chartsync.ErrNotFound, nil,
			"chart %q has no stable version in %s (newest: %s)", want.Name, r, newest.version)
	}
	return entry{}, problemf(chartsync.ErrNotFound, nil,
		"chart %q has no version matching %q in %s (newest: %s)", want.Name, want.Version, r, newest.version)
}

// get asks Helm which of entries version means.
func get(entries []entry, version string) (entry, bool) {
	const name = "chart"
	all := make(repo.ChartVersions, len(entries))
	position := make(map[*repo.ChartVersion]int, len(entries))
	for i, e := range entries {
		all[i] = &repo.ChartVersion{Metadata: &chart.Metadata{Version: e.version}}
		position[all[i]] = i
	}
	chosen, err := repo.IndexFile{Entries: map[string]repo.ChartVersions{name: all}}.Get(name, version)
	if err != nil {
		return entry{}, false
	}
	return entries[position[chosen]], true
}

// location returns the absolute URL of the entry's archive, as Helm has it.
func (e entry) location(r request) (string, error) {
	where := fmt.Sprintf("chart %q %s in %s", r.spec.Repository.Name, e.version, r)
	if e.url == "" {
		return "", problemf(chartsync.ErrInvalid, nil, "%s has no download URL", where)
	}
	absolute, err := repo.ResolveReferenceURL(r.spec.Repository.URL, e.url)
	if err != nil {
		return "", problemf(chartsync.ErrInvalid, nil, "%s has a download URL that cannot be parsed", where)
	}
	u, err := url.Parse(absolute)
	if err != nil {
		return "", problemf(chartsync.ErrInvalid, nil, "%s has a download URL that cannot be parsed", where)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return "", problemf(chartsync.ErrInvalid, nil, "%s has a download URL that is neither http nor https", where)
	}
	u.User = nil // whoever writes the index does not choose our credentials
	return u.String(), nil
}

// hexDigest matches a digest of an index that can be checked.
var hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// normalDigest returns "sha256:" and the digits of a digest in an index. Helm
// writes digits alone; what is no SHA-256 cannot be checked and counts as none.
func normalDigest(digest string) string {
	digits := strings.TrimPrefix(strings.ToLower(digest), "sha256:")
	if !hexDigest.MatchString(digits) {
		return ""
	}
	return "sha256:" + digits
}
