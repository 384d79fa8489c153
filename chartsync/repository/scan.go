package repository

import (
	"bytes"
	"errors"
	"regexp"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/repo"
	"sigs.k8s.io/yaml"
)

// errUnusual says that an index is not laid out as `helm repo index` and its
// kin write it, and must be parsed as a whole.
var errUnusual = errors.New("unusual layout")

// scan reads an index version by version, so that parsing never needs memory
// for more than one of them. It knows the usual layout only, and each piece
// must be YAML by itself: where anything is in doubt, it gives errUnusual.
func scan(body []byte) (map[string][]entry, error) {
	s := scanner{charts: map[string]repo.ChartVersions{}}
	for len(body) > 0 {
		line := body
		if end := bytes.IndexByte(body, '\n'); end >= 0 {
			line = body[:end+1]
		}
		body = body[len(line):]
		if err := s.take(line); err != nil {
			return nil, err
		}
	}
	if err := s.endItem(); err != nil {
		return nil, err
	}
	var head file
	if yaml.Unmarshal(s.head, &head) != nil || head.Entries != nil {
		return nil, errUnusual
	}
	head.Entries = s.charts
	return head.compact()
}

// A scanner is the state of scan.
type scanner struct {
	charts map[string]repo.ChartVersions
	head   []byte // the lines outside of entries

	inEntries   bool
	seenEntries bool
	chart       string
	chartIndent int // of the charts' names; 0 before the first
	itemIndent  int // of the dashes below the current chart, or one of the below
	item        []byte
}

const (
	noItemYet = -1
	noItems   = -2 // the list is empty
)

// chartLine is the line of a chart's name; the value after it may be an empty list.
var chartLine = regexp.MustCompile(`^ +(?:"([A-Za-z0-9._-]+)"|'([A-Za-z0-9._-]+)'|([A-Za-z][A-Za-z0-9._-]*)): *(\[\])?$`)

// take reads one line.
func (s *scanner) take(line []byte) error {
	text := strings.TrimRight(string(line), "\r\n \t")
	indent := len(text) - len(strings.TrimLeft(text, " "))
	switch {
	case text == "", strings.HasPrefix(text[indent:], "#") && (s.item == nil || indent <= s.itemIndent):
		// A blank line may belong to a text of several lines.
		if s.item != nil {
			s.item = append(s.item, line...)
		}
		return nil
	case indent == 0:
		return s.takeTop(text, line)
	case !s.inEntries:
		return s.addHead(line)
	}
	return s.takeEntry(text, indent, line)
}

// takeTop reads a line that is not indented.
func (s *scanner) takeTop(text string, line []byte) error {
	if err := s.endItem(); err != nil {
		return err
	}
	s.inEntries = false
	// Helm reads the first document only.
	if strings.HasPrefix(text, "...") || strings.HasPrefix(text, "---") && (s.seenEntries || len(s.head) > 0) {
		return errUnusual
	}
	if text != "entries:" && text != "entries: {}" {
		return s.addHead(line)
	}
	if s.seenEntries {
		return errUnusual
	}
	s.seenEntries = true
	s.inEntries = text == "entries:"
	return nil
}

// addHead keeps a line that is outside of entries.
func (s *scanner) addHead(line []byte) error {
	if len(s.head)+len(line) > maxHeadBytes {
		return errUnusual
	}
	s.head = append(s.head, line...)
	return nil
}

// takeEntry reads a line below entries.
func (s *scanner) takeEntry(text string, indent int, line []byte) error {
	if s.chartIndent == 0 {
		s.chartIndent = indent
	}
	isItem := text[indent:] == "-" || strings.HasPrefix(text[indent:], "- ")
	switch {
	case isItem && s.chart != "" && s.itemIndent == noItemYet && indent >= s.chartIndent:
		s.itemIndent = indent
		s.item = append(s.item, line...)
	case isItem && s.chart != "" && indent == s.itemIndent:
		if err := s.endItem(); err != nil {
			return err
		}
		s.item = append(s.item, line...)
	case s.item != nil && indent > s.itemIndent:
		s.item = append(s.item, line...)
	case indent == s.chartIndent && !isItem:
		return s.beginChart(text)
	default:
		return errUnusual
	}
	return nil
}

// beginChart reads the line of a chart's name.
func (s *scanner) beginChart(text string) error {
	if err := s.endItem(); err != nil {
		return err
	}
	match := chartLine.FindStringSubmatch(text)
	if match == nil {
		return errUnusual
	}
	name := match[1] + match[2] + match[3]
	if _, ok := s.charts[name]; ok || isYAMLWord(match[3]) {
		return errUnusual
	}
	s.chart, s.itemIndent = name, noItemYet
	s.charts[name] = repo.ChartVersions{}
	if match[4] != "" {
		s.itemIndent = noItems
	}
	return nil
}

// isYAMLWord reports whether an unquoted key is something else than text.
func isYAMLWord(key string) bool {
	switch strings.ToLower(key) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return true
	}
	return false
}

// endItem parses the version that was read.
func (s *scanner) endItem() error {
	if s.item == nil {
		return nil
	}
	var versions repo.ChartVersions
	if yaml.Unmarshal(s.item, &versions) != nil || len(versions) != 1 {
		return errUnusual
	}
	if v := versions[0]; isValid(v) {
		s.charts[s.chart] = append(s.charts[s.chart], slim(v))
	}
	s.item = nil
	return nil
}

// slim returns what compact needs of a version, so that the rest can go.
func slim(v *repo.ChartVersion) *repo.ChartVersion {
	return &repo.ChartVersion{
		Metadata: &chart.Metadata{
			APIVersion: v.APIVersion, Name: v.Name, Version: v.Version, AppVersion: v.AppVersion,
		},
		URLs:   v.URLs,
		Digest: v.Digest,
	}
}
