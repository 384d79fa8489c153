package operations

import (
	"bytes"
	"strings"
)

// site returns the function that panicked, from a stack as debug.Stack gives
// it: the first frame below the runtime's own panic frames. Arguments are cut
// off, since they may hold values.
func site(stack []byte) string {
	lines := strings.Split(string(bytes.TrimSpace(stack)), "\n")
	seen := false
	for i := 1; i < len(lines); i += 2 {
		if strings.HasPrefix(lines[i], "panic(") {
			seen = true
			continue
		}
		if seen && !strings.HasPrefix(lines[i], "runtime.") {
			name, _, _ := cutLast(lines[i], "(")
			return name
		}
	}
	return "an unknown place"
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
