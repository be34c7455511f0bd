package chart

import "math"

// gap parts a title from what follows it; SVG would join common spaces.
const gap = "\u00a0\u00a0\u00a0"

// field is the part of a chart that two axes span.
type field struct {
	box
	x, y axis
	rows []tick // of the vertical axis
}

// at returns where a pair of values lies.
func (f *field) at(x, y float64) point { return point{f.x.at(x), f.y.at(y)} }

func (p *pen) tickStyle() lettering   { return lettering{color: p.muted, size: 0.9} }
func (p *pen) titleOfAxis() lettering { return lettering{color: p.text, size: 0.95} }

// axes draws two axes with ticks and titles around the field between them, which takes what is left of the area. The grid
// is left for when the field has been shaded.
func (p *pen) axes(area box, mx, my *Measure, x, y axis) *field {
	f := &field{box: area, x: x, y: y}
	sx, sy := mx.scale(x.max), my.scale(y.max)
	f.y1 -= p.lineHeight(p.titleOfAxis()) + 0.6*p.em
	f.y0 += p.lineHeight(p.titleOfAxis()) + p.lineHeight(p.tickStyle()) + 0.5*p.em
	f.y.from, f.y.to = f.y0, f.y1
	f.rows = my.ticks(&f.y, max(2, int(f.height()/(3.8*p.em))), sy)
	room := 0.0
	for _, t := range f.rows {
		room = max(room, p.width(p.tickStyle(), t.label))
	}
	f.x0 += room + 0.6*p.em
	f.x1 -= 0.6 * p.em
	f.x.from, f.x.to = f.x0, f.x1
	p.yAxis(f, my.title(sy), my.Better, area.x0)
	wide := 5.5
	if mx.doubling {
		wide = 2.2
	}
	p.xAxis(f, mx.title(sx), mx.Better, mx.ticks(&f.x, max(2, int(f.width()/(wide*p.em))), sx))
	return f
}

// grid draws a line for each labelled tick of the vertical axis.
func (p *pen) grid(f *field) {
	for _, t := range f.rows {
		if y := f.y.at(t.value); t.label != "" && y > f.y0+0.1*p.em { // the base line stays on top
			p.line(stroke{color: p.palette.grid, width: 0.06 * p.em}, point{f.x0, y}, point{f.x1, y})
		}
	}
}

// yAxis writes the labels left of the field and the title above it.
func (p *pen) yAxis(f *field, title string, better Direction, left float64) {
	style := p.tickStyle()
	style.align = 1
	for _, t := range f.rows {
		p.middle(style, f.x0-0.5*p.em, f.y.at(t.value), t.label)
	}
	switch better {
	case Higher:
		title += gap + "↑ better"
	case Lower:
		title += gap + "↓ better"
	}
	p.write(p.titleOfAxis(), left, f.y1+0.75*p.em, p.fit(p.titleOfAxis(), title, f.x1-left))
}

// xAxis draws the base line, its ticks, and the title below them.
func (p *pen) xAxis(f *field, title string, better Direction, ticks []tick) {
	p.line(stroke{color: p.axis, width: 0.09 * p.em}, point{f.x0, f.y0}, point{f.x1, f.y0})
	for _, t := range ticks {
		x, long := f.x.at(t.value), 0.2*p.em
		if t.label != "" {
			long = 0.4 * p.em
		}
		p.line(stroke{color: p.axis, width: 0.07 * p.em}, point{x, f.y0}, point{x, f.y0 - long})
	}
	p.xLabels(f, ticks, f.y0-0.45*p.em)
	style := p.titleOfAxis()
	y := f.y0 - 0.5*p.em - p.lineHeight(p.tickStyle()) - p.lineHeight(style) + 0.45*p.em
	if better == Lower {
		p.write(style, f.x0, y, p.fit(style, "← better"+gap+title, f.width()))
		return
	}
	if better == Higher {
		title += gap + "better →"
	}
	style.align = 1
	p.write(style, f.x1, y, p.fit(style, title, f.width()))
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

// xLabels writes the labels of ticks below y, leaving out those that would touch the one before.
func (p *pen) xLabels(f *field, ticks []tick, y float64) {
	style := p.tickStyle()
	style.align = 0.5
	free := math.Inf(-1)
	for _, t := range ticks {
		x, half := f.x.at(t.value), p.width(style, t.label)/2
		if t.label != "" && x-half > free {
			p.write(style, x, y-p.lineHeight(style)+0.35*p.em, t.label)
			free = x + half + 0.5*p.em
		}
	}
}
