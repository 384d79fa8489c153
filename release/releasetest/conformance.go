package releasetest

import (
	"testing"

	"k8s.io/client-go/rest"

	"github.com/fairlead-dev/fairlead/release"
)

// An EngineUnderTest is an engine and the cluster that it works on.
type EngineUnderTest struct {
	Engine release.Engine
	// Config reaches the same cluster as its administrator.
	Config *rest.Config
}

// Conformance checks what release.Engine promises. newEngine returns an engine
// that is synchronised; it is called once, and serves many releases at a time.
func Conformance(t *testing.T, newEngine func(*testing.T) EngineUnderTest) {
	t.Helper()
	e := newEngine(t)
	for _, part := range []struct {
		name string
		run  func(*testing.T, EngineUnderTest)
	}{
		{"Lifecycle", lifecycle},
		{"Superseding", superseding},
		{"Interrupted", interrupted},
		{"Hooks", hooks},
		{"Refused", refused},
		{"FirstInstall", firstInstall},
		{"Leftovers", leftovers},
		{"Outside", outside},
		{"Secrets", keepsSecrets},
		{"Panics", survivesPanics},
	} {
		t.Run(part.name, func(t *testing.T) {
			t.Parallel()
			part.run(t, e)
		})
	}
}
