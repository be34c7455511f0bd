package chart

import (
	"cmp"
	"fmt"
	"slices"

	"roofline/hardware/unit"
)

// Load shows what happens as more is asked of a machine: throughput in one panel, latency in another, against the batch or
// the requests in flight on an axis that doubles.
type Load struct {
	Caption
	Name       string // of the load: "requests in flight", "batch"
	Throughput Measure
	Latency    Measure
	Curves     []Curve
	LatencyMax float64 // a limit on the latency; 0: none
}

// Curve is one device, or what else is compared, under rising load.
type Curve struct {
	Name   string
	Points []AtLoad
	Full   float64 // the largest load that fits in memory; 0: not known
	Knee   float64 // the load from which more does not pay; 0: not known
}

// AtLoad is how a machine does at one load.
type AtLoad struct {
	Load           float64
	Throughput     float64
	Latency        float64
	ThroughputBand Band
	LatencyBand    Band
}

// panels are stacked where they would be narrower than this many em.
const narrowest = 24

func (*Load) height(p *pen, width float64) float64 {
	if width/2 < narrowest*p.em {
		return 34 * p.em
	}
	return min(0.42*width, 26*p.em)
}

func (l *Load) leaves() []string {
	var names []string
	lost := 0
	for _, c := range l.Curves {
		drawn := 0
		for _, a := range c.Points {
			if positive(a.Load) && l.Throughput.drawable(a.Throughput) && l.Latency.drawable(a.Latency) {
				drawn++
			}
		}
		if drawn == 0 {
			names = append(names, c.Name)
		} else {
			lost += len(c.Points) - drawn
		}
	}
	out := missing(names, lost, &l.Throughput, &l.Latency)
	if len(l.Curves) > mostBands {
		out = append(out, fmt.Sprintf("Bands are drawn of up to %d curves.", mostBands))
	}
	return out
}

func (l *Load) draw(p *pen, area box) {
	area = p.keyed(l.key(p), area)
	left, right := area, area
	if area.width()/2 < narrowest*p.em {
		left.y0 = area.y0 + area.height()/2 + 0.4*p.em
		right.y1 = area.y0 + area.height()/2 - 0.4*p.em
	} else {
		left.x1 = area.x0 + area.width()/2 - 0.8*p.em
		right.x0 = area.x0 + area.width()/2 + 0.8*p.em
	}
	l.panel(p, left, &l.Throughput, 0, func(a *AtLoad) (float64, Band) { return a.Throughput, a.ThroughputBand })
	l.panel(p, right, &l.Latency, l.LatencyMax, func(a *AtLoad) (float64, Band) { return a.Latency, a.LatencyBand })
}

func (l *Load) key(p *pen) []keyed {
	var out []keyed
	knees, fulls := false, false
	for i := range l.Curves {
		out = append(out, keyed{look: p.look(i), text: l.Curves[i].Name, line: true, marker: true})
		knees = knees || positive(l.Curves[i].Knee)
		fulls = fulls || positive(l.Curves[i].Full)
	}
	if len(out) == 1 && out[0].text == "" {
		out = nil
	}
	if knees {
		out = append(out, keyed{text: "more does not pay", ring: true})
	}
	if fulls {
		out = append(out, keyed{text: "memory is full", bar: true})
	}
	return out
}

// panel draws one measure against the load.
func (l *Load) panel(p *pen, area box, m *Measure, limit float64, value func(*AtLoad) (float64, Band)) {
	mx := Measure{Name: l.Name, Log: true, doubling: true}
	var xs, ys []float64
	for i := range l.Curves {
		for _, a := range l.drawable(i, m, value) {
			v, b := value(&a)
			xs, ys = append(xs, a.Load), append(ys, v)
			if b.given() && m.drawable(b.Low) {
				ys = append(ys, b.Low, b.High)
			}
		}
		if c := &l.Curves[i]; positive(c.Full) {
			xs = append(xs, c.Full)
		}
	}
	if positive(limit) {
		ys = append(ys, limit)
	}
	f := p.axes(area, &mx, m, mx.span(xs), m.span(ys))
	if positive(limit) {
		p.rectangle(p.shade, box{f.x0, f.y.at(limit), f.x1, f.y1})
	}
	p.grid(f)
	if positive(limit) {
		o, y := &obstacles{}, f.y.at(limit)
		p.limitLine(o, point{f.x0, y}, point{f.x1, y})
		p.limitText(o, "at most "+limitText(limit, m), f.x0+0.3*p.em, y-1.05*p.em, 0)
	}
	for i := range l.Curves {
		if len(l.Curves) <= mostBands {
			l.band(p, f, m, i, value)
		}
	}
	for i := range l.Curves {
		l.curve(p, f, m, i, value)
	}
	if len(xs) == 0 {
		p.nothing(f.box)
	}
}

// curve draws one curve with its knee and where the memory is full.
func (l *Load) curve(p *pen, f *field, m *Measure, i int, value func(*AtLoad) (float64, Band)) {
	c, look := &l.Curves[i], p.look(i)
	var line []point
	points := l.drawable(i, m, value)
	for j := range points {
		v, _ := value(&points[j])
		line = append(line, f.at(points[j].Load, v))
	}
	p.line(stroke{color: look.color, width: 0.15 * p.em, dash: look.dash}, line...)
	if positive(c.Full) && len(line) > 0 {
		x := f.x.at(c.Full)
		y := height(line, x)
		p.line(stroke{color: look.color, width: 0.2 * p.em}, point{x, y - 0.9*p.em}, point{x, y + 0.9*p.em})
	}
	for j, at := range line {
		a := &points[j]
		v, _ := value(a)
		p.tagged(fmt.Sprintf("%s: %s %s, %s", c.Name, l.Name, unit.Number(a.Load, 3), m.text(v)), func() {
			p.marker(look.shape, look.color, at.x, at.y, 0.32*p.em)
		})
		if a.Load == c.Knee {
			p.ring(stroke{color: p.text, width: 0.12 * p.em}, at.x, at.y, 0.65*p.em)
		}
	}
}

// height returns where a line of at least one point is at x; before its first point and after its last it goes on level.
func height(line []point, x float64) float64 {
	for i, b := range line {
		switch {
		case x > b.x:
		case i == 0:
			return b.y
		default:
			a := line[i-1]
			return a.y + (b.y-a.y)*(x-a.x)/(b.x-a.x)
		}
	}
	return line[len(line)-1].y
}

// drawable returns the points of a curve that have a place in a panel, in the order of the load.
func (l *Load) drawable(i int, m *Measure, value func(*AtLoad) (float64, Band)) (out []AtLoad) {
	for j := range l.Curves[i].Points {
		a := &l.Curves[i].Points[j]
		if v, _ := value(a); positive(a.Load) && m.drawable(v) {
			out = append(out, *a)
		}
	}
	slices.SortStableFunc(out, func(a, b AtLoad) int { return cmp.Compare(a.Load, b.Load) })
	return out
}

// mostBands is how many curves can have their bands drawn and still be read.
const mostBands = 3

// band draws the uncertainty of a curve.
func (l *Load) band(p *pen, f *field, m *Measure, i int, value func(*AtLoad) (float64, Band)) {
	look := p.look(i)
	var low, high []point
	for _, a := range l.drawable(i, m, value) {
		if _, b := value(&a); b.given() && m.drawable(b.Low) {
			low, high = append(low, f.at(a.Load, b.Low)), append(high, f.at(a.Load, b.High))
		}
	}
	if len(low) > 1 && !p.hatched {
		slices.Reverse(high)
		p.polygon(faint(look.color), append(low, high...)...)
		return
	}
	for k := range low {
		p.line(stroke{color: p.tint(look.color, 0.5), width: 0.08 * p.em}, low[k], high[k])
	}
}
