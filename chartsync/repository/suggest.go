package repository

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const (
	// maxSuggestions is how many names a message offers.
	maxSuggestions = 3
	// maxDistance is how many typing errors make another name.
	maxDistance = 2
)

// plainName is a chart name that may stand in a message: an index can hold anything.
var plainName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$`)

// suggestion returns a hint at charts with a name like that, or at all if they
// are few; or nothing.
func suggestion(name string, charts map[string][]entry) string {
	type candidate struct {
		name     string
		distance int
	}
	var candidates []candidate
	for other := range charts {
		if !plainName.MatchString(other) {
			continue
		}
		d := distance(strings.ToLower(name), strings.ToLower(other))
		if len(name) > 3 && (strings.Contains(other, name) || strings.Contains(name, other) && len(other) > 3) {
			d = min(d, maxDistance)
		}
		switch {
		case len(charts) <= maxSuggestions:
			candidates = append(candidates, candidate{name: other}) // all of them, by name
		case d <= min(maxDistance, len(name)-1):
			candidates = append(candidates, candidate{other, d})
		}
	}
	if len(candidates) == 0 {
		return ""
	}
	slices.SortFunc(candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	quoted := make([]string, 0, maxSuggestions)
	for _, c := range candidates[:min(len(candidates), maxSuggestions)] {
		quoted = append(quoted, fmt.Sprintf("%q", c.name))
	}
	if len(charts) <= maxSuggestions {
		return " (it has " + strings.Join(quoted, ", ") + ")"
	}
	return " (did you mean " + strings.Join(quoted, " or ") + "?)"
}

// distance is how many letters must be inserted, removed or replaced to get
// from a to b; more than maxDistance is all the same.
func distance(a, b string) int {
	if len(a)-len(b) > maxDistance || len(b)-len(a) > maxDistance {
		return maxDistance + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(row[j]+1, row[j+1]+1, diagonal+cost)
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}
