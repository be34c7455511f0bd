package main

import (
	"fmt"
	"math"

	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/chart"
	"roofline/hardware/unit"
)

// picture draws the rows of an answer as bars with bands: latency at the first load, throughput and money at the last.
func (c *estimateCmd) picture(s *session, a *show.Answer, model string, rows []row, latency latencyMeasure, loads [2]string) func() chart.Chart {
	return func() chart.Chart {
		n := newNamer(s.catalog)
		b := &chart.Bars{Caption: s.caption(a, model+": speed and cost")}
		out := chart.Measure{Name: "throughput" + loads[1], Better: chart.Higher}
		cost := chart.Measure{Name: "cost" + loads[1], Better: chart.Lower}
		var failed []string
		for i := range rows {
			r := &rows[i]
			if r.failed() || r.results[0] == nil {
				failed = append(failed, n.of(&r.target))
				continue
			}
			last := r.last()
			if last == nil {
				last = r.results[0]
			}
			out.Unit = last.Throughput.Unit
			if last.Cost != nil && len(last.Cost.Per) > 0 {
				cost.Unit = "$ per " + last.Cost.Per[0].Unit
			}
			b.Rows = append(b.Rows, bar(n, r, latency))
		}
		b.Measures = []chart.Measure{{Name: latency.name + loads[0], Scales: unit.TimeScales, Better: chart.Lower}, out, cost}
		if len(failed) > 0 {
			b.Notes = append(b.Notes, "No answer, for reasons the table gives: "+list(failed)+".")
		}
		if note := basisNote(rows); note != "" {
			b.Notes = append(b.Notes, note)
		}
		return b
	}
}

// latencyMeasure is the latency a picture shows.
type latencyMeasure struct {
	name string
	of   func(*estimate.Result) *estimate.Band
}

// bar is the row of one device.
func bar(n namer, r *row, latency latencyMeasure) chart.Bar {
	out := chart.Bar{Name: n.of(&r.target), Detail: planDetail(r)}
	first, last := r.results[0], r.last()
	if !r.fits() {
		out.Values = []chart.Estimated{chart.Unknown("does not fit"), chart.Unknown(""), chart.Unknown("")}
		return out
	}
	if b := latency.of(first); b != nil {
		out.Values = append(out.Values, chart.Estimated{Bound: float64(b.Bound), Low: float64(b.Low), Value: float64(b.Expected), High: float64(b.High)})
	} else {
		out.Values = append(out.Values, chart.Unknown(""))
	}
	if last == nil {
		return chart.Bar{Name: out.Name, Detail: out.Detail, Values: append(out.Values, chart.Unknown("memory not known"), chart.Unknown("memory not known"))}
	}
	// Throughput and money follow the latency by Little's law.
	l, rate := last.Latency, last.Throughput.Value
	k := rate * float64(l.Expected)
	out.Values = append(out.Values, chart.Estimated{Low: k / float64(l.High), Value: rate, High: k / float64(l.Low)})
	m := money(last)
	if math.IsNaN(m) {
		out.Values = append(out.Values, chart.Unknown("no price"))
		return out
	}
	low, high := costRange(last)
	out.Values = append(out.Values, chart.Estimated{Low: low, Value: m, High: high})
	return out
}

// planDetail names a plan that spreads a model.
func planDetail(r *row) string {
	if r.target.Count <= 1 {
		return ""
	}
	return plan(&r.target)
}

// atLoad says at which load a measure is taken: " alone", " at batch 1", " at full load".
func atLoad(what string, load float64) string {
	switch load {
	case most:
		return " at full load"
	case paying:
		return " where more stops paying"
	}
	return fmt.Sprintf(" at %s", fmt.Sprintf(what, load))
}
