package helmrelease

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestEveryKindHasAReason reads the constants of both rooms: a kind of failure
// becomes a reason that users read, so the API has to describe it.
func TestEveryKindHasAReason(t *testing.T) {
	reasons := constants(t, filepath.Join("..", "..", "..", "api", "v1alpha1", "conditions.go"), "Reason")
	// These end in a revision, whose reason is <Action>Failed, or in no failure.
	noReason := map[string]bool{"KindFailed": true, "KindNotReady": true, "KindSuperseded": true, "KindStopping": true}
	kinds := constants(t, filepath.Join("..", "..", "..", "release", "engine.go"), "Kind")
	if len(kinds) < 10 || len(reasons) < 10 {
		t.Fatalf("found only %d kinds and %d reasons", len(kinds), len(reasons))
	}
	values := map[string]bool{}
	for _, value := range reasons {
		values[value] = true
	}
	for name, value := range kinds {
		if !noReason[name] && !values[value] {
			t.Errorf("release.%s is the reason %q, which api/v1alpha1/conditions.go does not have", name, value)
		}
	}
}

// constants returns the string constants of a file whose names begin with a
// prefix.
func constants(t *testing.T, file, prefix string) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, prefix) {
			return true
		}
		if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
			if found[spec.Names[0].Name], err = strconv.Unquote(lit.Value); err != nil {
				t.Fatal(err)
			}
		}
		return true
	})
	return found
}
