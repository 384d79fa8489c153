package cluster

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path"
)

// stages tell KWOK what becomes of nodes, pods and volumes.
//
//go:embed stages/*.yaml
var stages embed.FS

// auditPolicy logs who asked for what, once, when it was answered.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted, Panic]
rules:
- level: Metadata
`

// containerLog is what every simulated container says, in the container
// runtime's format.
const containerLog = "2026-01-01T00:00:00.000000000Z stdout F This container is simulated and has nothing to say\n"

// writeConfig writes the files that the programs read besides credentials.
func (h *Home) writeConfig() error {
	kwok, err := kwokConfig(h.path("config", "container.log"))
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"audit.yaml": []byte(auditPolicy), "container.log": []byte(containerLog), "kwok.yaml": kwok,
	} {
		if err := os.WriteFile(h.path("config", name), content, 0o600); err != nil {
			return fmt.Errorf("writing configuration: %w", err)
		}
	}
	return nil
}

// kwokConfig joins the stages into the one file that KWOK takes.
func kwokConfig(containerLog string) ([]byte, error) {
	entries, err := stages.ReadDir("stages")
	if err != nil {
		return nil, fmt.Errorf("listing stages: %w", err)
	}
	var all bytes.Buffer
	for _, entry := range entries {
		content, err := stages.ReadFile(path.Join("stages", entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("reading stages: %w", err)
		}
		all.WriteString("---\n")
		all.Write(bytes.ReplaceAll(content, []byte("LOGFILE"), []byte(containerLog)))
	}
	return all.Bytes(), nil
}
