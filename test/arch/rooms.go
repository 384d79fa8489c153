package arch

// A room is a folder with everything below it. What is in it may import itself
// and the rooms it uses, and nothing else of ours.
type room struct {
	// dir is relative to the module's root. A last element "*" makes each
	// folder there a room of its own, so that siblings never meet.
	dir string
	// uses are the rooms whose packages may be imported here. A trailing
	// "/..." includes the rooms below; otherwise only that one package is meant.
	uses []string
	// harness says that the room exists for tests: nothing but tests and other
	// harness imports it.
	harness bool
}

// rooms says who may import whom. Imports go one way, from top to bottom: a
// room is listed below all that use it.
//
// The two contracts, release and chartsync, never import each other and know
// nothing of the API's objects: the controller introduces them.
var rooms = []room{
	// The wiring is here and nowhere else.
	{dir: "cmd/*", uses: []string{"api/...", "chartsync/...", "pkg/...", "release/..."}},

	// Controllers know the contracts: sources and engines are handed in.
	{dir: "pkg/controller/*", uses: []string{"api/...", "chartsync", "release", "release/decide", "release/operations", "release/values"}},
	{dir: "pkg/cli", uses: []string{"api/...", "pkg/charthost"}},

	// Whatever engine performs a release, it waits by the same rules.
	{dir: "release/helm3", uses: []string{"release", "release/health"}},
	{dir: "release/*", uses: []string{"release"}},
	{dir: "release/releasetest", uses: []string{"release"}, harness: true},
	{dir: "release"},

	// Sources never meet, but they keep their charts in one store.
	{dir: "chartsync/repository", uses: []string{"chartsync", "chartsync/store", "pkg/dialguard"}},
	{dir: "chartsync/git", uses: []string{"chartsync", "chartsync/store", "pkg/git"}},
	{dir: "chartsync/store", uses: []string{"chartsync"}},
	{dir: "chartsync/sourcetest", uses: []string{"chartsync"}, harness: true},
	{dir: "chartsync"},

	{dir: "pkg/git", uses: []string{"pkg/dialguard"}},
	{dir: "pkg/*"},
	{dir: "api"},

	// Tests that stand outside every room see them all.
	{dir: "test/*", uses: []string{"api/...", "chartsync/...", "pkg/...", "release/...", "test/..."}, harness: true},
}
