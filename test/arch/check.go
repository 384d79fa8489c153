package arch

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// rules are everything that is held against a graph.
type rules struct {
	rooms          []room
	guards         []guard
	forbiddenNames []string
}

// check returns one line per violation, sorted, each saying what to do.
func (r rules) check(g graph) []string {
	var found []string
	lived := map[string]bool{}
	for _, p := range g.packages {
		from, _ := g.rel(p.ImportPath)
		home, ok := r.roomOf(from)
		if !ok {
			found = append(found, fmt.Sprintf("%s: is in no room: give it a line in rooms in test/arch/rooms.go, or move it into a room", from))
			continue
		}
		lived[home.rule.dir] = true
		found = append(found, r.checkNames(from, p)...)
		// A test is a citizen of the room too, and may use the harness besides.
		imports := map[string]bool{}
		for _, to := range slices.Concat(p.TestImports, p.XTestImports) {
			imports[to] = true
		}
		for _, to := range p.Imports {
			imports[to] = false
		}
		for to, onlyTest := range imports {
			if v := r.checkImport(g, from, home, to, onlyTest); v != "" {
				found = append(found, from+": "+v)
			}
		}
	}
	found = append(found, r.checkRooms(g, lived)...)
	slices.Sort(found)
	return found
}

// checkRooms finds the rules that nothing keeps and nothing can break: they
// would open a door for whoever comes next. lived has the rooms with packages.
func (r rules) checkRooms(g graph, lived map[string]bool) []string {
	var found []string
	for _, room := range r.rooms {
		if !lived[room.dir] {
			found = append(found, fmt.Sprintf("%s: is a room in which no package lives: remove its line from test/arch/rooms.go", room.dir))
		}
		for _, use := range room.uses {
			named := func(p pkg) bool {
				rel, ours := g.rel(p.ImportPath)
				return ours && matches(use, rel)
			}
			if !slices.ContainsFunc(g.packages, named) {
				found = append(found, fmt.Sprintf("%s: uses %s, where no package lives: remove it from test/arch/rooms.go", room.dir, use))
			}
		}
	}
	return found
}

// checkNames holds the words: what a package is called and what it says of itself.
func (r rules) checkNames(from string, p pkg) []string {
	var found []string
	for _, name := range append(strings.Split(from, "/"), p.Name) {
		if slices.Contains(r.forbiddenNames, name) {
			found = append(found, fmt.Sprintf("%s: %q says nothing about what is inside: name the package after the thing it holds", from, name))
			break
		}
	}
	if p.Doc == "" {
		found = append(found, fmt.Sprintf("%s: has no package comment: say in a doc.go what lives here, the nouns, and what never happens here", from))
	}
	return found
}

// checkImport judges one import; onlyTest says that only tests have it.
func (r rules) checkImport(g graph, from string, home home, to string, onlyTest bool) string {
	rel, ours := g.rel(to)
	if !ours {
		return r.checkGuards(from, to)
	}
	there, ok := r.roomOf(rel)
	if !ok || there.dir == home.dir {
		return "" // A package in no room is reported where it is listed.
	}
	if there.rule.harness {
		if onlyTest || home.rule.harness {
			return ""
		}
		return fmt.Sprintf("imports %s, which exists for tests: import it in a _test.go file", rel)
	}
	for _, use := range home.rule.uses {
		if matches(use, rel) {
			return ""
		}
	}
	if len(home.rule.uses) == 0 {
		return fmt.Sprintf("imports %s, but may import nothing of ours: hand it in from above, or move the code to where both may be known", rel)
	}
	return fmt.Sprintf("imports %s, but may import only %s: let the one who needs both introduce them, through an interface declared here",
		rel, strings.Join(home.rule.uses, ", "))
}

// checkGuards judges an import of a library.
func (r rules) checkGuards(from, to string) string {
	for _, guard := range r.guards {
		if !matches(guard.library, to) {
			continue
		}
		for _, a := range guard.allowed {
			if matches(a.room, from) && a.includes(guard.library, to) {
				return ""
			}
		}
		return fmt.Sprintf("imports %s: %s", to, guard.instead)
	}
	return ""
}

func (a access) includes(library, to string) bool {
	sub := strings.TrimPrefix(to, strings.TrimSuffix(library, "..."))
	return len(a.only) == 0 || slices.Contains(a.only, sub)
}

// A home is the room a package lives in: the rule for it and the folder itself,
// which differ where the rule ends in "*".
type home struct {
	rule room
	dir  string
}

// roomOf finds the room of a package. The longest folder wins, and a folder by
// its name wins over "*".
func (r rules) roomOf(rel string) (home, bool) {
	for dir := rel; dir != "."; dir = path.Dir(dir) {
		for _, name := range []string{dir, path.Join(path.Dir(dir), "*")} {
			i := slices.IndexFunc(r.rooms, func(room room) bool { return room.dir == name })
			if i >= 0 {
				return home{rule: r.rooms[i], dir: dir}, true
			}
		}
	}
	return home{}, false
}

// matches tells whether a package is meant by a pattern: itself, or with a
// trailing "/..." anything below as well, as for the go command.
func matches(pattern, pkg string) bool {
	prefix, tree := strings.CutSuffix(pattern, "/...")
	return pkg == prefix || tree && strings.HasPrefix(pkg, prefix+"/")
}
