package helm3

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"

	"github.com/fairlead-dev/fairlead/release"
)

// mostViolations is how many violations a message names.
const mostViolations = 3

// violations says where the values break the schemas of a chart and its
// dependencies, and which rule: `replicaCount: got string, want integer`. Helm's
// own text quotes the values. It is asked only after Helm has refused them, so a
// schema that cannot be read here gives nothing.
func violations(c *chart.Chart, values map[string]any) []string {
	all, err := chartutil.CoalesceValues(c, values)
	if err != nil {
		return nil
	}
	return violationsAt(c, all, nil)
}

func violationsAt(c *chart.Chart, values map[string]any, at []string) []string {
	var out []string
	if c.Schema != nil {
		out = append(out, violationsOf(c.Schema, values, at)...)
	}
	for _, sub := range c.Dependencies() {
		if table, ok := values[sub.Name()].(map[string]any); ok {
			out = append(out, violationsAt(sub, table, append(slices.Clone(at), sub.Name()))...)
		}
	}
	return out
}

func violationsOf(schema []byte, values map[string]any, at []string) []string {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil
	}
	const here = "file:///values.schema.json"
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(here, doc); err != nil {
		return nil
	}
	compiled, err := compiler.Compile(here)
	if err != nil {
		return nil
	}
	invalid, ok := compiled.Validate(values).(*jsonschema.ValidationError) //nolint:errorlint // it is never wrapped
	if !ok {
		return nil
	}
	var out []string
	for _, leaf := range leaves(invalid) {
		where := strings.Join(append(slices.Clone(at), leaf.InstanceLocation...), ".")
		if where == "" {
			where = "the values"
		}
		if line := where + ": " + rule(leaf.ErrorKind); !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	return out
}

func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	var out []*jsonschema.ValidationError
	for _, cause := range e.Causes {
		out = append(out, leaves(cause)...)
	}
	return out
}

// rule says what the schema wants; never what the value is.
func rule(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Type:
		return fmt.Sprintf("got %s, want %s", k.Got, strings.Join(k.Want, " or "))
	case *kind.Required:
		return "missing " + quoteAll(k.Missing)
	case *kind.AdditionalProperties:
		return "unknown " + quoteAll(k.Properties)
	case *kind.Enum:
		return "want one of " + listed(k.Want)
	case *kind.Const:
		return fmt.Sprintf("want %v", k.Want)
	case *kind.Pattern:
		return fmt.Sprintf("want a match of %q", k.Want)
	case *kind.Format:
		return "want the format " + k.Want
	case *kind.Minimum:
		return "want at least " + k.Want.RatString()
	case *kind.Maximum:
		return "want at most " + k.Want.RatString()
	case *kind.ExclusiveMinimum:
		return "want more than " + k.Want.RatString()
	case *kind.ExclusiveMaximum:
		return "want less than " + k.Want.RatString()
	case *kind.MultipleOf:
		return "want a multiple of " + k.Want.RatString()
	case *kind.MinLength:
		return fmt.Sprintf("want at least %d characters", k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("want at most %d characters", k.Want)
	case *kind.MinItems:
		return fmt.Sprintf("want at least %d items", k.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("want at most %d items", k.Want)
	case *kind.FalseSchema:
		return "not allowed"
	}
	return "breaks the rule " + strconv.Quote(strings.Join(k.KeywordPath(), "/"))
}

func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = strconv.Quote(n)
	}
	slices.Sort(quoted)
	return strings.Join(quoted, ", ")
}

func listed(values []any) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = fmt.Sprintf("%#v", v)
	}
	return strings.Join(out, ", ")
}

// explain names the violations; without any it leaves the message as it is.
func explain(f *release.Error, in *inputs) {
	c, values, err := in.again()
	if err != nil {
		return
	}
	found := violations(c, values)
	if len(found) == 0 {
		return
	}
	more := ""
	if n := len(found) - mostViolations; n > 0 {
		found, more = found[:mostViolations], fmt.Sprintf(" and %d more", n)
	}
	f.Message += ": " + strings.Join(found, "; ") + more
}
