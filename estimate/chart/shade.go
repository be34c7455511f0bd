package chart

// shade greys what misses a limit of the user's, and says which.
func (f *Frontier) shade(p *pen, g *field, o *obstacles) {
	l := &f.Limits
	var x, y []float64 // where the edges are
	for _, r := range []struct {
		limit    float64
		m        *Measure
		vertical bool
		region   func(at float64) box
	}{
		{l.XMin, &f.X, true, func(at float64) box { return box{g.x0, g.y0, at, g.y1} }},
		{l.XMax, &f.X, true, func(at float64) box { return box{at, g.y0, g.x1, g.y1} }},
		{l.YMin, &f.Y, false, func(at float64) box { return box{g.x0, g.y0, g.x1, at} }},
		{l.YMax, &f.Y, false, func(at float64) box { return box{g.x0, at, g.x1, g.y1} }},
	} {
		if !positive(r.limit) {
			continue
		}
		if r.vertical {
			at := g.x.at(g.x.clamp(r.limit))
			p.rectangle(p.shade, r.region(at))
			x = append(x, at)
		} else {
			at := g.y.at(g.y.clamp(r.limit))
			p.rectangle(p.shade, r.region(at))
			y = append(y, at)
		}
	}
	p.grid(g)
	for _, at := range x {
		p.limitLine(o, point{at, g.y0}, point{at, g.y1})
	}
	for _, at := range y {
		p.limitLine(o, point{g.x0, at}, point{g.x1, at})
	}
	if positive(l.XMin) {
		p.limitText(o, "at least "+limitText(l.XMin, &f.X), g.x.at(g.x.clamp(l.XMin))+0.3*p.em, g.y1-1.05*p.em, 0)
	}
	if positive(l.XMax) {
		p.limitText(o, "at most "+limitText(l.XMax, &f.X), g.x.at(g.x.clamp(l.XMax))-0.3*p.em, g.y1-1.05*p.em, 1)
	}
	if positive(l.YMin) {
		p.limitText(o, "at least "+limitText(l.YMin, &f.Y), g.x1-0.3*p.em, g.y.at(g.y.clamp(l.YMin))+0.25*p.em, 1)
	}
	if positive(l.YMax) {
		p.limitText(o, "at most "+limitText(l.YMax, &f.Y), g.x1-0.3*p.em, g.y.at(g.y.clamp(l.YMax))-1.05*p.em, 1)
	}
}

// limitLine draws the edge of what a limit allows.
func (p *pen) limitLine(o *obstacles, from, to point) {
	p.line(stroke{color: p.axis, width: 0.08 * p.em, dash: []float64{4, 3}}, from, to)
	o.curve(from, to)
}

// limitText writes a limit on the side of its edge that it allows.
func (p *pen) limitText(o *obstacles, text string, x, y, align float64) {
	style := lettering{color: p.muted, size: labelSize, align: align}
	w := p.width(style, text)
	o.words = append(o.words, box{x - align*w, y - descender*p.em, x + (1-align)*w, y + capital*p.em})
	p.write(style, x, y, text)
}

// limitText prints a limit with the unit of its axis.
func limitText(v float64, m *Measure) string {
	if len(m.Scales) > 0 {
		s := m.Scales.For(v)
		return number(v/s.Factor) + " " + s.Symbol
	}
	return joinWords(number(v), m.Unit)
}
