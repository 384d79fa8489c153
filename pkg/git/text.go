package git

import (
	"fmt"
	"strings"
	"unicode"
)

// plain makes a line of text that somebody else wrote fit for a message: no
// control or formatting characters (which may reorder what people read), no
// broken encoding, at most limit runes.
func plain(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.TrimSpace(s)
	if runes := []rune(s); len(runes) > limit {
		s = strings.TrimSpace(string(runes[:limit-1])) + "…"
	}
	return s
}

// quoted quotes a name that the remote gave.
func quoted(name string) string { return fmt.Sprintf("%q", plain(name, 80)) }

// closest returns the name that want was probably meant to be, "" if none is
// near enough.
func closest(want string, have []string) string {
	best, limit := "", len(want)/2+1
	for _, name := range have {
		if len(name) > 2*len(want)+limit {
			continue
		}
		if d := distance(strings.ToLower(want), strings.ToLower(name)); d < limit {
			best, limit = name, d
		}
	}
	return best
}

// distance is the number of single-byte edits between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal, row[j] = row[j], min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
