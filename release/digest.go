package release

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// DesiredDigest identifies everything that changes what is applied: the content
// of the chart and the composed values. It is versioned, and leaves timeouts,
// retries and intervals out, so that a newer Fairlead does not roll every
// release. Its form is "v1-CHART-VALUES", so that Changed can tell which of the
// two differs.
func DesiredDigest(chartDigest, valuesDigest string) string {
	return "v1-" + short(chartDigest) + "-" + short(valuesDigest)
}

// short keeps 80 bits, which no accident makes collide.
func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:10])
}

// Changed tells what differs between two desired digests. Of digests that it
// cannot read it says that both differ.
func Changed(was, is string) (chart, values bool) {
	a, b := strings.Split(was, "-"), strings.Split(is, "-")
	if len(a) != 3 || len(b) != 3 || a[0] != b[0] {
		return was != is, was != is
	}
	return a[1] != b[1], a[2] != b[2]
}
