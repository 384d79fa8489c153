package repository

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"sort"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/repo"
	"sigs.k8s.io/yaml"
)

const (
	// maxWholeBytes bounds an index that is parsed in one go, because it is not
	// laid out as `helm repo index` does. Parsing YAML takes fifty times its size.
	maxWholeBytes = 8 << 20
	// maxHeadBytes bounds what an index has beside its entries.
	maxHeadBytes = 1 << 20
)

// file is an index.yaml.
type file struct {
	APIVersion string                        `json:"apiVersion"`
	Entries    map[string]repo.ChartVersions `json:"entries"`
}

// decode returns the entries of an index, sorted and without invalid ones, as
// Helm has them. Its errors quote nothing of the index.
func decode(body []byte) (map[string][]entry, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, errors.New("it is empty")
	}
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) && json.Valid(body) {
		var f file
		if err := json.Unmarshal(body, &f); err != nil {
			return nil, errors.New("its JSON has a field of the wrong type")
		}
		return f.compact()
	}
	charts, err := scan(body)
	if !errors.Is(err, errUnusual) {
		return charts, err
	}
	if len(body) > maxWholeBytes {
		return nil, fmt.Errorf("it is not laid out as helm repo index does, and bigger than %d bytes", maxWholeBytes)
	}
	var f file
	if err := yaml.Unmarshal(body, &f); err != nil {
		return nil, yamlProblem(err)
	}
	return f.compact()
}

// compact keeps of a file what is needed.
func (f file) compact() (map[string][]entry, error) {
	if f.APIVersion == "" {
		return nil, errNoAPIVersion
	}
	charts := make(map[string][]entry, len(f.Entries))
	for name, versions := range f.Entries {
		charts[name] = compact(versions)
	}
	return charts, nil
}

// errNoAPIVersion is what Helm says of YAML that is no index.
var errNoAPIVersion = errors.New("it has no apiVersion")

// lineNumber finds where a YAML parser stopped.
var lineNumber = regexp.MustCompile(`^.{0,60}?\bline (\d{1,9})\b`)

// yamlProblem says where the YAML is wrong. The parser's text would quote it.
func yamlProblem(err error) error {
	if at := lineNumber.FindStringSubmatch(err.Error()); at != nil {
		return fmt.Errorf("its YAML is wrong at line %s", at[1])
	}
	return errors.New("its fields have other types than those of an index")
}

// compact returns the entries of one chart: valid ones, newest first.
func compact(versions repo.ChartVersions) []entry {
	valid := versions[:0]
	for _, v := range versions {
		if isValid(v) {
			valid = append(valid, v)
		}
	}
	// Not a stable sort, but Helm's: equal versions come out in Helm's order.
	sort.Sort(sort.Reverse(valid))
	entries := make([]entry, len(valid))
	for i, v := range valid {
		entries[i] = entry{name: v.Name, version: v.Version, appVersion: v.AppVersion, digest: normalDigest(v.Digest)}
		if len(v.URLs) > 0 {
			entries[i].url = v.URLs[0]
		}
	}
	return entries
}

// isValid reports whether Helm, loading an index, would keep an entry.
func isValid(v *repo.ChartVersion) bool {
	if v == nil {
		return false
	}
	if v.Metadata == nil {
		v.Metadata = &chart.Metadata{}
	}
	if v.APIVersion == "" {
		v.APIVersion = chart.APIVersionV1
	}
	err := v.Validate()
	if err == nil {
		return true
	}
	// https://github.com/helm/helm/issues/12748: some servers drop aliases.
	var invalid chart.ValidationError
	return errors.As(err, &invalid) &&
		strings.HasPrefix(err.Error(), "validation: more than one dependency with name or alias")
}
