package harness

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// Patience is how long a test waits for what should come soon, on a machine
// that may be busy.
const Patience = 90 * time.Second

// pollInterval is how often is looked for what cannot be watched.
const pollInterval = 50 * time.Millisecond

// Eventually waits until a condition that cannot be watched holds. The report
// is called when it does not, to say what was seen instead.
func Eventually(t testing.TB, within time.Duration, what string, holds func() bool, report func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	if err := poll(ctx, holds); err != nil {
		t.Fatalf("waited %s for %s, in vain\n%s", within, what, report())
	}
}

// poll returns nil when the condition holds, or the context's error.
func poll(ctx context.Context, holds func() bool) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// containsLine says whether a file has a line.
func containsLine(file, line string) bool {
	content, err := os.ReadFile(file)
	return err == nil && slices.Contains(strings.Split(string(content), "\n"), line)
}

// errOr returns the first error that there is, or one that says that there is
// none.
func errOr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return errors.New("exit status 0")
}
