package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// gap is what kubectl and helm put between columns.
const gap = "   "

// A table is rows of cells below a header. A row may have a note: a line of its
// own, below the row, that is no part of any column.
type table struct {
	header []string
	rows   []row
}

type row struct {
	cells []string
	note  string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, row{cells: cells}) }

// annotate puts a note below the last row.
func (t *table) annotate(note string) { t.rows[len(t.rows)-1].note = note }

// write prints the table. What cells hold comes from objects and commits of
// other people, so it is made harmless for a terminal first.
func (t *table) write(out io.Writer) error {
	lines := append([]row{{cells: t.header}}, t.rows...)
	widths := make([]int, len(t.header))
	for _, line := range lines {
		for i, cell := range line.cells {
			line.cells[i] = oneLine(cell)
			widths[i] = max(widths[i], utf8.RuneCountInString(line.cells[i]))
		}
	}
	var text strings.Builder
	for _, line := range lines {
		var cells strings.Builder
		for i, cell := range line.cells {
			cells.WriteString(cell)
			cells.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)) + gap)
		}
		text.WriteString(strings.TrimRight(cells.String(), " ") + "\n")
		if line.note != "" {
			text.WriteString(gap + "└ " + oneLine(line.note) + "\n")
		}
	}
	_, err := fmt.Fprint(out, text.String())
	return err
}

// oneLine replaces what would break a line or steer the terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return '\uFFFD'
		}
		return r
	}, s)
}

// cut shortens a text to at most n characters.
func cut(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return strings.TrimRight(string(runes[:n-1]), " ") + "…"
	}
	return s
}
