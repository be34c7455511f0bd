package chart

import (
	"cmp"
	"image/color"
	"math"
	"slices"
)

// label is a word to be put beside a mark.
type label struct {
	text   string
	color  color.NRGBA
	bold   bool
	at     point
	radius float64 // of the mark
	rank   float64 // higher ones are placed first
	must   bool    // placed even where it covers marks
}

// obstacles are what labels are kept off.
type obstacles struct {
	within box
	boxes  []box      // other words: never covered
	marks  []box      // markers: covered only where there is no other place
	lines  [][2]point // crossed only where there is no other place
}

// mark adds a marker.
func (o *obstacles) mark(at point, r float64) {
	o.marks = append(o.marks, box{at.x - r, at.y - r, at.x + r, at.y + r})
}

// curve adds a line through points.
func (o *obstacles) curve(points []point) {
	for i := 1; i < len(points); i++ {
		o.lines = append(o.lines, [2]point{points[i-1], points[i]})
	}
}

// place writes labels beside their marks so that no two words overlap, and keeps them off markers and lines as far as there
// is room. A label that has to stand away from its mark gets a leader; one that finds no room is left out.
func (p *pen) place(o *obstacles, labels []label) {
	labels = slices.Clone(labels)
	slices.SortStableFunc(labels, func(a, b label) int { return cmp.Compare(b.rank, a.rank) })
	for _, l := range labels {
		style := lettering{color: l.color, size: 0.88, bold: l.bold}
		b, found := p.spot(o, &l, style)
		if !found {
			continue
		}
		o.boxes = append(o.boxes, b)
		p.leader(&l, b)
		p.write(style, b.x0, b.y0+descender*0.88*p.em, l.text)
	}
}

// spot returns the best free place for a label: near its mark, off marks and lines.
func (p *pen) spot(o *obstacles, l *label, style lettering) (best box, found bool) {
	w, h := p.width(style, l.text), (capital+descender)*0.88*p.em
	least := math.Inf(1)
	for ring, gap := range []float64{0.25, 0.7, 1.4, 2.4, 3.6, 5} {
		for k := range 16 {
			angle := 2 * math.Pi * float64(k) / 16
			sin, cos := math.Sincos(angle)
			d := l.radius + gap*p.em
			cx, cy := l.at.x+cos*(d+w/2), l.at.y+sin*(d+h/2)
			b := box{cx - w/2, cy - h/2, cx + w/2, cy + h/2}
			if !b.within(o.within) || overlapsAny(b.grown(0.12*p.em), o.boxes) {
				continue
			}
			cost := o.cost(b.grown(0.1*p.em)) + float64(ring)*1.1 + preference(k)
			if cost < least {
				best, least, found = b, cost, true
			}
		}
	}
	return best, found && (l.must || least < 12)
}

// preference is for the right and above, as cartographers place names. (E. Imhof, "Positioning Names on Maps", 1975)
func preference(k int) float64 {
	return 0.02 * float64((k+14)%16)
}

func overlapsAny(b box, others []box) bool {
	return slices.ContainsFunc(others, b.overlaps)
}

// cost counts what a label would cover.
func (o *obstacles) cost(b box) (cost float64) {
	for _, m := range o.marks {
		if b.overlaps(m) {
			cost += 4
		}
	}
	for _, l := range o.lines {
		if crosses(b, l[0], l[1]) {
			cost += 2
		}
	}
	return cost
}

// crosses reports whether a straight line runs through a box: the method of Liang and Barsky.
func crosses(b box, from, to point) bool {
	enter, leave := 0.0, 1.0
	dx, dy := to.x-from.x, to.y-from.y
	for _, side := range [][2]float64{{-dx, from.x - b.x0}, {dx, b.x1 - from.x}, {-dy, from.y - b.y0}, {dy, b.y1 - from.y}} {
		d, room := side[0], side[1]
		switch {
		case d == 0 && room < 0:
			return false
		case d < 0:
			enter = max(enter, room/d)
		case d > 0:
			leave = min(leave, room/d)
		}
	}
	return enter <= leave
}

// leader joins a label to a mark it stands away from.
func (p *pen) leader(l *label, b box) {
	near := point{max(b.x0, min(b.x1, l.at.x)), max(b.y0, min(b.y1, l.at.y))}
	dx, dy := near.x-l.at.x, near.y-l.at.y
	d := math.Hypot(dx, dy)
	if d-l.radius < 0.9*p.em {
		return
	}
	from := point{l.at.x + dx/d*l.radius, l.at.y + dy/d*l.radius}
	p.line(stroke{color: p.axis, width: 0.06 * p.em}, from, near)
}
