package main

import (
	"fmt"
	"math"
	"strings"

	"roofline/cmd/roofline/internal/metric"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/hardware/unit"
)

// sideMetrics are what two answers are compared by.
var sideMetrics = []string{"latency", "ttft", "tpot", "speed", "e2e", "concurrency", "throughput", "memory", "cost", "power"}

// difference is a metric of two answers at one load.
type difference struct {
	Load   string   `json:"load"`
	Metric string   `json:"metric"`
	Unit   string   `json:"unit,omitempty"` // of both values: base units
	Before *float64 `json:"before,omitempty"`
	After  *float64 `json:"after,omitempty"`
	Ratio  *float64 `json:"ratio,omitempty"` // after ÷ before
}

// baseUnits are the units of metrics in JSON, where they are not as shown.
var baseUnits = map[string]string{"ms": "s", "GiB": "B"}

// differencesOf compares answers, load by load.
func differencesOf(before, after []*estimate.Result) []difference {
	var out []difference
	for i := range min(len(before), len(after)) {
		for _, id := range sideMetrics {
			m := metric.Get(id)
			a, b := m.Of(before[i]), m.Of(after[i])
			if !a.Known() && !b.Known() {
				continue
			}
			d := difference{Load: loadName(before[i]), Metric: id, Unit: unitOf(m, a, b)}
			if base, ok := baseUnits[d.Unit]; ok {
				d.Unit = base
			}
			if a.Known() {
				d.Before = &a.Value
			}
			if b.Known() {
				d.After = &b.Value
			}
			if a.Known() && b.Known() {
				ratio := b.Value / a.Value
				d.Ratio = &ratio
			}
			out = append(out, d)
		}
	}
	return out
}

// unitOf is the unit a metric is shown in, for what is counted in two readings of it.
func unitOf(m *metric.Metric, a, b metric.Reading) string {
	for _, r := range []metric.Reading{a, b} {
		if r.Known() && r.Unit != "" {
			return r.Unit
		}
	}
	return m.Unit
}

// loadName says what an answer was asked of: one request, so many users, a batch.
func loadName(r *estimate.Result) string {
	switch w := r.Workload; {
	case w.Concurrency == 1:
		return "one request alone"
	case w.Concurrency > 0:
		return unit.Group(fmt.Sprintf("%.0f", w.Concurrency)) + " users"
	default:
		return fmt.Sprintf("batch %.0f", w.Batch)
	}
}

// sides lays two lists of answers out side by side: a row per quantity, its unit beside it, and a group of columns per load.
func sides(loads []string, before, after []*estimate.Result) show.Table {
	t := show.Table{Columns: []show.Column{{Title: "quantity", Left: true}, {Title: "unit", Left: true}}}
	for _, load := range loads {
		t.Columns = append(t.Columns, show.Column{Group: load, Title: "before"}, show.Column{Group: load, Title: "after"},
			show.Column{Group: load, Title: "change", Unit: "%"})
	}
	for _, id := range sideMetrics {
		m := metric.Get(id)
		label, unitText := m.Label, m.Unit
		var cells []show.Cell
		known := false
		for i := range loads {
			a, b := m.Of(before[i]), m.Of(after[i])
			known = known || a.Known() || b.Known()
			if a.Unit != "" {
				unitText = a.Unit
			}
			cells = append(cells, valueCell(m, a), valueCell(m, b), percentChange(a, b))
		}
		if known {
			t.Add(append([]show.Cell{label, unitText}, cells...)...)
		}
	}
	cells := []show.Cell{"limited by", ""}
	for i := range loads {
		a, b := limitOf(before[i]), limitOf(after[i])
		change := ""
		if a != b {
			change = "changes"
		}
		cells = append(cells, a, b, change)
	}
	t.Add(cells...)
	return t
}

// valueCell is a value in the unit it is shown in; counts are whole.
func valueCell(m *metric.Metric, r metric.Reading) show.Cell {
	if r.Known() && m.Unit == "" && r.Unit == "" {
		return fmt.Sprintf("%.0f", r.Value)
	}
	return r.Value / m.Scale()
}

func limitOf(r *estimate.Result) string {
	if r.BoundBy == nil {
		return "–"
	}
	return r.BoundBy.String()
}

// percentChange prints by how many per cent a value changes.
func percentChange(a, b metric.Reading) string {
	if !a.Known() || !b.Known() || a.Value == 0 {
		return "–"
	}
	return signed(100 * (b.Value/a.Value - 1))
}

// signed prints a change with its sign and one decimal, none of large ones.
func signed(v float64) string {
	switch {
	case math.Abs(v) < 0.05:
		return "0"
	case math.Abs(v) >= 99.95:
		return strings.Replace(fmt.Sprintf("%+.0f", v), "-", "−", 1)
	}
	return strings.Replace(fmt.Sprintf("%+.1f", v), "-", "−", 1)
}
