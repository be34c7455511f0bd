package main

import (
	"fmt"
	"math"
	"strings"

	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/chart"
	"roofline/hardware/unit"
)

// mostRows is how many points a table for people shows.
const mostRows = 200

// sweepAnswer lays out a sweep for people.
func sweepAnswer(c *sweepCmd, s *session, p *space, d *sweepDocument) *show.Answer {
	n := newNamer(s.catalog)
	a := &show.Answer{Sentence: p.sweepSentence(n, d.Points), Assumed: p.assumed(&c.decision), JSON: d}
	shown := d.Points
	if s.Format == show.Text && len(shown) > mostRows {
		shown = first(running(shown), mostRows)
		a.Notes = append(a.Notes, fmt.Sprintf("the first %d of %s points that run; all: -o sweep.csv; the best: roofline frontier", len(shown), count(len(running(d.Points)))))
	}
	a.Picture = c.draw(func() chart.Chart { return c.picture(s, p, a, n) })
	a.Tables = []show.Table{p.columns(s.Wide).table(n, shown)}
	if note := pointBasis(d.Points); note != "" {
		a.Notes = append(a.Notes, note)
	}
	a.Warnings = append(reasons(n, d.Points), p.warnings(s, n, &c.decision, p.targets(func(string) bool { return true }))...)
	return a
}

// running returns the points that run.
func running(points []*estimate.Result) (out []*estimate.Result) {
	for _, e := range points {
		if holds(e) {
			out = append(out, e)
		}
	}
	return out
}

func first(points []*estimate.Result, n int) []*estimate.Result { return points[:min(n, len(points))] }

// sweepSentence says how many points there are and which are the best of them.
func (p *space) sweepSentence(n namer, points []*estimate.Result) string {
	run := running(points)
	var cheapest, fastest, busiest *estimate.Result
	better := func(best **estimate.Result, e *estimate.Result, value func(*estimate.Result) float64) {
		if v := value(e); !math.IsNaN(v) && (*best == nil || v < value(*best)) {
			*best = e
		}
	}
	for _, e := range run {
		better(&cheapest, e, money)
		better(&busiest, e, func(e *estimate.Result) float64 { return -e.Throughput.Value })
		if p.loaded.Language != nil {
			better(&fastest, e, func(e *estimate.Result) float64 { return -userSpeed(e) })
		} else {
			better(&fastest, e, func(e *estimate.Result) float64 { return float64(latency(e).Expected) })
		}
	}
	text := fmt.Sprintf("%s of %s points run", count(len(run)), count(len(points)))
	var parts []string
	if cheapest != nil {
		parts = append(parts, fmt.Sprintf("cheapest %s, %s$%s per M %s", n.at(cheapest), atLeast(cheapest.Cost), unit.Number(money(cheapest), 3), p.counted()))
	}
	if fastest != nil && fastest.Decode != nil {
		parts = append(parts, fmt.Sprintf("fastest for a user %s, %s tok/s", n.at(fastest), unit.Number(userSpeed(fastest), 3)))
	} else if fastest != nil {
		parts = append(parts, fmt.Sprintf("fastest %s, %s", n.at(fastest), fastest.Latency.Expected))
	}
	if busiest != nil {
		parts = append(parts, fmt.Sprintf("most %s, %s %s", n.at(busiest), unit.Number(busiest.Throughput.Value, 3), p.rate()))
	}
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, "; ")
	}
	return text + "."
}

// at names a point: 2 × mi300x TP2, 256 users.
func (n namer) at(e *estimate.Result) string {
	text := n.deployed(e)
	if e.Count > 1 && e.Workload.Concurrency > 0 {
		text += " " + planned(e)
	}
	return text + " at " + e.Workload.String()
}

func count(n int) string { return unit.Group(fmt.Sprint(n)) }
