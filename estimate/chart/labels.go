package chart

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"
)

// label is words to be put beside a mark, one line or more.
type label struct {
	lines  []string
	color  color.NRGBA
	bold   bool
	at     point
	radius float64 // of the mark
	rank   float64 // higher ones are placed first
	must   bool    // placed even where it covers marks or lines
	far    bool    // may stand well away from its mark
}

// obstacles are what labels are kept off.
type obstacles struct {
	within box
	words  []box      // never covered
	marks  []box      // covered only where there is no other place
	lines  [][2]point // crossed only where there is no other place
}

// mark adds a marker.
func (o *obstacles) mark(at point, r float64) {
	o.marks = append(o.marks, box{at.x - r, at.y - r, at.x + r, at.y + r})
}

// curve adds a line through points.
func (o *obstacles) curve(points ...point) {
	for i := 1; i < len(points); i++ {
		o.lines = append(o.lines, [2]point{points[i-1], points[i]})
	}
}

// cost counts what words in a box would cover; false means that they would cover other words, or leave the field.
func (o *obstacles) cost(b box) (cost float64, free bool) {
	if !b.within(o.within) || overlapsAny(b, o.words) {
		return 0, false
	}
	for _, m := range o.marks {
		if b.overlaps(m) {
			cost += 4
		}
	}
	for _, l := range o.lines {
		if crosses(b, l[0], l[1]) {
			cost += 4
		}
	}
	return cost, true
}

// crossed counts what a leader would cross; false means that it would run through words.
func (o *obstacles) crossed(from, to point) (cost float64, free bool) {
	for _, w := range o.words {
		if crosses(w, from, to) {
			return 0, false
		}
	}
	for _, l := range o.lines {
		if intersect(l, [2]point{from, to}) {
			cost++
		}
	}
	for _, m := range o.marks {
		if crosses(m, from, to) && !m.grown(1).contains(from) { // not the mark it starts at
			cost++
		}
	}
	return cost, true
}

// intersect reports whether two straight lines cross.
func intersect(a, b [2]point) bool {
	side := func(l [2]point, q point) float64 { return (l[1].x-l[0].x)*(q.y-l[0].y) - (l[1].y-l[0].y)*(q.x-l[0].x) }
	return side(a, b[0])*side(a, b[1]) < 0 && side(b, a[0])*side(b, a[1]) < 0
}

func overlapsAny(b box, others []box) bool { return slices.ContainsFunc(others, b.overlaps) }

// place writes labels beside their marks so that no two words overlap, off markers and lines too
// unless they must be there. A label away from its mark gets a leader; one that finds no room is left out, and counted if it
// must not be.
func (p *pen) place(o *obstacles, labels []label) (lost int) {
	labels = slices.Clone(labels)
	slices.SortStableFunc(labels, func(a, b label) int { return cmp.Compare(b.rank, a.rank) })
	for i := range labels {
		l := &labels[i]
		style := lettering{color: l.color, size: labelSize, bold: l.bold}
		b, cost, found := p.spot(o, l, style)
		if !found {
			if l.must {
				lost++
			}
			continue
		}
		o.words = append(o.words, b)
		if from, to, ok := leader(l, b, p.em); ok {
			p.line(stroke{color: p.axis, width: 0.06 * p.em}, from, to)
			o.curve(from, to)
		}
		if cost > 0 {
			p.rectangle(p.background, b)
		}
		for k, line := range l.lines {
			p.write(style, b.x0, b.y1-(float64(k)*labelLeading+capital)*labelSize*p.em-0.06*p.em, line)
		}
	}
	return lost
}

// The size of labels in em, and from line to line in their size.
const (
	labelSize    = 0.88
	labelLeading = 1.18
)

// spot returns the best free place for a label: near its mark, off marks and lines.
func (p *pen) spot(o *obstacles, l *label, style lettering) (best box, covered float64, found bool) {
	w, h := 0.0, ((float64(len(l.lines))-1)*labelLeading+capital+descender)*labelSize*p.em
	for _, line := range l.lines {
		w = max(w, p.width(style, line))
	}
	least := math.Inf(1)
	rings := []float64{0.25, 0.7, 1.4, 2.4, 3.6, 5, 7}
	if !l.far && !l.must {
		rings = rings[:3]
	}
	for ring, gap := range rings {
		for k := range 16 {
			sin, cos := math.Sincos(2 * math.Pi * float64(k) / 16)
			d := l.radius + gap*p.em
			cx, cy := l.at.x+cos*(d+w/2), l.at.y+sin*(d+h/2)
			b := box{cx - w/2, cy - h/2, cx + w/2, cy + h/2}
			c, free := o.cost(b.grown(0.12 * p.em))
			if !free || c > 0 && !l.must {
				continue
			}
			total := c + float64(ring)*0.8 + preference(k)
			if from, to, ok := leader(l, b, p.em); ok {
				over, free := o.crossed(from, to)
				if !free {
					continue
				}
				total += 0.6 + over
			}
			if total < least {
				best, covered, least, found = b, c, total, true
			}
		}
	}
	return best, covered, found
}

// preference is for the right and above, where names on maps are read best. (E. Imhof, "Positioning Names on Maps", 1975)
func preference(k int) float64 { return 0.02 * float64((k+14)%16) }

// leader returns the line that joins a label to a mark it stands away from.
func leader(l *label, b box, em float64) (from, to point, needed bool) {
	to = point{max(b.x0, min(b.x1, l.at.x)), max(b.y0, min(b.y1, l.at.y))}
	dx, dy := to.x-l.at.x, to.y-l.at.y
	d := math.Hypot(dx, dy)
	if d-l.radius < 0.9*em {
		return from, to, false
	}
	return point{l.at.x + dx/d*l.radius, l.at.y + dy/d*l.radius}, to, true
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

// gathered merges labels of marks that lie close together into one of several lines, the highest rank first.
func gathered(labels []label, near float64) []label {
	const most = 5 // lines
	labels = slices.Clone(labels)
	slices.SortStableFunc(labels, func(a, b label) int { return cmp.Compare(b.rank, a.rank) })
	var out []label
	for _, l := range labels {
		i := slices.IndexFunc(out, func(o label) bool {
			return o.color == l.color && math.Hypot(o.at.x-l.at.x, o.at.y-l.at.y) < max(near, o.radius)
		})
		if i < 0 {
			out = append(out, l)
			continue
		}
		out[i].lines = append(slices.Clone(out[i].lines), l.lines...)
	}
	for i := range out {
		if more := len(out[i].lines) - most; more > 1 {
			out[i].lines = append(out[i].lines[:most:most], fmt.Sprintf("and %d more", more))
		}
	}
	return out
}
