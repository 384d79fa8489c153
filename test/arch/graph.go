package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// A graph is the packages of one module with what they import.
type graph struct {
	module   string
	packages []pkg
}

// A pkg is what `go list` says about a package.
type pkg struct {
	ImportPath   string
	Name         string
	Doc          string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// list asks `go list` for the graph of the module that dir is in. A package
// that does not compile is listed with what could be read of it: the compiler
// says the rest better.
func list(dir string) (graph, error) {
	module, err := golist(dir, "-m", "-f", "{{.Path}}\t{{.Dir}}")
	if err != nil {
		return graph{}, err
	}
	path, root, ok := strings.Cut(strings.TrimSpace(string(module)), "\t")
	if !ok {
		return graph{}, fmt.Errorf("reading the module's path and folder from %q", module)
	}
	listed, err := golist(root, "-e", "-json=ImportPath,Name,Doc,Imports,TestImports,XTestImports", "./...")
	if err != nil {
		return graph{}, err
	}
	g := graph{module: path}
	for dec := json.NewDecoder(bytes.NewReader(listed)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return g, nil
		} else if err != nil {
			return graph{}, fmt.Errorf("reading what go list printed: %w", err)
		}
		g.packages = append(g.packages, p)
	}
}

func golist(dir string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("running go list %s: %w: %s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return out, nil
}

// rel cuts the module's path off an import path. ok is false for a package
// that is not ours.
func (g graph) rel(importPath string) (rel string, ok bool) {
	if importPath == g.module {
		return ".", true
	}
	return strings.CutPrefix(importPath, g.module+"/")
}
