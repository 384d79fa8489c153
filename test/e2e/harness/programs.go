package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// The environment variables that say where the programs are; the Makefile sets
// them.
const (
	binVariable  = "FAIRLEAD_BIN"
	k8sVariable  = "FAIRLEAD_K8S_BIN"
	helmVariable = "HELM_BIN"
)

// builtBy says which make target builds what a variable leads to.
var builtBy = map[string]string{binVariable: "build", k8sVariable: "controlplane", helmVariable: "helm"}

// program returns the path that a variable holds, which must be there.
func program(variable string, below ...string) (string, error) {
	value := os.Getenv(variable)
	if value == "" {
		return "", fmt.Errorf("%s is not set: run this with `make test`, which sets it and builds what is there", variable)
	}
	path := filepath.Join(append([]string{value}, below...)...)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s leads to nothing (run `make %s`): %w", variable, builtBy[variable], err)
	}
	return path, nil
}

func mustProgram(t testing.TB, variable string, below ...string) string {
	t.Helper()
	path, err := program(variable, below...)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// repository returns the root of this repository: this file is three folders
// below it.
func repository() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..")
}
