// Package show renders answers: as text for people, CSV, Markdown and JSON, all from one description.
package show

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"roofline/hardware/unit"
)

// Column describes one column. A column of quantities is given in base units and printed in one scale for all rows,
// the unit in its header.
type Column struct {
	Group  string      // printed above, once over neighbouring columns of the same group
	Title  string      // without the unit
	Unit   string      // printed below the title; for quantities the scale's symbol is
	Scales unit.Scales // of a quantity; one scale alone fixes the unit
	Base   string      // the unit of CSV, where the scales do not hold the base unit
	Digits int         // significant digits; 0 means 3
	Whole  bool        // counts: no decimals
	Left   bool        // text
	// Shrink, if not 0, lets long text be cut to that width where the table would get too wide, the rightmost such
	// column first; End keeps the end of the text rather than its beginning.
	Shrink int
	End    bool
}

// Cell is a value of a table: a string, a float64 (NaN: not known), or a Range.
type Cell any

// Range is a cell with a lower and an upper end.
type Range struct{ Low, High float64 }

// Unknown marks a value that is not known, NotSupported one that can't be.
var (
	Unknown      = math.NaN()
	NotSupported = "n/a"
)

// Table is rows under columns.
type Table struct {
	Columns []Column
	Rows    [][]Cell
	Footer  []Cell // totals; nil for none
}

// Add appends a row.
func (t *Table) Add(cells ...Cell) { t.Rows = append(t.Rows, cells) }

// rows returns the rows and the footer.
func (t *Table) rows() [][]Cell {
	if t.Footer == nil {
		return t.Rows
	}
	return append(append([][]Cell{}, t.Rows...), t.Footer)
}

// scale returns the one scale column c is printed in.
func (t *Table) scale(c int) unit.Scale {
	if t.Columns[c].Scales == nil {
		return unit.Scale{Factor: 1, Symbol: t.Columns[c].Unit}
	}
	var values []float64
	for _, row := range t.Rows {
		switch v := row[c].(type) {
		case float64:
			values = append(values, v)
		case Range:
			values = append(values, v.High)
		}
	}
	return t.Columns[c].Scales.Common(values)
}

func (c *Column) number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case c.Whole:
		return unit.Group(strconv.FormatFloat(math.Round(v), 'f', 0, 64))
	}
	digits := c.Digits
	if digits == 0 {
		digits = 3
	}
	return unit.Number(v, digits)
}

func (c *Column) text(cell Cell, scale unit.Scale) string {
	switch v := cell.(type) {
	case string:
		return v
	case float64:
		return c.number(v / scale.Factor)
	case Range:
		if math.IsNaN(v.Low) || math.IsNaN(v.High) {
			return "–"
		}
		return c.number(v.Low/scale.Factor) + "–" + c.number(v.High/scale.Factor)
	}
	return ""
}

// Cell returns a cell as it is printed, with its unit.
func (t *Table) Cell(row, column int) string {
	scale := t.scale(column)
	return strings.TrimSpace(t.Columns[column].text(t.Rows[row][column], scale) + " " + scale.Symbol)
}

// writer lays the table out with scaled numbers: groups, titles and units in header rows of their own, or all in one.
func (t *Table) writer(groups bool) table.Writer {
	w := table.NewWriter()
	titles, units, above := table.Row{}, table.Row{}, table.Row{}
	var configs []table.ColumnConfig
	var scales []unit.Scale
	grouped, measured := false, false
	for i := range t.Columns {
		c := &t.Columns[i]
		scales = append(scales, t.scale(i))
		title, symbol := c.Title, scales[i].Symbol
		if !groups {
			if title = strings.TrimSpace(title + " " + symbol); c.Group != "" {
				title = c.Group + ": " + title
			}
		}
		titles, units = append(titles, title), append(units, symbol)
		measured = measured || symbol != ""
		above = append(above, c.Group)
		grouped = grouped || c.Group != ""
		align := text.AlignRight
		if c.Left {
			align = text.AlignLeft
		}
		configs = append(configs, table.ColumnConfig{Number: i + 1, Align: align, AlignHeader: align, AlignFooter: align})
	}
	if groups && grouped {
		t.widen(titles, units, scales)
		w.AppendHeader(above, table.RowConfig{AutoMerge: true, AutoMergeAlign: text.AlignCenter})
	}
	w.AppendHeader(titles)
	if groups && measured {
		w.AppendHeader(units)
	}
	for _, row := range t.rows() {
		line := table.Row{}
		for i, cell := range row {
			line = append(line, t.Columns[i].text(cell, scales[i]))
		}
		w.AppendRow(line)
	}
	w.SetColumnConfigs(configs)
	return w
}

// widen pads the title of the last column below each group title that is longer than its columns together: the renderer
// can't share out what is left over.
func (t *Table) widen(titles, units table.Row, scales []unit.Scale) {
	width := func(i int) int {
		w := max(text.StringWidthWithoutEscSequences(titles[i].(string)), text.StringWidthWithoutEscSequences(units[i].(string)))
		for _, row := range t.rows() {
			w = max(w, text.StringWidthWithoutEscSequences(t.Columns[i].text(row[i], scales[i])))
		}
		return w
	}
	for first := 0; first < len(t.Columns); {
		group, last, wide := t.Columns[first].Group, first, width(first)
		for last+1 < len(t.Columns) && t.Columns[last+1].Group == group {
			last++
			wide += width(last) // the spaces between columns are not counted by the renderer
		}
		if lacks := text.StringWidthWithoutEscSequences(group) - wide; group != "" && lacks > 0 {
			titles[last] = strings.Repeat(" ", lacks+width(last)-text.StringWidthWithoutEscSequences(titles[last].(string))) + titles[last].(string)
		}
		first = last + 1
	}
}

// Text renders the table for people: aligned, without rules, in at most width columns as far as columns may shrink;
// 0 sets no limit.
func (t *Table) Text(width int) string {
	out := t.text()
	for c := len(t.Columns) - 1; c >= 0; c-- {
		if excess := widest(out) - width; width > 0 && excess > 0 && t.Columns[c].Shrink > 0 {
			t = t.shrunk(c, excess)
			out = t.text()
		}
	}
	return out
}

func (t *Table) text() string {
	w := t.writer(true)
	w.SetStyle(table.Style{
		Name:   "plain",
		Box:    table.BoxStyle{MiddleVertical: " ", PaddingRight: " "},
		Format: table.FormatOptions{Header: text.FormatDefault, Row: text.FormatDefault},
	})
	lines := strings.Split(w.Render(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

func widest(out string) int {
	w := 0
	for _, line := range strings.Split(out, "\n") {
		w = max(w, text.StringWidthWithoutEscSequences(line))
	}
	return w
}

// shrunk returns the table with the text of one column cut by excess, as far as it goes.
func (t *Table) shrunk(column, excess int) *Table {
	longest := 0
	for _, row := range t.rows() {
		if s, ok := row[column].(string); ok {
			longest = max(longest, text.StringWidthWithoutEscSequences(s))
		}
	}
	limit := max(longest-excess, t.Columns[column].Shrink)
	cut := *t
	cut.Rows = nil
	for _, row := range t.Rows {
		row = append([]Cell{}, row...)
		if s, ok := row[column].(string); ok && text.StringWidthWithoutEscSequences(s) > limit {
			r := []rune(s)
			if t.Columns[column].End {
				row[column] = "…" + string(r[len(r)-limit+1:])
			} else {
				row[column] = string(r[:limit-1]) + "…"
			}
		}
		cut.Rows = append(cut.Rows, row)
	}
	return &cut
}

// Markdown renders the table for a document.
func (t *Table) Markdown() string { return t.writer(false).RenderMarkdown() + "\n" }

// CSV writes the rows of the table with numbers in base units, the unit in the header; unknown values are empty.
func (t *Table) CSV(out io.Writer) error {
	w := csv.NewWriter(out)
	if err := w.Write(t.head()); err != nil {
		return err
	}
	return t.CSVRows(w)
}

// CSVHead writes the header of [Table.CSV] alone, for tables whose rows come in parts.
func (t *Table) CSVHead(w *csv.Writer) error {
	if err := w.Write(t.head()); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

func (t *Table) head() (head []string) {
	for i := range t.Columns {
		c := &t.Columns[i]
		name := strings.TrimSpace(strings.Join([]string{c.Group, c.Title}, " "))
		if u := c.base(); u != "" {
			name += " " + u
		}
		if t.isRange(i) {
			low, high, _ := strings.Cut(c.Title, "–")
			head = append(head, strings.TrimSpace(c.Group+" "+low+" "+c.base()), strings.TrimSpace(c.Group+" "+high+" "+c.base()))
			continue
		}
		head = append(head, name)
	}
	return head
}

// CSVRows writes the rows of [Table.CSV] without its header.
func (t *Table) CSVRows(w *csv.Writer) error {
	for _, row := range t.rows() {
		var line []string
		for i, cell := range row {
			switch v := cell.(type) {
			case Range:
				line = append(line, plain(v.Low), plain(v.High))
			case float64:
				line = append(line, plain(v))
				if t.isRange(i) {
					line = append(line, "")
				}
			case string:
				if v == "–" {
					v = ""
				}
				line = append(line, v)
				if t.isRange(i) {
					line = append(line, "")
				}
			default:
				line = append(line, "")
			}
		}
		if err := w.Write(line); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// base is the unit of the column's values as they are given.
func (c *Column) base() string {
	if c.Base != "" {
		return c.Base
	}
	for _, s := range c.Scales {
		if s.Factor == 1 {
			return s.Symbol
		}
	}
	return c.Unit
}

func (t *Table) isRange(c int) bool {
	for _, row := range t.Rows {
		if _, ok := row[c].(Range); ok {
			return true
		}
	}
	return false
}

func plain(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', 9, 64)
}
