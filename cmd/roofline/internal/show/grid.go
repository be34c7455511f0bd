package show

import (
	"math"

	"roofline/hardware/unit"
)

// Grid is a table with its numbers both as people read them, in one scale a column, and in base units, for whoever draws
// or sorts it: a page, a report.
type Grid struct {
	Columns []GridColumn `json:"columns"`
	Rows    [][]GridCell `json:"rows"`
	Footer  []GridCell   `json:"footer,omitempty"`
}

// GridColumn heads a column.
type GridColumn struct {
	Group string `json:"group,omitempty"`
	Title string `json:"title"`
	Unit  string `json:"unit,omitempty"`
	Text  bool   `json:"text,omitempty"` // not numbers
}

// GridCell is a value as text and, where it is a number that is known, as that; of a range the upper end.
type GridCell struct {
	Text  string   `json:"text"`
	Value *float64 `json:"value,omitempty"`
}

// Grid lays the table out.
func (t *Table) Grid() Grid {
	g := Grid{Rows: [][]GridCell{}}
	scales := make([]unit.Scale, len(t.Columns))
	for i := range t.Columns {
		scales[i] = t.scale(i)
		c := &t.Columns[i]
		g.Columns = append(g.Columns, GridColumn{Group: c.Group, Title: c.Title, Unit: scales[i].Symbol, Text: c.Left})
	}
	cells := func(row []Cell) []GridCell {
		var out []GridCell
		for i, cell := range row {
			c := GridCell{Text: t.Columns[i].text(cell, scales[i])}
			value := math.NaN()
			switch v := cell.(type) {
			case float64:
				value = v
			case Range:
				value = v.High
			}
			if !math.IsNaN(value) && !math.IsInf(value, 0) {
				c.Value = &value
			}
			out = append(out, c)
		}
		return out
	}
	for _, row := range t.Rows {
		g.Rows = append(g.Rows, cells(row))
	}
	if t.Footer != nil {
		g.Footer = cells(t.Footer)
	}
	return g
}

// GridGroup is a title over neighbouring columns.
type GridGroup struct {
	Title string
	Span  int
}

// Groups returns the titles above the columns, nil where there are none.
func (g Grid) Groups() []GridGroup {
	var out []GridGroup
	titled := false
	for _, c := range g.Columns {
		titled = titled || c.Group != ""
		if n := len(out); n > 0 && out[n-1].Title == c.Group {
			out[n-1].Span++
			continue
		}
		out = append(out, GridGroup{c.Group, 1})
	}
	if !titled {
		return nil
	}
	return out
}
