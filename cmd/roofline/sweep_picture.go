package main

import (
	"fmt"
	"math"

	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/chart"
	"roofline/hardware/unit"
)

// picture draws throughput and latency against the load, a curve per combination: as many as can be told apart.
func (c *sweepCmd) picture(s *session, p *space, a *show.Answer, n namer) *chart.Load {
	l := &chart.Load{Name: "batch", Throughput: chart.Measure{Name: "throughput", Unit: p.counted() + "/s", Better: chart.Higher},
		Latency: chart.Measure{Name: "time of a batch", Scales: unit.TimeScales, Better: chart.Lower, Log: true}}
	title := "throughput and time against the batch"
	latencyOf := func(e *estimate.Result) estimate.Band { return latency(e) }
	if p.loaded.Language != nil {
		l.Name, title = "requests in flight", "throughput and time per token against the load"
		l.Latency.Name, latencyOf = "TPOT", tpot
	}
	l.Caption = s.caption(a, p.loaded.Name()+": "+title)
	more, without := 0, 0
	for i := range p.cases {
		d, err := p.cases[i].Deploy()
		if err != nil {
			without++
			continue
		}
		curve := chart.Curve{}
		for _, e := range p.cases[i].Points(p.loads) {
			if holds(e) {
				curve.Points = append(curve.Points, atLoad(e, latencyOf(e)))
				curve.Name = n.curve(c, e)
			}
		}
		switch {
		case len(curve.Points) == 0:
			without++
		case len(l.Curves) == mostCurves:
			more++
		default:
			if full, err := d.Most(); err == nil {
				curve.Full = full
			}
			curve.Knee = knee(curve.Points)
			l.Curves = append(l.Curves, curve)
		}
	}
	if more > 0 {
		l.Notes = append(l.Notes, fmt.Sprintf("%s not drawn: choose with --device, --tp, --count or --dtype.", several(more, "more combination")))
	}
	if without > 0 {
		l.Notes = append(l.Notes, fmt.Sprintf("%s without a point that runs.", several(without, "combination")))
	}
	return l
}

// curve names a combination: 2 × h100-sxm TP2, and its format where there are several.
func (n namer) curve(c *sweepCmd, e *estimate.Result) string {
	text := n.deployed(e)
	if e.Count > 1 && e.Workload.Concurrency > 0 {
		text += " " + planned(e)
	}
	if len(c.DType) > 1 {
		text += " " + e.Workload.DType.String()
	}
	if len(c.Runtime) > 1 {
		text += " " + e.Runtime
	}
	return text
}

// atLoad is a point of a curve. Throughput has the band of the time of a request or batch, turned over.
func atLoad(e *estimate.Result, t estimate.Band) chart.AtLoad {
	rate := e.Throughput.Value
	whole := latency(e)
	return chart.AtLoad{Load: math.Max(e.Workload.Concurrency, e.Workload.Batch), Throughput: rate, Latency: seconds(t.Expected),
		ThroughputBand: chart.Band{Low: rate * float64(whole.Expected/whole.High), High: rate * float64(whole.Expected/whole.Low)},
		LatencyBand:    chart.Band{Low: seconds(t.Low), High: seconds(t.High)}}
}

// worthDoubling is the gain in throughput below which a doubled load does not pay.
const worthDoubling = 0.05

// knee returns the first load from which a step to the next gains less than 5 % throughput for each doubling, 0 if all do.
func knee(points []chart.AtLoad) float64 {
	for i := 0; i+1 < len(points); i++ {
		a, b := points[i], points[i+1]
		doublings := math.Log2(b.Load / a.Load)
		if doublings > 0 && math.Log2(b.Throughput/a.Throughput)/doublings < math.Log2(1+worthDoubling) {
			return a.Load
		}
	}
	return 0
}
