package chart

import (
	"cmp"
	"fmt"
	"slices"

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
	Answer    bool   // what is recommended: ringed
}

// Band is the low and the high end of an uncertain value; the zero value is none.
type Band struct{ Low, High float64 }

func (b Band) given() bool { return b.High > b.Low && finite(b.High) && finite(b.Low) }

// Limits are values the user set for an axis; 0 where there is none. What misses them is shaded.
type Limits struct{ XMin, XMax, YMin, YMax float64 }

func (*Frontier) height(p *pen, width float64) float64 { return min(0.6*width, 36*p.em) }

func (f *Frontier) drawable(c *Configuration) bool { return f.X.drawable(c.X) && f.Y.drawable(c.Y) }

// leaves names the series that have no point to draw, and counts the points lost in others.
func (f *Frontier) leaves() []string {
	var names []string
	lost := 0
	for i := range f.Series {
		drawn := 0
		for j := range f.Series[i].Points {
			if f.drawable(&f.Series[i].Points[j]) {
				drawn++
			}
		}
		if drawn == 0 {
			names = append(names, f.Series[i].Name)
		} else {
			lost += len(f.Series[i].Points) - drawn
		}
	}
	return missing(names, lost, &f.X, &f.Y)
}

// missing says which names, and how many points of others, lack a value of one of two measures that can be drawn.
func missing(names []string, lost int, x, y *Measure) (out []string) {
	what := fmt.Sprintf("%s or %s not known", x.Name, y.Name)
	if x.Log || y.Log {
		what += ", or not above 0"
	}
	if len(names) > 0 {
		out = append(out, fmt.Sprintf("Not drawn, for %s: %s.", what, listed(names)))
	}
	if lost > 0 {
		out = append(out, fmt.Sprintf("Points not drawn, for %s: %d.", what, lost))
	}
	return out
}

// mostNamedLines is how many lines are named where they are; more are named in a legend.
const mostNamedLines = 6

// draw names the lines where they are if there is room for all the names.
func (f *Frontier) draw(p *pen, area box) {
	key := f.key(p)
	if len(key) <= mostNamedLines && f.plot(p.dry(), area, true) == 0 {
		f.plot(p, area, true)
		return
	}
	f.plot(p, p.keyed(key, area), false)
}

// key names the series.
func (f *Frontier) key(p *pen) []keyed {
	var out []keyed
	for i := range f.Series {
		if slices.ContainsFunc(f.Series[i].Points, func(c Configuration) bool { return f.drawable(&c) }) {
			out = append(out, keyed{look: p.look(i), text: f.Series[i].Name, line: true, marker: true})
		}
	}
	return out
}

// plot draws everything but the legend and returns how many names of lines found no room.
func (f *Frontier) plot(p *pen, area box, named bool) (lost int) {
	xs, ys := f.extent()
	x := f.X.span(xs)
	if named {
		x = x.widened(0.08)
	}
	g := p.axes(area, &f.X, &f.Y, x, f.Y.span(ys))
	o := &obstacles{within: g.box}
	f.shade(p, g, o)
	var ls []label
	for i := range f.Series {
		f.drawDominated(p, g, o, i)
	}
	for i := range f.Series {
		ls = append(ls, f.drawLine(p, g, o, i, named)...)
	}
	if len(xs) == 0 {
		p.nothing(g.box)
	}
	return p.place(o, ls)
}

// extent returns the values that the axes have to hold.
func (f *Frontier) extent() (xs, ys []float64) {
	for i := range f.Series {
		for j := range f.Series[i].Points {
			c := &f.Series[i].Points[j]
			if !f.drawable(c) {
				continue
			}
			xs, ys = append(xs, c.X), append(ys, c.Y)
			if !c.Dominated && c.XBand.given() {
				xs = append(xs, c.XBand.Low, c.XBand.High)
			}
			if !c.Dominated && c.YBand.given() {
				ys = append(ys, c.YBand.Low, c.YBand.High)
			}
		}
	}
	if len(xs) == 0 {
		return nil, nil
	}
	for _, l := range []float64{f.Limits.XMin, f.Limits.XMax} {
		if positive(l) {
			xs = append(xs, l)
		}
	}
	for _, l := range []float64{f.Limits.YMin, f.Limits.YMax} {
		if positive(l) {
			ys = append(ys, l)
		}
	}
	return xs, ys
}

// joined returns the drawable points of a series' frontier in the order of X.
func (f *Frontier) joined(i int) []*Configuration {
	var out []*Configuration
	for j := range f.Series[i].Points {
		if c := &f.Series[i].Points[j]; !c.Dominated && f.drawable(c) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b *Configuration) int { return cmp.Compare(a.X, b.X) })
	return out
}

// drawDominated draws the points that others of the series beat, faint; an answer among them is ringed all the same.
func (f *Frontier) drawDominated(p *pen, g *field, o *obstacles, i int) {
	l := p.look(i)
	for j := range f.Series[i].Points {
		c := &f.Series[i].Points[j]
		if !c.Dominated || !f.drawable(c) {
			continue
		}
		at := g.at(c.X, c.Y)
		p.tagged(f.said(i, c), func() { p.marker(l.shape, p.tint(l.color, 0.3), at.x, at.y, 0.26*p.em) })
		o.mark(at, 0.2*p.em)
	}
}

// drawLine draws the frontier of a series and returns its labels: the plan where it changes and, where lines are to be
// named, the series at the end.
func (f *Frontier) drawLine(p *pen, g *field, o *obstacles, i int, named bool) (ls []label) {
	l, best := p.look(i), f.joined(i)
	line := make([]point, len(best))
	for k, c := range best {
		line[k] = g.at(c.X, c.Y)
		f.whiskers(p, g, o, l, c)
	}
	p.line(stroke{color: l.color, width: 0.15 * p.em, dash: l.dash}, line...)
	o.curve(line...)
	for k, c := range best {
		at := line[k]
		p.tagged(f.said(i, c), func() { p.marker(l.shape, l.color, at.x, at.y, 0.4*p.em) })
		o.mark(at, 0.4*p.em)
		one := label{lines: []string{c.Label}, color: l.color, at: at, radius: 0.4 * p.em, rank: 1}
		switch {
		case c.Answer:
			p.ring(stroke{color: p.text, width: 0.14 * p.em}, at.x, at.y, 0.85*p.em)
			o.mark(at, 0.9*p.em)
			one.lines, one.color, one.bold, one.rank, one.radius = []string{joinWords(f.Series[i].Name, c.Label)}, p.text, true, 10, 0.9*p.em
		case named && k == len(best)-1:
			one.lines, one.bold, one.rank = []string{joinWords(f.Series[i].Name, c.Label)}, true, 5
		case k > 0 && k < len(best)-1 && best[k-1].Label == c.Label:
			continue
		}
		one.must = one.bold
		if one.lines[0] != "" {
			ls = append(ls, one)
		}
	}
	return ls
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
func (f *Frontier) whiskers(p *pen, g *field, o *obstacles, l look, c *Configuration) {
	s := stroke{color: p.tint(l.color, 0.42), width: 0.08 * p.em}
	at := g.at(c.X, c.Y)
	if c.XBand.given() {
		from, to := point{g.x.at(g.x.clamp(c.XBand.Low)), at.y}, point{g.x.at(g.x.clamp(c.XBand.High)), at.y}
		p.line(s, from, to)
		o.curve(from, to)
	}
	if c.YBand.given() {
		from, to := point{at.x, g.y.at(g.y.clamp(c.YBand.Low))}, point{at.x, g.y.at(g.y.clamp(c.YBand.High))}
		p.line(s, from, to)
		o.curve(from, to)
	}
}
