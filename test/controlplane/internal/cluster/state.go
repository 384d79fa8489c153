package cluster

import (
	"encoding/json"
	"fmt"
	"os"
)

// State is what a running cluster tells others, in Home's controlplane.json.
type State struct {
	PID        int            `json:"pid"`
	Ready      bool           `json:"ready"`
	Server     string         `json:"server"`
	Kubeconfig string         `json:"kubeconfig"`
	Processes  map[string]int `json:"processes"`
}

func (h *Home) writeState(s State) error {
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the state: %w", err)
	}
	return h.write("controlplane.json", append(content, '\n'))
}

func (h *Home) readState() (State, error) {
	var s State
	content, err := os.ReadFile(h.stateFile())
	if err != nil {
		return s, fmt.Errorf("reading the state: %w", err)
	}
	if err := json.Unmarshal(content, &s); err != nil {
		return s, fmt.Errorf("decoding %s: %w", h.stateFile(), err)
	}
	return s, nil
}

// write puts a file in its place whole: readers see the old one or the new one.
func (h *Home) write(name string, content []byte) error {
	file := h.path(name)
	if err := os.WriteFile(file+".new", content, 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// mark is the environment variable that every process of a home carries.
func (h *Home) mark() string { return "FAIRLEAD_CONTROLPLANE_DIR=" + h.dir }
