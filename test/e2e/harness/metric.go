package harness

import (
	"strconv"
	"strings"
	"testing"
)

// Metric returns the value of one series of /metrics, named as it is there:
// `name{a="b",c="d"}`, the labels sorted. A series that is not there is 0.
func (c *Controller) Metric(t testing.TB, series string) float64 {
	t.Helper()
	for line := range strings.Lines(c.Metrics(t)) {
		text, ok := strings.CutPrefix(line, series+" ")
		if !ok {
			continue
		}
		value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil {
			t.Fatalf("reading metric %s: %v", series, err)
		}
		return value
	}
	return 0
}
