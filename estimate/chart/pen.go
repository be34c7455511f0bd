package chart

import (
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// box is a rectangle on the canvas, in points; y grows upwards.
type box struct{ x0, y0, x1, y1 float64 }

func (b box) width() float64  { return b.x1 - b.x0 }
func (b box) height() float64 { return b.y1 - b.y0 }

func (b box) overlaps(o box) bool { return b.x0 < o.x1 && o.x0 < b.x1 && b.y0 < o.y1 && o.y0 < b.y1 }

func (b box) within(o box) bool { return b.x0 >= o.x0 && b.x1 <= o.x1 && b.y0 >= o.y0 && b.y1 <= o.y1 }

func (b box) contains(q point) bool { return q.x >= b.x0 && q.x <= b.x1 && q.y >= b.y0 && q.y <= b.y1 }

// grown returns the box with a margin around it.
func (b box) grown(by float64) box { return box{b.x0 - by, b.y0 - by, b.x1 + by, b.y1 + by} }

// point is a place on the canvas.
type point struct{ x, y float64 }

// surface is what pictures are drawn on: as much of a [vg.Canvas] as they need. Text is never turned.
type surface interface {
	SetLineWidth(vg.Length)
	SetLineDash(pattern []vg.Length, offset vg.Length)
	SetColor(color.Color)
	Stroke(vg.Path)
	Fill(vg.Path)
	FillString(f font.Face, at vg.Point, text string)
}

// nowhere is a surface that nothing is left on, to find out what there is room for.
type nowhere struct{}

func (nowhere) SetLineWidth(vg.Length)                 {}
func (nowhere) SetLineDash([]vg.Length, vg.Length)     {}
func (nowhere) SetColor(color.Color)                   {}
func (nowhere) Stroke(vg.Path)                         {}
func (nowhere) Fill(vg.Path)                           {}
func (nowhere) FillString(font.Face, vg.Point, string) {}

// pen draws on a surface in the colours of a palette. em is the size of the font, which all distances are multiples of.
type pen struct {
	canvas surface
	*palette
	em float64
}

// dry returns a pen that leaves no trace.
func (p *pen) dry() *pen { return &pen{canvas: nowhere{}, palette: p.palette, em: p.em} }

// stroke is how a line is drawn; its width is in points.
type stroke struct {
	color color.NRGBA
	width float64
	dash  []float64 // in widths
}

func path(points []point, closed bool) vg.Path {
	var path vg.Path
	for i, q := range points {
		at := vg.Point{X: vg.Length(q.x), Y: vg.Length(q.y)}
		if i == 0 {
			path.Move(at)
		} else {
			path.Line(at)
		}
	}
	if closed {
		path.Close()
	}
	return path
}

func (p *pen) set(s stroke) {
	p.canvas.SetColor(s.color)
	p.canvas.SetLineWidth(vg.Length(s.width))
	var dash []vg.Length
	for _, d := range s.dash {
		dash = append(dash, vg.Length(d*s.width))
	}
	p.canvas.SetLineDash(dash, 0)
}

// line strokes a line through points.
func (p *pen) line(s stroke, points ...point) {
	if len(points) > 1 {
		p.set(s)
		p.canvas.Stroke(path(points, false))
	}
}

// polygon fills the area points enclose.
func (p *pen) polygon(c color.NRGBA, points ...point) {
	p.canvas.SetColor(c)
	p.canvas.Fill(path(points, true))
}

// outline strokes a closed line.
func (p *pen) outline(s stroke, points ...point) {
	p.set(s)
	p.canvas.Stroke(path(points, true))
}

func (b box) corners() []point {
	return []point{{b.x0, b.y0}, {b.x1, b.y0}, {b.x1, b.y1}, {b.x0, b.y1}}
}

// rectangle fills a box.
func (p *pen) rectangle(c color.NRGBA, b box) { p.polygon(c, b.corners()...) }

// tagged draws something that a reader of an SVG is told more about when he points at it.
func (p *pen) tagged(text string, draw func()) {
	if t, ok := p.canvas.(interface {
		begin(title string)
		end()
	}); ok && text != "" {
		t.begin(text)
		defer t.end()
	}
	draw()
}

// hatch is a pattern that fills an area.
type hatch uint8

const (
	solid hatch = iota
	rising
	plain // the background, outlined
	falling
	crossed
	flat
	hatches
)

// area fills a box in a look: with its colour, or its hatch where colours are not to be relied on.
func (p *pen) area(l look, b box) {
	if b.width() <= 0 || b.height() <= 0 {
		return
	}
	if !p.hatched {
		p.rectangle(l.color, b)
		return
	}
	fine := stroke{color: p.text, width: p.em * 0.05}
	p.rectangle(p.background, b)
	switch l.hatch {
	case solid:
		p.rectangle(p.tint(p.text, 0.78), b)
	case rising:
		p.diagonals(fine, b, 1)
	case falling:
		p.diagonals(fine, b, -1)
	case crossed:
		p.diagonals(fine, b, 1)
		p.diagonals(fine, b, -1)
	case flat:
		p.rectangle(l.color, b)
	}
	p.outline(fine, b.corners()...)
}

// diagonals draws parallel lines of slope 1 or -1, clipped to a box.
func (p *pen) diagonals(s stroke, b box, slope float64) {
	step := p.em * 0.42
	first := b.x0 - b.height()
	for x := math.Ceil(first/step) * step; x < b.x1; x += step {
		// A line that rises from (x, y0) by slope 1 to (x + height, y1).
		from, to := max(x, b.x0), min(x+b.height(), b.x1)
		if to <= from {
			continue
		}
		y0, y1 := b.y0+from-x, b.y0+to-x
		if slope < 0 {
			y0, y1 = b.y1-(from-x), b.y1-(to-x)
		}
		p.line(s, point{from, y0}, point{to, y1})
	}
}

// shape is the form of a marker.
type shape uint8

const (
	circle shape = iota
	square
	triangle
	diamond
	inverted
	cross
	pentagon
	plus
	shapes
)

// corners returns the corners of a marker with the area of a circle of radius r; nil for a circle and for strokes.
func (s shape) corners(x, y, r float64) []point {
	regular := func(n int, start float64) []point {
		radius := r * math.Sqrt(2*math.Pi/(float64(n)*math.Sin(2*math.Pi/float64(n))))
		out := make([]point, n)
		for i := range out {
			sin, cos := math.Sincos(start + 2*math.Pi*float64(i)/float64(n))
			out[i] = point{x + radius*cos, y + radius*sin}
		}
		return out
	}
	switch s {
	case square:
		return regular(4, math.Pi/4)
	case triangle:
		return regular(3, math.Pi/2)
	case diamond:
		return regular(4, 0)
	case inverted:
		return regular(3, -math.Pi/2)
	case pentagon:
		return regular(5, math.Pi/2)
	}
	return nil
}

// marker draws a filled marker with an edge in the background's colour, so that markers on top of each other are told apart.
func (p *pen) marker(s shape, c color.NRGBA, x, y, r float64) {
	edge := stroke{color: p.background, width: max(0.4, p.em*0.06)}
	if corners := s.corners(x, y, r); corners != nil {
		p.polygon(c, corners...)
		p.outline(edge, corners...)
		return
	}
	if s == circle {
		p.disc(c, x, y, r)
		p.ring(edge, x, y, r)
		return
	}
	ink := stroke{color: c, width: r * 0.6}
	d := r * 0.85
	if s == plus {
		p.line(ink, point{x - d*1.25, y}, point{x + d*1.25, y})
		p.line(ink, point{x, y - d*1.25}, point{x, y + d*1.25})
		return
	}
	p.line(ink, point{x - d, y - d}, point{x + d, y + d})
	p.line(ink, point{x - d, y + d}, point{x + d, y - d})
}

func round(x, y, r float64) vg.Path {
	var path vg.Path
	path.Move(vg.Point{X: vg.Length(x + r), Y: vg.Length(y)})
	path.Arc(vg.Point{X: vg.Length(x), Y: vg.Length(y)}, vg.Length(r), 0, 2*math.Pi)
	path.Close()
	return path
}

func (p *pen) disc(c color.NRGBA, x, y, r float64) {
	p.canvas.SetColor(c)
	p.canvas.Fill(round(x, y, r))
}

func (p *pen) ring(s stroke, x, y, r float64) {
	p.set(s)
	p.canvas.Stroke(round(x, y, r))
}

// join joins the parts of a line of text that are not empty.
func join(parts ...string) string {
	var out []string
	for _, s := range parts {
		if s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, " · ")
}
