package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/parallel"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// pointColumn is a column of tables with a row per point.
type pointColumn struct {
	show.Column
	of func(namer, *estimate.Result) show.Cell
}

type pointColumns []pointColumn

// table lays points out.
func (cs pointColumns) table(n namer, points []*estimate.Result) show.Table {
	var t show.Table
	for i := range cs {
		t.Columns = append(t.Columns, cs[i].Column)
	}
	for _, e := range points {
		cells := make([]show.Cell, len(cs))
		for i := range cs {
			cells[i] = cs[i].of(n, e)
		}
		t.Add(cells...)
	}
	return t
}

// number is a column of a number that points without an answer lack.
func number(c show.Column, of func(*estimate.Result) float64) pointColumn {
	return pointColumn{c, func(_ namer, e *estimate.Result) show.Cell {
		if e.Unavailable != "" {
			return show.Unknown
		}
		return of(e)
	}}
}

// outcome is a column of what comes of running: what does not fit has none.
func outcome(c show.Column, of func(*estimate.Result) float64) pointColumn {
	return number(c, func(e *estimate.Result) float64 {
		if !holds(e) {
			return math.NaN()
		}
		return of(e)
	})
}

// timed is a column of milliseconds.
func timed(title string, of func(*estimate.Result) unit.Seconds) pointColumn {
	return outcome(show.Column{Title: title, Scales: milliseconds, Base: "s"}, func(e *estimate.Result) float64 { return float64(of(e)) })
}

// written is a column of text.
func written(title string, of func(*estimate.Result) string) pointColumn {
	return pointColumn{show.Column{Title: title, Left: true}, func(_ namer, e *estimate.Result) show.Cell { return of(e) }}
}

// whole is a column of whole numbers that every point has.
func whole(title string, of func(*estimate.Result) int) pointColumn {
	return pointColumn{show.Column{Title: title, Whole: true}, func(_ namer, e *estimate.Result) show.Cell { return float64(of(e)) }}
}

// deployed names a point's devices: 8 × h100-sxm.
func (n namer) deployed(e *estimate.Result) string {
	if e.Count == 1 {
		return n[e.Device]
	}
	return fmt.Sprintf("%d × %s", e.Count, n[e.Device])
}

// planned names a point's plan: 2×TP4.
func planned(e *estimate.Result) string {
	p := parallel.Plan(e.Plan).String()
	if e.Replicas > 1 {
		p = fmt.Sprintf("%d×%s", e.Replicas, p)
	}
	return p
}

// formatOfPoint names the number format of a point's weights.
func formatOfPoint(e *estimate.Result) string {
	if e.Workload.DType == dtype.Unknown {
		return "–"
	}
	return e.Workload.DType.String()
}

// absent is a time that a point does not have.
var absent = unit.Seconds(math.NaN())

func ttft(e *estimate.Result) estimate.Band {
	return band(e.Prefill != nil, func() estimate.Band { return e.Prefill.TTFT })
}
func tpot(e *estimate.Result) estimate.Band {
	return band(e.Decode != nil, func() estimate.Band { return e.Decode.TPOT })
}
func latency(e *estimate.Result) estimate.Band {
	return band(e.Latency != nil, func() estimate.Band { return *e.Latency })
}

// band returns a time, absent where the point has none.
func band(there bool, of func() estimate.Band) estimate.Band {
	if !there {
		return estimate.Band{Bound: absent, Low: absent, Expected: absent, High: absent}
	}
	return of()
}

// userSpeed returns the output tokens per second each user gets.
func userSpeed(e *estimate.Result) float64 {
	if e.Decode == nil {
		return math.NaN()
	}
	return e.Decode.UserSpeed
}

// hourly returns what a paid hour costs.
func hourly(e *estimate.Result) float64 {
	if e.Cost == nil {
		return math.NaN()
	}
	return float64(e.Cost.USDPerHour)
}

// why says what limits a point, or why there is none.
func why(n namer, e *estimate.Result) string {
	switch {
	case e.Unavailable != "":
		return strings.ReplaceAll(e.Unavailable, e.Device, n[e.Device])
	case e.Memory.Fits != nil && !*e.Memory.Fits:
		return "does not fit"
	}
	return e.BoundBy.String()
}

// reasons says in one line each why points have no answer.
func reasons(n namer, points []*estimate.Result) (out []string) {
	for _, e := range points {
		if e.Unavailable == "" {
			continue
		}
		if r := why(n, e); !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return shortened(out)
}

// holds reports whether a point is one that runs: there, and not known to be too large.
func holds(e *estimate.Result) bool {
	return e.Unavailable == "" && (e.Memory.Fits == nil || *e.Memory.Fits)
}

// columns returns the columns of a table of points: those people compare by, or all.
func (p *space) columns(all bool) pointColumns {
	device := show.Column{Title: "device", Left: true, Shrink: 12}
	cs := pointColumns{{device, func(n namer, e *estimate.Result) show.Cell { return n.deployed(e) }}}
	if all {
		cs = pointColumns{{device, func(n namer, e *estimate.Result) show.Cell { return n[e.Device] }}}
		cs = append(cs, whole("count", func(e *estimate.Result) int { return e.Count }), whole("replicas", func(e *estimate.Result) int { return e.Replicas }))
	}
	language := p.loaded.Language != nil
	if language {
		cs = append(cs, written("plan", planned))
	}
	if all || p.runtimes() > 1 {
		cs = append(cs, written("runtime", func(e *estimate.Result) string { return e.Runtime }))
	}
	cs = append(cs, written("dtype", formatOfPoint))
	if language {
		cs = append(cs, p.languageColumns(all)...)
	} else {
		cs = append(cs, p.graphColumns(all)...)
	}
	if all {
		cs = append(cs,
			outcome(show.Column{Title: "power", Unit: "W"}, func(e *estimate.Result) float64 {
				if e.Power == nil {
					return math.NaN()
				}
				return float64(e.Power.Watts)
			}))
	}
	return append(cs,
		number(show.Column{Title: "$/h"}, hourly),
		number(show.Column{Title: "memory", Unit: "%"}, func(e *estimate.Result) float64 {
			if e.Memory.Fits == nil {
				return math.NaN()
			}
			return 100 * e.Memory.Ratio
		}),
		pointColumn{show.Column{Title: "limit", Left: true, Shrink: 12}, func(n namer, e *estimate.Result) show.Cell {
			if e.Unavailable != "" && !all {
				return "see below"
			}
			return why(n, e)
		}})
}

// languageColumns are those of a language model under a load.
func (p *space) languageColumns(all bool) pointColumns {
	cs := pointColumns{
		number(show.Column{Title: "users", Whole: true}, func(e *estimate.Result) float64 { return e.Workload.Concurrency }),
		timed("TTFT", func(e *estimate.Result) unit.Seconds { return ttft(e).Expected }),
		timed("TPOT", func(e *estimate.Result) unit.Seconds { return tpot(e).Expected }),
	}
	if all {
		cs = append(cs,
			timed("TTFT low", func(e *estimate.Result) unit.Seconds { return ttft(e).Low }), timed("TTFT high", func(e *estimate.Result) unit.Seconds { return ttft(e).High }),
			timed("TPOT low", func(e *estimate.Result) unit.Seconds { return tpot(e).Low }), timed("TPOT high", func(e *estimate.Result) unit.Seconds { return tpot(e).High }),
			timed("E2E", func(e *estimate.Result) unit.Seconds { return latency(e).Expected }))
	}
	return append(cs,
		outcome(show.Column{Title: "tok/s/user"}, userSpeed),
		outcome(show.Column{Title: perSecond(p.request)}, func(e *estimate.Result) float64 { return e.Throughput.Value }),
		outcome(show.Column{Title: perMillion(p.request)}, money))
}

// graphColumns are those of a graph at a batch.
func (p *space) graphColumns(all bool) pointColumns {
	cs := pointColumns{
		number(show.Column{Title: "batch", Whole: true}, func(e *estimate.Result) float64 { return e.Workload.Batch }),
		timed("time", func(e *estimate.Result) unit.Seconds { return latency(e).Expected }),
	}
	if all {
		cs = append(cs, timed("low", func(e *estimate.Result) unit.Seconds { return latency(e).Low }), timed("high", func(e *estimate.Result) unit.Seconds { return latency(e).High }))
	}
	return append(cs,
		outcome(show.Column{Title: p.items() + "/s"}, func(e *estimate.Result) float64 { return e.Throughput.Value }),
		outcome(show.Column{Title: "$/M " + p.items()}, money))
}
