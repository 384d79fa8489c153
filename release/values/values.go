// Package values composes the values of a release and digests them.
//
// The digest decides whether values changed, never their text: two ways to
// write the same values have one digest.
//
// Nothing here renders a chart or knows where a layer was read from.
package values

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Parse reads a layer of values from JSON or returns empty values for none.
// Numbers become float64, as they do when the Helm CLI reads a values file, so
// that templates print the same. An error says that raw is no JSON object.
func Parse(raw []byte) (map[string]any, error) {
	values := map[string]any{}
	if len(raw) == 0 {
		return values, nil
	}
	if err := json.Unmarshal(raw, &values); err != nil {
		return nil, fmt.Errorf("values are no object: %w", err)
	}
	if values == nil { // the JSON text null
		values = map[string]any{}
	}
	return values, nil
}

// Digest returns "sha256:" and 64 hexadecimal digits that identify values,
// whatever the order of their keys. Nulls count: they delete a chart's default.
func Digest(values map[string]any) (string, error) {
	// encoding/json sorts the keys of maps, which makes the text canonical.
	text, err := json.Marshal(values)
	if err != nil {
		return "", fmt.Errorf("digesting values: %w", err)
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}
