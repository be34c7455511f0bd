package chart

import (
	"fmt"
	"math"

	"roofline/hardware/unit"
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

// mostBars is how many rows are drawn.
const mostBars = 40

func (b *Bars) rows() []Bar { return b.Rows[:min(len(b.Rows), mostBars)] }

func (b *Bars) leaves() []string {
	if more := len(b.Rows) - mostBars; more > 0 {
		return []string{fmt.Sprintf("The first %d of %d rows; %d more are in the table.", mostBars, len(b.Rows), more)}
	}
	return nil
}

const rowHeight = 1.9 // in em

// stacked reports whether the measures stand below each other because there is no room for them side by side.
func (b *Bars) stacked(p *pen, width float64) bool {
	return len(b.Measures) > 1 && (width-min(b.longest(p), 0.28*width))/float64(len(b.Measures)) < narrowBars*p.em
}

func (b *Bars) height(p *pen, width float64) float64 {
	one := float64(max(1, len(b.rows())))*rowHeight*p.em + b.axisHeight(p) + b.titleHeight(p)
	if b.stacked(p, width) {
		return (one+0.6*p.em)*float64(len(b.Measures)) + p.legendHeight(b.key(p), width)
	}
	return one + p.legendHeight(b.key(p), width)
}

func (b *Bars) axisHeight(p *pen) float64 { return p.lineHeight(p.tickStyle()) + 0.6*p.em }

func (b *Bars) nameStyle(p *pen, r *Bar) lettering { return lettering{color: p.text, bold: r.Answer} }

func (b *Bars) detailStyle(p *pen) lettering { return lettering{color: p.muted, size: 0.86} }

// narrowBars is the least width of a column of bars, in em.
const narrowBars = 10

// names returns the width the names take: at most so much that the bars have room.
func (b *Bars) names(p *pen, width float64) float64 {
	if b.stacked(p, width) {
		return min(b.longest(p), 0.4*width)
	}
	return min(b.longest(p), max(0.28*width, width-float64(len(b.Measures))*1.4*narrowBars*p.em))
}

// longest returns the width of the longest name.
func (b *Bars) longest(p *pen) (room float64) {
	for i := range b.rows() {
		r := &b.Rows[i]
		w := p.width(b.nameStyle(p, r), r.Name)
		if r.Detail != "" {
			w += 0.6*p.em + p.width(b.detailStyle(p), r.Detail)
		}
		room = max(room, w)
	}
	return room + 0.8*p.em
}

func (b *Bars) draw(p *pen, area box) {
	area = p.keyed(b.key(p), area)
	names := b.names(p, area.width())
	n := float64(max(1, len(b.Measures)))
	for i := range b.Measures {
		panel := area
		if b.stacked(p, area.width()) {
			panel.y1 = area.y1 - float64(i)*area.height()/n
			panel.y0 = panel.y1 - area.height()/n + 0.6*p.em
			b.rowNames(p, panel, names)
			panel.x0 += names
		} else {
			if i == 0 {
				b.rowNames(p, panel, names)
			}
			w := (area.width() - names) / n
			panel.x0 = area.x0 + names + float64(i)*w
			panel.x1 = panel.x0 + w - 1.2*p.em
		}
		b.panel(p, panel, i)
	}
}

// banded reports whether any value has a band.
func (b *Bars) banded() bool {
	for i := range b.Rows {
		for _, v := range b.Rows[i].Values {
			if (Band{v.Low, v.High}).given() {
				return true
			}
		}
	}
	return false
}

func (b *Bars) key(p *pen) []keyed {
	if !b.banded() {
		return nil
	}
	out := []keyed{{look: p.barLook(), text: "expected", area: true}, {look: look{color: p.text}, text: "low to high", line: true}}
	for i := range b.Rows {
		for _, v := range b.Rows[i].Values {
			if positive(v.Bound) {
				return append(out, keyed{look: look{color: p.text, shape: diamond}, text: "physical bound", marker: true})
			}
		}
	}
	return out
}

// row returns the middle of a row.
func (b *Bars) row(p *pen, panel box, i int) (y, height float64) {
	top, bottom := panel.y1-b.titleHeight(p), panel.y0+b.axisHeight(p)
	h := (top - bottom) / float64(max(1, len(b.rows())))
	return top - (float64(i)+0.5)*h, h
}

func (b *Bars) rowNames(p *pen, panel box, width float64) {
	for i := range b.rows() {
		r := &b.Rows[i]
		y, _ := b.row(p, panel, i)
		style := b.nameStyle(p, r)
		detail := p.width(b.detailStyle(p), r.Detail)
		room := width - 0.8*p.em
		if r.Detail != "" && detail < room/2 {
			room -= detail + 0.6*p.em
		} else {
			detail = 0
		}
		name := p.fit(style, r.Name, room)
		p.middle(style, panel.x0, y, name)
		if detail > 0 {
			p.middle(b.detailStyle(p), panel.x0+p.width(style, name)+0.6*p.em, y, r.Detail)
		}
	}
}

// panel draws one measure.
func (b *Bars) panel(p *pen, panel box, k int) {
	m := &b.Measures[k]
	var values []float64
	for i := range b.rows() {
		if v, ok := b.Rows[i].value(k); ok {
			values = append(values, v.Value)
			for _, x := range []float64{v.Bound, v.Low, v.High} {
				if m.drawable(x) && x != 0 {
					values = append(values, x)
				}
			}
		}
	}
	x := m.span(values)
	s := m.scale(x.max)
	x.from, x.to = panel.x0, panel.x1-b.numbers(p, k, s)
	f := &field{box: box{x.from, panel.y0 + b.axisHeight(p), x.to, panel.y1 - b.titleHeight(p)}, x: x}
	b.title(p, panel, m, s)
	if len(values) > 0 {
		b.grid(p, f, m, s)
	}
	for i := range b.rows() {
		y, h := b.row(p, panel, i)
		b.bar(p, f, m, i, k, y, h, s)
	}
}

func (r *Bar) value(k int) (Estimated, bool) {
	if k >= len(r.Values) || !finite(r.Values[k].Value) {
		return Estimated{}, false
	}
	return r.Values[k], true
}

// numbers is the width of the widest number that is written beside a bar.
func (b *Bars) numbers(p *pen, k int, s unit.Scale) (w float64) {
	for i := range b.rows() {
		if v, ok := b.Rows[i].value(k); ok {
			w = max(w, p.width(p.tickStyle(), unit.Number(v.Value/s.Factor, 3)))
		}
	}
	return w + 0.6*p.em
}

// title writes the name of a measure and, below it, its unit and which end is better.
func (b *Bars) title(p *pen, panel box, m *Measure, s unit.Scale) {
	p.write(p.titleOfAxis(), panel.x0, panel.y1-p.em, p.fit(p.titleOfAxis(), m.Name, panel.width()))
	below := s.Symbol
	if better := map[Direction]string{Higher: "better →", Lower: "← better"}[m.Better]; better != "" && below != "" {
		below += gap + better
	} else {
		below += better
	}
	small := p.tickStyle()
	p.write(small, panel.x0, panel.y1-p.em-p.lineHeight(small), p.fit(small, below, panel.width()))
}

// titleHeight is the room a title takes.
func (b *Bars) titleHeight(p *pen) float64 {
	return p.lineHeight(p.titleOfAxis()) + p.lineHeight(p.tickStyle()) + 0.3*p.em
}

// grid draws ticks of a panel of bars.
func (b *Bars) grid(p *pen, f *field, m *Measure, s unit.Scale) {
	ticks := m.ticks(&f.x, max(2, int(f.width()/(3.6*p.em))), s)
	p.columns(f, ticks)
	p.xLabels(f, ticks, f.y0-0.25*p.em)
}

// columns draws a line for each labelled tick of the horizontal axis.
func (p *pen) columns(f *field, ticks []tick) {
	for _, t := range ticks {
		if t.label != "" {
			x := f.x.at(t.value)
			p.line(stroke{color: p.palette.grid, width: 0.06 * p.em}, point{x, f.y0}, point{x, f.y1})
		}
	}
}

func (p *pen) barLook() look {
	if p.hatched {
		return look{color: p.tint(p.text, 0.35), hatch: flat}
	}
	return look{color: p.tint(p.series[0], 0.72)}
}

// bar draws a value, its band and its bound, and writes the number behind them.
func (b *Bars) bar(p *pen, f *field, m *Measure, i, k int, y, h float64, s unit.Scale) {
	r := &b.Rows[i]
	v, ok := r.value(k)
	if !ok || !m.drawable(v.Value) {
		why := "not known"
		if k < len(r.Values) && r.Values[k].Why != "" {
			why = r.Values[k].Why
		}
		p.middle(lettering{color: p.muted, size: 0.86}, f.x0+0.2*p.em, y, why)
		return
	}
	thick := min(0.5*h, 1.1*p.em)
	zero := f.x.from
	if !f.x.log {
		zero = f.x.at(0)
	}
	end := f.x.at(v.Value)
	right := max(zero, end)
	p.tagged(fmt.Sprintf("%s: %s %s", r.Name, m.Name, m.text(v.Value)), func() {
		p.area(p.barLook(), box{min(zero, end), y - thick/2, right, y + thick/2})
	})
	ink := stroke{color: p.text, width: 0.1 * p.em}
	if (Band{v.Low, v.High}).given() {
		low, high := f.x.at(f.x.clamp(v.Low)), f.x.at(f.x.clamp(v.High))
		p.line(ink, point{low, y}, point{high, y})
		p.line(ink, point{low, y - thick/4}, point{low, y + thick/4})
		p.line(ink, point{high, y - thick/4}, point{high, y + thick/4})
		right = max(right, high)
	}
	if positive(v.Bound) {
		at := f.x.at(f.x.clamp(v.Bound))
		p.marker(diamond, p.text, at, y, 0.28*p.em)
		right = max(right, at+0.3*p.em)
	}
	number := p.tickStyle()
	number.color = p.text
	p.middle(number, right+0.4*p.em, y, unit.Number(v.Value/s.Factor, 3))
}
