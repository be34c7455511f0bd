package main

import (
	"fmt"
	"math"
	"strings"

	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/chart"
	"roofline/hardware/unit"
)

// bars draws the rows of an answer: latency at the first load, throughput and money at the last.
func bars(s *session, a *show.Answer, loaded *deploy.Loaded, x *asked) *chart.Bars {
	n := newNamer(s.catalog)
	latency, first, last := pictured(x)
	b := &chart.Bars{Caption: s.caption(a, loaded.Name()+": latency, throughput and cost")}
	rate := chart.Measure{Name: "throughput" + last, Better: chart.Higher}
	cost := chart.Measure{Name: "cost" + last, Better: chart.Lower}
	var failed []string
	for i := range x.rows {
		r := &x.rows[i]
		if r.failed() || r.results[0] == nil {
			failed = append(failed, n.of(&r.target))
			continue
		}
		e := r.results[0]
		rate.Unit = e.Throughput.Unit
		if e.Cost != nil && len(e.Cost.Per) > 0 {
			cost.Unit = strings.Replace(e.Cost.Per[0].Unit, "USD/", "$/", 1)
		}
		b.Rows = append(b.Rows, bar(n, r, latency))
	}
	b.Measures = []chart.Measure{{Name: latency.name + first, Scales: unit.TimeScales, Better: chart.Lower}, rate, cost}
	if len(failed) > 0 {
		b.Notes = append(b.Notes, "No answer, for reasons the table gives: "+list(failed)+".")
	}
	if note := basisNote(x.rows); note != "" {
		b.Notes = append(b.Notes, note)
	}
	return b
}

// pictured returns which latency of an answer is drawn, and at which loads it and the rest are taken.
func pictured(x *asked) (latency latencyMeasure, first, last string) {
	switch {
	case x.step != nil:
		return stepLatency, "", ""
	case len(x.rates) > 0:
		return tokenLatency, atRate(x.rates[0]), atRate(x.rates[len(x.rates)-1])
	case len(x.users) > 0:
		return tokenLatency, atUsers(x.users[0]), atUsers(x.users[len(x.users)-1])
	}
	return batchLatency, atBatch(x.batches[0]), atBatch(x.batches[len(x.batches)-1])
}

// latencyMeasure is the latency a picture shows.
type latencyMeasure struct {
	name string
	of   func(*estimate.Result) *estimate.Band
}

var (
	batchLatency = latencyMeasure{"latency", func(e *estimate.Result) *estimate.Band { return e.Latency }}
	stepLatency  = latencyMeasure{"time of a step", func(e *estimate.Result) *estimate.Band { return e.Latency }}
	tokenLatency = latencyMeasure{"TPOT", func(e *estimate.Result) *estimate.Band {
		if e.Decode == nil {
			return nil
		}
		return &e.Decode.TPOT
	}}
)

// atBatch and atUsers say at which load a measure is taken.
func atBatch(batch float64) string {
	switch batch {
	case most:
		return ", largest batch"
	case paying:
		return ", paying batch"
	}
	return fmt.Sprintf(", batch %.0f", batch)
}

func atUsers(users float64) string {
	switch users {
	case most:
		return ", full load"
	case 1:
		return ", one request"
	}
	return fmt.Sprintf(", %.0f requests", users)
}

// atRate names an open loop.
func atRate(perSecond float64) string {
	return fmt.Sprintf(" at %s requests/s", unit.Number(perSecond, 3))
}

// bar is the row of one device.
func bar(n namer, r *row, latency latencyMeasure) chart.Bar {
	out := chart.Bar{Name: n.of(&r.target)}
	if r.target.Count > 1 {
		out.Detail = plan(&r.target)
	}
	first, last := r.results[0], r.last()
	if !r.fits() {
		out.Values = []chart.Estimated{chart.Unknown("does not fit"), chart.Unknown("–"), chart.Unknown("–")}
		return out
	}
	out.Values = append(out.Values, chart.Unknown("–"))
	if b := latency.of(first); b != nil {
		out.Values[0] = chart.Estimated{Bound: float64(b.Bound), Low: float64(b.Low), Value: float64(b.Expected), High: float64(b.High)}
	}
	if last == nil {
		out.Values = append(out.Values, chart.Unknown("memory not known"), chart.Unknown("–"))
		return out
	}
	if load := last.Load; last.Workload.Rate > 0 { // what comes goes out again, however long it takes
		if !load.Stable {
			out.Values = append(out.Values, chart.Unknown("unstable"), chart.Unknown("–"))
			return out
		}
		out.Values = append(out.Values, chart.Estimated{Value: last.Throughput.Value})
		if m := money(last); !math.IsNaN(m) {
			out.Values = append(out.Values, chart.Estimated{Value: m})
		} else {
			out.Values = append(out.Values, chart.Unknown("no price"))
		}
		return out
	}
	// Throughput and money follow the latency by Little's law.
	rate, k := last.Throughput.Value, last.Throughput.Value*float64(last.Latency.Expected)
	out.Values = append(out.Values, chart.Estimated{Low: k / float64(last.Latency.High), Value: rate, High: k / float64(last.Latency.Low)})
	m := money(last)
	if math.IsNaN(m) {
		out.Values = append(out.Values, chart.Unknown("no price"))
		return out
	}
	low, high := costRange(last)
	out.Values = append(out.Values, chart.Estimated{Low: low, Value: m, High: high})
	return out
}
