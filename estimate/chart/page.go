package chart

import (
	"fmt"
	"io"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
)

// PNG writes a chart as an image: of as many pixels as its width says where that is a whole number of them, else at 300 per
// inch.
func PNG(w io.Writer, c Chart, s Style) error {
	if err := s.check(); err != nil {
		return err
	}
	p := s.pen()
	height := s.height(p, c)
	if dots := s.width() * height * math.Pow(float64(s.ppi())/72, 2); dots > mostPixels {
		return fmt.Errorf("a picture of %.0f million pixels is too large for PNG: give a smaller width or height, or take .svg or .pdf", dots/1e6)
	}
	canvas := vgimg.NewWith(vgimg.UseWH(vg.Length(s.width()), vg.Length(height)), vgimg.UseDPI(s.ppi()), vgimg.UseBackgroundColor(p.background))
	p.canvas = canvas
	page(p, c, box{0, 0, s.width(), height})
	_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
	return err
}

// mostPixels keeps a picture within a few hundred megabytes of memory.
const mostPixels = 64e6

// pen returns a pen in the style, which draws nowhere yet.
func (s Style) pen() *pen {
	return &pen{canvas: nowhere{}, palette: s.Theme.palette(), em: s.fontSize()}
}

// height is the height asked for, or the chart's own with what stands around it.
func (s Style) height(p *pen, c Chart) float64 {
	if s.Height > 0 {
		return float64(s.Height)
	}
	width := s.width() - 2*margin*p.em
	return c.height(p, width) + headHeight(p, c.caption(), width) + notesHeight(p, c, width) + 2*margin*p.em
}

// margin around everything, in em.
const margin = 0.9

// page draws a chart with its title and notes.
func page(p *pen, c Chart, all box) {
	p.rectangle(p.background, all)
	in := all.grown(-margin * p.em)
	area := box{in.x0, in.y0 + notesHeight(p, c, in.width()), in.x1, in.y1 - headHeight(p, c.caption(), in.width())}
	drawHead(p, c.caption(), in)
	if area.height() > 4*p.em && area.width() > 8*p.em {
		c.draw(p, area)
	}
	drawNotes(p, c, box{in.x0, in.y0, in.x1, area.y0})
}

func (p *pen) noteStyle() lettering { return lettering{color: p.muted, size: 0.86} }

// lineHeight is the distance of one line of text from the next.
func (p *pen) lineHeight(l lettering) float64 {
	size := l.size
	if size == 0 {
		size = 1
	}
	return size * leading * p.em
}

// paragraph is text in a style.
type paragraph struct {
	style lettering
	text  string
}

// head is what stands above a chart.
func (p *pen) head(c *Caption) []paragraph {
	return []paragraph{
		{lettering{color: p.text, size: 1.3, bold: true}, c.Title},
		{lettering{color: p.text}, c.Finding},
		{lettering{color: p.muted, size: 0.92}, join(c.Subtitle, c.Date)},
	}
}

func headHeight(p *pen, c *Caption, width float64) float64 {
	h := 0.6 * p.em
	for _, t := range p.head(c) {
		h += float64(len(p.wrap(t.style, t.text, width))) * p.lineHeight(t.style)
	}
	return h
}

func drawHead(p *pen, c *Caption, in box) {
	y := in.y1
	for _, t := range p.head(c) {
		for _, line := range p.wrap(t.style, t.text, in.width()) {
			y -= p.lineHeight(t.style)
			p.write(t.style, in.x0, y+0.3*p.em, line)
		}
	}
}

// notes are the lines below a chart.
func notes(p *pen, c Chart, width float64) (lines []string) {
	for _, n := range slices.Concat(c.caption().Notes, c.leaves()) {
		lines = append(lines, p.wrap(p.noteStyle(), n, width)...)
	}
	return lines
}

func notesHeight(p *pen, c Chart, width float64) float64 {
	n := len(notes(p, c, width))
	if n == 0 {
		return 0
	}
	return float64(n)*p.lineHeight(p.noteStyle()) + 0.5*p.em
}

func drawNotes(p *pen, c Chart, in box) {
	style := p.noteStyle()
	lines := notes(p, c, in.width())
	y := in.y0 + float64(len(lines))*p.lineHeight(style)
	for _, line := range lines {
		y -= p.lineHeight(style)
		p.write(style, in.x0, y+descender*p.em, line)
	}
}
