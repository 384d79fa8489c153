package arch

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

var projectRules = rules{rooms: rooms, guards: guards, forbiddenNames: forbiddenNames}

// TestArchitecture holds the rules against the packages as they are.
func TestArchitecture(t *testing.T) {
	g, err := list(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, violation := range projectRules.check(g) {
		t.Error(violation)
	}
}

// TestList makes sure that TestArchitecture looks at something: a list without
// imports would keep every rule.
func TestList(t *testing.T) {
	g, err := list(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range g.packages {
		rel, ours := g.rel(p.ImportPath)
		if !ours {
			t.Errorf("%s: is not below %s", p.ImportPath, g.module)
		}
		if rel != "test/arch" {
			continue
		}
		if p.Doc == "" || len(p.Imports) == 0 || len(p.TestImports) == 0 {
			t.Errorf("test/arch was listed without its comment or its imports: %+v", p)
		}
		return
	}
	t.Errorf("test/arch is not among the %d packages listed", len(g.packages))
}

// TestCheck shows that each kind of violation is found, and what is no violation.
func TestCheck(t *testing.T) {
	r := rules{
		rooms: []room{
			{dir: "cmd/*", uses: []string{"release/...", "pkg/..."}},
			{dir: "release/*", uses: []string{"release"}},
			{dir: "release/releasetest", uses: []string{"release"}, harness: true},
			{dir: "release"},
			{dir: "pkg/*"},
		},
		guards: []guard{{
			library: "helm.sh/helm/v3/...",
			allowed: []access{
				{room: "release/helm3/..."},
				{room: "pkg/cli", only: []string{"pkg/repo"}},
			},
			instead: "ask the engine",
		}},
		forbiddenNames: []string{"utils"},
	}
	// One package in each room, so that none is reported as empty.
	furnished := []pkg{
		{ImportPath: "m/cmd/fairlead", Imports: []string{"m/release/helm3", "m/pkg/cli", "fmt"}},
		{ImportPath: "m/release/helm3", Imports: []string{"m/release", "m/release/helm3/storage", "helm.sh/helm/v3/pkg/action"}},
		{ImportPath: "m/release/helm3/storage", Imports: []string{"helm.sh/helm/v3/pkg/storage"}},
		{ImportPath: "m/release/releasetest", Imports: []string{"m/release"}},
		{ImportPath: "m/release", XTestImports: []string{"m/release/releasetest"}},
		{ImportPath: "m/pkg/cli", Imports: []string{"helm.sh/helm/v3/pkg/repo"}},
	}

	cases := map[string]struct {
		why string
		add pkg
		// without leaves out the package of this path.
		without string
		want    []string
	}{
		"AllKept": {
			why: "Imports downwards, within a room, of guarded libraries where they belong, and of the harness by tests are fine.",
			add: pkg{ImportPath: "m/pkg/git", Doc: "d"},
		},
		"SiblingsMeet": {
			why:  "Two folders below release/* are two rooms.",
			add:  pkg{ImportPath: "m/release/decide", Doc: "d", Imports: []string{"m/release/helm3"}},
			want: []string{"release/decide: imports release/helm3, but may import only release: let the one who needs both introduce them, through an interface declared here"},
		},
		"SiblingsMeetDeepBelow": {
			why:  "What is below a room is the room's own.",
			add:  pkg{ImportPath: "m/release/decide", Doc: "d", Imports: []string{"m/release/helm3/storage"}},
			want: []string{"release/decide: imports release/helm3/storage, but may import only release: let the one who needs both introduce them, through an interface declared here"},
		},
		"Upwards": {
			why:  "The bottom imports nothing of ours.",
			add:  pkg{ImportPath: "m/pkg/git", Doc: "d", Imports: []string{"m/release"}},
			want: []string{"pkg/git: imports release, but may import nothing of ours: hand it in from above, or move the code to where both may be known"},
		},
		"UpwardsInATest": {
			why:  "A test keeps the rules of its room.",
			add:  pkg{ImportPath: "m/pkg/git", Doc: "d", TestImports: []string{"m/release"}},
			want: []string{"pkg/git: imports release, but may import nothing of ours: hand it in from above, or move the code to where both may be known"},
		},
		"HarnessInTheProduct": {
			why:  "What exists for tests is not linked into the binary, also where all of release/... may be used.",
			add:  pkg{ImportPath: "m/cmd/other", Doc: "d", Imports: []string{"m/release/releasetest"}},
			want: []string{"cmd/other: imports release/releasetest, which exists for tests: import it in a _test.go file"},
		},
		"HarnessInBoth": {
			why:  "An import by the product counts, whatever its tests import.",
			add:  pkg{ImportPath: "m/cmd/other", Doc: "d", Imports: []string{"m/release/releasetest"}, TestImports: []string{"m/release/releasetest"}},
			want: []string{"cmd/other: imports release/releasetest, which exists for tests: import it in a _test.go file"},
		},
		"GuardedLibrary": {
			why:  "Only the engine drives Helm.",
			add:  pkg{ImportPath: "m/pkg/git", Doc: "d", Imports: []string{"helm.sh/helm/v3/pkg/action"}},
			want: []string{"pkg/git: imports helm.sh/helm/v3/pkg/action: ask the engine"},
		},
		"GuardedLibraryInATest": {
			why:  "A test that reads Helm's types would hold the seam in place just as well.",
			add:  pkg{ImportPath: "m/pkg/git", Doc: "d", XTestImports: []string{"helm.sh/helm/v3/pkg/action"}},
			want: []string{"pkg/git: imports helm.sh/helm/v3/pkg/action: ask the engine"},
		},
		"MoreOfALibraryThanAllowed": {
			why:     "Access to one package of a library is not access to all.",
			add:     pkg{ImportPath: "m/pkg/cli", Doc: "d", Imports: []string{"helm.sh/helm/v3/pkg/repo", "helm.sh/helm/v3/pkg/repo/repotest"}},
			without: "m/pkg/cli",
			want:    []string{"pkg/cli: imports helm.sh/helm/v3/pkg/repo/repotest: ask the engine"},
		},
		"NoRoom": {
			why:  "A new folder is a decision.",
			add:  pkg{ImportPath: "m/internal/thing", Doc: "d"},
			want: []string{"internal/thing: is in no room: give it a line in rooms in test/arch/rooms.go, or move it into a room"},
		},
		"EmptyRoom": {
			why:     "A rule that nothing can break is forgotten.",
			add:     pkg{ImportPath: "m/pkg/git", Doc: "d"},
			without: "m/release/releasetest",
			want:    []string{"release/releasetest: is a room in which no package lives: remove its line from test/arch/rooms.go"},
		},
		"UseOfNothing": {
			why:     "Permission to use what is gone would be forgotten, too.",
			add:     pkg{ImportPath: "m/release/decide", Doc: "d"},
			without: "m/release",
			want: []string{
				"release/*: uses release, where no package lives: remove it from test/arch/rooms.go",
				"release/releasetest: uses release, where no package lives: remove it from test/arch/rooms.go",
				"release: is a room in which no package lives: remove its line from test/arch/rooms.go",
			},
		},
		"NameThatSaysNothing": {
			why:  "Also as a folder on the way.",
			add:  pkg{ImportPath: "m/release/helm3/utils/yaml", Doc: "d"},
			want: []string{`release/helm3/utils/yaml: "utils" says nothing about what is inside: name the package after the thing it holds`},
		},
		"NoPackageComment": {
			why:  "The package comment is the sign on the door.",
			add:  pkg{ImportPath: "m/pkg/git"},
			want: []string{"pkg/git: has no package comment: say in a doc.go what lives here, the nouns, and what never happens here"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			g := graph{module: "m"}
			for _, p := range furnished {
				if p.ImportPath != tc.without {
					p.Doc = "Package p is documented."
					g.packages = append(g.packages, p)
				}
			}
			g.packages = append(g.packages, tc.add)
			if diff := cmp.Diff(tc.want, r.check(g)); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.why, diff)
			}
		})
	}
}
