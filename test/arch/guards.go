package arch

// A guard keeps a library in the few rooms that are made to know it, so that
// its replacement, or its next major version, is a change in those rooms only.
type guard struct {
	// library is an import path; a trailing "/..." includes the packages below.
	library string
	// allowed are the rooms that may import it, tests included.
	allowed []access
	// instead completes "…, so …": it tells what to do.
	instead string
}

// access lets the packages of a room import some packages of a library.
type access struct {
	// room is a folder; a trailing "/..." includes the rooms below.
	room string
	// only names the packages below the library; empty means all of them.
	only []string
}

// guards are tried in order: the first whose library matches an import judges it.
var guards = []guard{
	{
		library: "helm.sh/helm/v3/...",
		allowed: []access{
			{room: "release/helm3/..."},
			// A chart is an archive with an index around it: reading one says
			// nothing about releases.
			{room: "chartsync/...", only: []string{"pkg/chart", "pkg/chart/loader", "pkg/ignore", "pkg/repo"}},
			// A folder of charts with an index is what charthost serves.
			{room: "pkg/charthost/...", only: []string{"pkg/chart", "pkg/chart/loader", "pkg/repo"}},
			{room: "test/..."},
		},
		instead: "put what needs Helm into release/helm3 and let bytes, maps and the nouns of package release cross its seam",
	},
	{
		library: "helm.sh/helm/...",
		instead: "stay with helm.sh/helm/v3: another major version is another engine beside release/helm3",
	},
	{
		library: "github.com/go-git/...",
		allowed: []access{{room: "pkg/git/..."}, {room: "test/..."}},
		instead: "ask pkg/git for mirrors, trees and files, and extend it where it lacks something",
	},
}

// forbiddenNames are package names that say nothing about what is inside.
var forbiddenNames = []string{"common", "helper", "helpers", "misc", "shared", "util", "utils"}
