package chart

import (
	"fmt"
	"math"

	"roofline/hardware/unit"
)

// Frontier shows configurations by two measures: for each device a line through those no other of its own beats, the rest
// faint.
type Frontier struct {
	Caption
	X, Y   Measure
	Series []Series
	Limits Limits
}

// Series is the configurations of one device, or of what else is compared.
type Series struct {
	Name   string
	Points []Configuration
}

// Configuration is a point with its uncertainty. Those on the frontier of a series are joined in the order of X.
type Configuration struct {
	X, Y      float64
	XBand     Band
	YBand     Band
	Label     string // the plan: TP4, or 2×TP4
	Dominated bool   // another one of the series is better
	Answer    bool   // what is recommended
}

// Band is the low and the high end of an uncertain value; the zero value is none.
type Band struct{ Low, High float64 }

func (b Band) given() bool { return b.High > b.Low && !math.IsInf(b.High, 0) }

// Limits are values the user set for an axis, NaN or 0 where there are none. What misses them is shaded.
type Limits struct{ XMin, XMax, YMin, YMax float64 }

func (*Frontier) height(p *pen, width float64) float64 { return min(0.6*width, 34*p.em) }

func (c *Configuration) drawable(f *Frontier) bool { return f.X.drawable(c.X) && f.Y.drawable(c.Y) }

// leaves names the series that have no point to draw, and counts the points lost in others.
func (f *Frontier) leaves() []string {
	var names []string
	lost := 0
	for i := range f.Series {
		drawn := 0
		for j := range f.Series[i].Points {
			if f.Series[i].Points[j].drawable(f) {
				drawn++
			}
		}
		if drawn == 0 {
			names = append(names, f.Series[i].Name)
		} else {
			lost += len(f.Series[i].Points) - drawn
		}
	}
	return missing(names, lost, f.X.Name+" or "+f.Y.Name)
}

// missing says which names, and how many points of others, lack a value that is drawn.
func missing(names []string, lost int, what string) (out []string) {
	if len(names) > 0 {
		out = append(out, fmt.Sprintf("Not drawn, %s not known: %s.", what, listed(names)))
	}
	if lost > 0 {
		out = append(out, fmt.Sprintf("%d points not drawn, %s not known.", lost, what))
	}
	return out
}

func (f *Frontier) draw(p *pen, area box) {
	key := f.key(p)
	p.legend(key, area.x0, area.y1, area.width())
	area.y1 -= p.legendHeight(key, area.width())
	var xs, ys []float64
	for i := range f.Series {
		for j := range f.Series[i].Points {
			if c := &f.Series[i].Points[j]; c.drawable(f) {
				xs, ys = append(xs, c.X), append(ys, c.Y)
				if !c.Dominated && c.XBand.given() {
					xs = append(xs, c.XBand.Low, c.XBand.High)
				}
				if !c.Dominated && c.YBand.given() {
					ys = append(ys, c.YBand.Low, c.YBand.High)
				}
			}
		}
	}
	for _, l := range []float64{f.Limits.XMin, f.Limits.XMax} {
		if l > 0 {
			xs = append(xs, l)
		}
	}
	for _, l := range []float64{f.Limits.YMin, f.Limits.YMax} {
		if l > 0 {
			ys = append(ys, l)
		}
	}
	g := p.axes(area, &f.X, &f.Y, f.X.span(xs), f.Y.span(ys))
	o := &obstacles{within: g.box}
	f.shade(p, g, o)
	var ls []label
	for i := range f.Series {
		ls = append(ls, f.drawSeries(p, g, o, i)...)
	}
	p.place(o, ls)
}

// key names the series: beside the line there is no room for many.
func (f *Frontier) key(p *pen) []keyed {
	var out []keyed
	for i := range f.Series {
		for j := range f.Series[i].Points {
			if f.Series[i].Points[j].drawable(f) {
				out = append(out, keyed{look: p.look(i), text: f.Series[i].Name, line: true, marker: true})
				break
			}
		}
	}
	return out
}

// shade greys what misses a limit and writes the limit on its edge.
func (f *Frontier) shade(p *pen, g *field, o *obstacles) {
	edge := stroke{color: p.axis, width: 0.08 * p.em, dash: []float64{4, 3}}
	style := lettering{color: p.muted, size: 0.85}
	vertical := func(v float64, b box, text string, align float64) {
		x := g.x.at(v)
		p.rectangle(p.shade, b)
		p.line(edge, point{x, g.y0}, point{x, g.y1})
		o.curve([]point{{x, g.y0}, {x, g.y1}})
		style.align = align
		if align == 0 {
			x += 0.3 * p.em
		} else {
			x -= 0.3 * p.em
		}
		w := p.width(style, text)
		o.boxes = append(o.boxes, box{x - align*w, g.y1 - 1.1*p.em, x + (1-align)*w, g.y1})
		p.write(style, x, g.y1-0.9*p.em, text)
	}
	horizontal := func(v float64, b box, text string) {
		y := g.y.at(v)
		p.rectangle(p.shade, b)
		p.line(edge, point{g.x0, y}, point{g.x1, y})
		o.curve([]point{{g.x0, y}, {g.x1, y}})
		style.align = 1
		w := p.width(style, text)
		o.boxes = append(o.boxes, box{g.x1 - w, y, g.x1, y + 1.1*p.em})
		p.write(style, g.x1-0.3*p.em, y+0.3*p.em, text)
	}
	if l := f.Limits.XMin; l > 0 {
		vertical(l, box{g.x0, g.y0, g.x.at(l), g.y1}, "limit "+limitText(l, &f.X, g.x.max), 0)
	}
	if l := f.Limits.XMax; l > 0 {
		vertical(l, box{g.x.at(l), g.y0, g.x1, g.y1}, "limit "+limitText(l, &f.X, g.x.max), 1)
	}
	if l := f.Limits.YMin; l > 0 {
		horizontal(l, box{g.x0, g.y0, g.x1, g.y.at(l)}, "limit "+limitText(l, &f.Y, g.y.max))
	}
	if l := f.Limits.YMax; l > 0 {
		horizontal(l, box{g.x0, g.y.at(l), g.x1, g.y1}, "limit "+limitText(l, &f.Y, g.y.max))
	}
}

// limitText prints a limit in the unit of its axis.
func limitText(v float64, m *Measure, most float64) string {
	s := m.scale(most)
	u := m.Unit
	if s.Symbol != "" {
		u = s.Symbol
	}
	return number(v/s.Factor) + " " + u
}

// drawSeries draws the points of a series, joins those on its frontier, and returns their labels.
func (f *Frontier) drawSeries(p *pen, g *field, o *obstacles, i int) (ls []label) {
	l := p.look(i)
	var line []point
	best := joined(f.Series[i].Points, f)
	for _, c := range best {
		line = append(line, g.at(c.X, c.Y))
	}
	for j := range f.Series[i].Points {
		c := &f.Series[i].Points[j]
		if !c.drawable(f) || !c.Dominated {
			continue
		}
		at := g.at(c.X, c.Y)
		p.tagged(f.said(i, c), func() { p.marker(l.shape, p.tint(l.color, 0.3), at.x, at.y, 0.26*p.em) })
		o.mark(at, 0.2*p.em)
		if c.Answer {
			ls = append(ls, f.answer(p, o, at, l, c, i))
		}
	}
	for _, c := range best {
		f.whiskers(p, g, l, c)
	}
	p.line(stroke{color: l.color, width: 0.15 * p.em, dash: l.dash}, line...)
	o.curve(line)
	for k, c := range best {
		at := line[k]
		p.tagged(f.said(i, c), func() { p.marker(l.shape, l.color, at.x, at.y, 0.4*p.em) })
		o.mark(at, 0.4*p.em)
		if c.Answer {
			ls = append(ls, f.answer(p, o, at, l, c, i))
			continue
		}
		if k == 0 || k == len(best)-1 || best[k-1].Label != c.Label {
			ls = append(ls, label{text: c.Label, color: l.color, at: at, radius: 0.4 * p.em, rank: 1})
		}
	}
	return ls
}

// answer rings what is recommended and labels it with its name.
func (f *Frontier) answer(p *pen, o *obstacles, at point, l look, c *Configuration, i int) label {
	p.ring(stroke{color: p.text, width: 0.14 * p.em}, at.x, at.y, 0.85*p.em)
	o.mark(at, 0.9*p.em)
	return label{text: joinWords(f.Series[i].Name, c.Label), color: p.text, bold: true, at: at, radius: 0.9 * p.em, rank: 10, must: true}
}

// said is what a browser shows of a point.
func (f *Frontier) said(i int, c *Configuration) string {
	return fmt.Sprintf("%s: %s %s, %s %s", joinWords(f.Series[i].Name, c.Label), f.X.Name, f.X.text(c.X), f.Y.Name, f.Y.text(c.Y))
}

// text prints a value of a measure with its unit.
func (m *Measure) text(v float64) string {
	if len(m.Scales) > 0 {
		return m.Scales.Format(v)
	}
	return joinWords(unit.Number(v, 3), m.Unit)
}

// whiskers draw the bands of a point.
func (f *Frontier) whiskers(p *pen, g *field, l look, c *Configuration) {
	s := stroke{color: p.tint(l.color, 0.55), width: 0.08 * p.em}
	at := g.at(c.X, c.Y)
	if c.XBand.given() {
		p.line(s, point{g.x.at(g.x.clamp(c.XBand.Low)), at.y}, point{g.x.at(g.x.clamp(c.XBand.High)), at.y})
	}
	if c.YBand.given() {
		p.line(s, point{at.x, g.y.at(g.y.clamp(c.YBand.Low))}, point{at.x, g.y.at(g.y.clamp(c.YBand.High))})
	}
}
