package chart

import (
	"fmt"

	"roofline/hardware/unit"
)

// sheet is the layout of bars on a width: names at the left, the columns of bars beside each other or, where there is no
// room for that, below each other.
type sheet struct {
	*Bars
	p       *pen
	width   float64
	names   float64 // width of the names
	column  float64 // width of a column of bars
	heading float64 // height of the headings
	stacked bool
}

const (
	rowHeight  = 1.9 // in em
	narrowBars = 10  // the least width of a column, in em
	columnGap  = 1.2 // in em
)

func (b *Bars) sheet(p *pen, width float64) *sheet {
	s := &sheet{Bars: b, p: p, width: width}
	longest, n := s.longest(), float64(max(1, len(b.Measures)))
	s.stacked = n > 1 && (width-min(longest, 0.28*width))/n < narrowBars*p.em
	if s.stacked {
		s.names = min(longest, 0.4*width)
		s.column = width - s.names
	} else {
		s.names = min(longest, max(0.28*width, width-n*1.4*narrowBars*p.em))
		s.column = (width-s.names)/n - columnGap*p.em
	}
	for k := range b.Measures {
		s.heading = max(s.heading, float64(len(s.headingLines(k)))*p.lineHeight(p.titleOfAxis())+0.3*p.em)
	}
	return s
}

func (s *sheet) nameStyle(r *Bar) lettering { return lettering{color: s.p.text, bold: r.Answer} }

func (s *sheet) detailStyle() lettering { return lettering{color: s.p.muted, size: labelSize} }

// longest returns the width of the longest name.
func (s *sheet) longest() (room float64) {
	for i := range s.rows() {
		r := &s.Rows[i]
		w := s.p.width(s.nameStyle(r), r.Name)
		if r.Detail != "" {
			w += 0.6*s.p.em + s.p.width(s.detailStyle(), r.Detail)
		}
		room = max(room, w)
	}
	return room + 0.8*s.p.em
}

// foot is the height of the labels below the bars.
func (s *sheet) foot() float64 { return s.p.lineHeight(s.p.tickStyle()) + 0.6*s.p.em }

func (s *sheet) height() float64 {
	one := float64(max(1, len(s.rows())))*rowHeight*s.p.em + s.foot() + s.heading
	legend := s.p.legendHeight(s.key(s.p), s.width)
	if s.stacked {
		return (one+0.6*s.p.em)*float64(len(s.Measures)) + legend
	}
	return one + legend
}

func (s *sheet) draw(area box) {
	p := s.p
	area = p.keyed(s.key(p), area)
	n := float64(max(1, len(s.Measures)))
	for k := range s.Measures {
		panel := area
		if s.stacked {
			panel.y1 = area.y1 - float64(k)*area.height()/n
			panel.y0 = panel.y1 - area.height()/n + 0.6*p.em
		} else {
			panel.x0 += float64(k) * (s.column + columnGap*p.em)
		}
		if s.stacked || k == 0 {
			s.drawNames(box{area.x0, panel.y0, area.x0 + s.names - 0.8*p.em, panel.y1})
		}
		panel.x0 += s.names
		panel.x1 = panel.x0 + s.column
		s.drawColumn(panel, k)
	}
}

// row returns the middle of a row and its height.
func (s *sheet) row(panel box, i int) (y, height float64) {
	top, bottom := panel.y1-s.heading, panel.y0+s.foot()
	height = (top - bottom) / float64(max(1, len(s.rows())))
	return top - (float64(i)+0.5)*height, height
}

// drawNames writes the names of the rows, and the details of those that leave room for them.
func (s *sheet) drawNames(panel box) {
	for i := range s.rows() {
		r := &s.Rows[i]
		y, _ := s.row(panel, i)
		style, room := s.nameStyle(r), panel.width()
		detail := s.p.width(s.detailStyle(), r.Detail)
		if r.Detail != "" && detail < room/2 {
			room -= detail + 0.6*s.p.em
		}
		name := s.p.fit(style, r.Name, room)
		s.p.middle(style, panel.x0, y, name)
		if r.Detail != "" && detail < panel.width()/2 {
			s.p.middle(s.detailStyle(), panel.x0+s.p.width(style, name)+0.6*s.p.em, y, r.Detail)
		}
	}
}

// headingLines are a measure's name, its unit, and which end is better, in as many lines as it takes.
func (s *sheet) headingLines(k int) []string {
	m, p := &s.Measures[k], s.p
	u := m.scale(s.axis(k).max).Symbol
	better := map[Direction]string{Higher: "better →", Lower: "← better"}[m.Better]
	lines := p.wrap(p.titleOfAxis(), m.Name, s.column)
	if both := u + gap + better; u != "" && better != "" && p.width(p.tickStyle(), both) <= s.column {
		return append(lines, both)
	}
	for _, text := range []string{u, better} {
		lines = append(lines, p.wrap(p.tickStyle(), text, s.column)...)
	}
	return lines
}

// drawHeading writes the name of a measure, and smaller the rest.
func (s *sheet) drawHeading(panel box, k int) {
	p := s.p
	style := p.titleOfAxis()
	named := len(p.wrap(style, s.Measures[k].Name, s.column))
	for i, line := range s.headingLines(k) {
		if i >= named {
			style = p.tickStyle()
		}
		p.write(style, panel.x0, panel.y1-p.em-float64(i)*p.lineHeight(p.titleOfAxis()), p.fit(style, line, panel.width()))
	}
}

// drawColumn draws the bars of one measure.
func (s *sheet) drawColumn(panel box, k int) {
	p, m := s.p, &s.Measures[k]
	x := s.axis(k)
	scale := m.scale(x.max)
	x.from, x.to = panel.x0, panel.x1-s.numbers(k, scale)
	f := &field{box: box{x.from, panel.y0 + s.foot(), x.to, panel.y1 - s.heading}, x: x}
	s.drawHeading(panel, k)
	ticks := m.ticks(&f.x, max(2, int(f.width()/(3.6*p.em))), scale)
	p.columns(f, ticks)
	p.xLabels(f, ticks, f.y0-0.25*p.em)
	for i := range s.rows() {
		y, h := s.row(panel, i)
		s.drawBar(f, &s.Rows[i], k, y, min(0.5*h, 1.1*p.em), scale)
	}
}

// numbers is the width of the widest number that is written beside a bar.
func (s *sheet) numbers(k int, scale unit.Scale) (w float64) {
	for i := range s.rows() {
		if v, ok := s.Rows[i].value(k); ok {
			w = max(w, s.p.width(s.p.tickStyle(), unit.Number(v.Value/scale.Factor, 3)))
		}
	}
	return w + 0.6*s.p.em
}

func (p *pen) barLook() look {
	if p.hatched {
		return look{color: p.tint(p.text, 0.35), hatch: flat}
	}
	return look{color: p.tint(p.series[0], 0.72)}
}

// drawBar draws a value, its band and its bound, and writes the number behind them.
func (s *sheet) drawBar(f *field, r *Bar, k int, y, thick float64, scale unit.Scale) {
	p, m := s.p, &s.Measures[k]
	v, ok := r.value(k)
	if !ok || !m.drawable(v.Value) {
		p.middle(lettering{color: p.muted, size: labelSize}, f.x0+0.2*p.em, y, r.why(k))
		return
	}
	zero, end := f.x.from, f.x.at(v.Value)
	if !m.Log {
		zero = f.x.at(0)
	}
	right := max(zero, end)
	p.tagged(fmt.Sprintf("%s: %s %s", r.Name, m.Name, m.text(v.Value)), func() {
		p.area(p.barLook(), box{min(zero, end), y - thick/2, right, y + thick/2})
	})
	if v.band().given() {
		low, high := f.x.at(f.x.clamp(v.Low)), f.x.at(f.x.clamp(v.High))
		p.whisker(low, high, y, thick)
		right = max(right, high)
	}
	if positive(v.Bound) {
		at := f.x.at(f.x.clamp(v.Bound))
		p.marker(diamond, p.text, at, y, 0.28*p.em)
		right = max(right, at+0.3*p.em)
	}
	number := p.tickStyle()
	number.color = p.text
	p.middle(number, right+0.4*p.em, y, unit.Number(v.Value/scale.Factor, 3))
}

// whisker draws a band across a bar.
func (p *pen) whisker(low, high, y, thick float64) {
	ink := stroke{color: p.text, width: 0.1 * p.em}
	p.line(ink, point{low, y}, point{high, y})
	for _, x := range []float64{low, high} {
		p.line(ink, point{x, y - thick/4}, point{x, y + thick/4})
	}
}
