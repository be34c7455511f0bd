package chart

import (
	"fmt"
	"math"
)

// Bars compares devices by a few measures: one row per device, one column of bars per measure, each with its own scale.
type Bars struct {
	Caption
	Measures []Measure
	Rows     []Bar
}

// Bar is one device and its value of each measure.
type Bar struct {
	Name   string
	Detail string // how many, how spread: written smaller
	Values []Estimated
	Answer bool // written bold
}

// Estimated is a value with its band. Bound is the floor or ceiling of the physics. What is not known is NaN; Why says why
// the value is not known: "no price".
type Estimated struct {
	Bound, Low, Value, High float64
	Why                     string
}

// Unknown returns a value that is not known, and why.
func Unknown(why string) Estimated {
	return Estimated{Bound: math.NaN(), Low: math.NaN(), Value: math.NaN(), High: math.NaN(), Why: why}
}

// band is the uncertainty of the value.
func (e *Estimated) band() Band { return Band{e.Low, e.High} }

// mostBars is how many rows are drawn.
const mostBars = 40

func (b *Bars) rows() []Bar { return b.Rows[:min(len(b.Rows), mostBars)] }

func (b *Bars) leaves() []string {
	if more := len(b.Rows) - mostBars; more > 0 {
		return []string{fmt.Sprintf("The first %d of %d rows; %d more are in the table.", mostBars, len(b.Rows), more)}
	}
	return nil
}

func (b *Bars) height(p *pen, width float64) float64 { return b.sheet(p, width).height() }

func (b *Bars) draw(p *pen, area box) { b.sheet(p, area.width()).draw(area) }

// value returns the k-th value of a row, if it is known.
func (r *Bar) value(k int) (Estimated, bool) {
	if k >= len(r.Values) || !finite(r.Values[k].Value) {
		return Estimated{}, false
	}
	return r.Values[k], true
}

// why says why the k-th value is not drawn.
func (r *Bar) why(k int) string {
	if k < len(r.Values) && r.Values[k].Why != "" {
		return r.Values[k].Why
	}
	return "not known"
}

// axis returns the axis of a measure, which holds the bars, their bands and their bounds.
func (b *Bars) axis(k int) axis {
	m := &b.Measures[k]
	var values []float64
	for i := range b.rows() {
		if v, ok := b.Rows[i].value(k); ok {
			values = append(values, v.Value)
			if v.band().given() {
				values = append(values, v.Low, v.High)
			}
			if positive(v.Bound) {
				values = append(values, v.Bound)
			}
		}
	}
	return m.span(values)
}

// key explains what a bar is made of, where there is more to it than its length.
func (b *Bars) key(p *pen) []keyed {
	banded, bounded := false, false
	for i := range b.Rows {
		for _, v := range b.Rows[i].Values {
			banded = banded || v.band().given()
			bounded = bounded || positive(v.Bound)
		}
	}
	var out []keyed
	if banded || bounded {
		out = append(out, keyed{look: p.barLook(), text: "expected", area: true})
	}
	if banded {
		out = append(out, keyed{look: look{color: p.text}, text: "low to high", line: true})
	}
	if bounded {
		out = append(out, keyed{look: look{color: p.text, shape: diamond}, text: "physical bound", marker: true})
	}
	return out
}
