package chart

import (
	"math"

	"roofline/hardware/unit"
)

// field is the part of a chart that two axes span.
type field struct {
	box
	x, y axis
}

// at returns where a pair of values lies.
func (f *field) at(x, y float64) point { return point{f.x.at(x), f.y.at(y)} }

func (p *pen) tickStyle() lettering   { return lettering{color: p.muted, size: 0.9} }
func (p *pen) titleOfAxis() lettering { return lettering{color: p.text, size: 0.95} }

// axes draws two axes with grid, ticks and titles around the field between them, which takes what is left of the area.
func (p *pen) axes(area box, mx, my *Measure, x, y axis) *field {
	f := &field{box: area, x: x, y: y}
	sx, sy := mx.scale(x.max), my.scale(y.max)
	f.y1 -= p.lineHeight(p.titleOfAxis()) + 0.5*p.em
	f.y0 += p.lineHeight(p.titleOfAxis()) + p.lineHeight(p.tickStyle()) + 0.5*p.em
	f.y.from, f.y.to = f.y0, f.y1
	yTicks := f.y.ticks(max(2, int(f.height()/(2.6*p.em))), sy)
	room := 0.0
	for _, t := range yTicks {
		room = max(room, p.width(p.tickStyle(), t.label))
	}
	f.x0 += room + 0.6*p.em
	f.x1 -= 0.6 * p.em
	f.x.from, f.x.to = f.x0, f.x1
	p.yAxis(f, my, sy, yTicks, area.x0)
	p.xAxis(f, mx, sx, f.x.ticks(max(2, int(f.width()/(5*p.em))), sx))
	return f
}

// yAxis draws the grid, the labels left of it, and the title above it.
func (p *pen) yAxis(f *field, m *Measure, s unit.Scale, ticks []tick, left float64) {
	style := p.tickStyle()
	style.align = 1
	for _, t := range ticks {
		y := f.y.at(t.value)
		if t.label == "" {
			continue
		}
		p.line(stroke{color: p.grid, width: 0.06 * p.em}, point{f.x0, y}, point{f.x1, y})
		p.middle(style, f.x0-0.5*p.em, y, t.label)
	}
	title := m.title(s)
	switch m.Better {
	case Higher:
		title += "   ↑ better"
	case Lower:
		title += "   ↓ better"
	}
	p.write(p.titleOfAxis(), left, f.y1+0.75*p.em, p.fit(p.titleOfAxis(), title, f.x1-left))
}

// xAxis draws the base line, its ticks, and the title below them.
func (p *pen) xAxis(f *field, m *Measure, s unit.Scale, ticks []tick) {
	p.line(stroke{color: p.axis, width: 0.09 * p.em}, point{f.x0, f.y0}, point{f.x1, f.y0})
	style := p.tickStyle()
	style.align = 0.5
	free := math.Inf(-1)
	for _, t := range ticks {
		x, long := f.x.at(t.value), 0.2*p.em
		if t.label != "" {
			long = 0.4 * p.em
		}
		p.line(stroke{color: p.axis, width: 0.07 * p.em}, point{x, f.y0}, point{x, f.y0 - long})
		half := p.width(style, t.label) / 2
		if t.label != "" && x-half > free {
			p.write(style, x, f.y0-0.45*p.em-p.lineHeight(style)+0.35*p.em, t.label)
			free = x + half + 0.5*p.em
		}
	}
	title, y := p.titleOfAxis(), f.y0-0.5*p.em-p.lineHeight(style)-p.lineHeight(p.titleOfAxis())+0.45*p.em
	text := m.title(s)
	switch m.Better {
	case Higher:
		text += "   better →"
	case Lower:
		title.align = 0
		p.write(title, f.x0, y, "← better   "+text)
		return
	}
	title.align = 1
	p.write(title, f.x1, y, text)
}
