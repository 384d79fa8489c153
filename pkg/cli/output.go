package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

// output is the value of -o: a format.
type output string

// The formats.
const (
	asTable output = "table"
	asJSON  output = "json"
	asYAML  output = "yaml"
)

var formats = []string{string(asTable), string(asJSON), string(asYAML)}

// formatFlag gives a verb the flag -o.
func formatFlag(cmd *cobra.Command) *output {
	o := asTable
	cmd.Flags().VarP(&o, "output", "o", "Format: "+strings.Join(formats, ", "))
	// It fails only for a flag that is not there.
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	return &o
}

// String returns the format.
func (o *output) String() string { return string(*o) }

// Type returns what help shows as the flag's value.
func (o *output) Type() string { return "format" }

// Set refuses what is no format, so that no verb has to.
func (o *output) Set(value string) error {
	for _, format := range formats {
		if value == format {
			*o = output(value)
			return nil
		}
	}
	return fmt.Errorf("must be one of %s", strings.Join(formats, ", "))
}

// encode writes a value as JSON or YAML, as kubectl would.
func encode(out io.Writer, format output, value any) error {
	var text []byte
	var err error
	if format == asYAML {
		text, err = yaml.Marshal(value)
	} else {
		text, err = json.MarshalIndent(value, "", "    ")
		text = append(text, '\n')
	}
	if err != nil {
		return fmt.Errorf("encoding the output: %w", err)
	}
	_, err = out.Write(text)
	return err
}
