package chart

import (
	"fmt"
	"slices"
	"strings"
)

// keyed is an entry of a legend: a look and what it stands for.
type keyed struct {
	look
	text         string
	line, marker bool
	area         bool
	ring, bar    bool // of load curves: the knee, and where the memory is full
}

// width of a sample in a legend.
func (k *keyed) width(em float64) float64 {
	switch {
	case k.line:
		return 2 * em
	case k.marker || k.area || k.ring || k.bar:
		return 0.9 * em
	}
	return 0
}

// legendRows breaks a legend into rows of at most a width.
func (p *pen) legendRows(key []keyed, width float64) [][]keyed {
	var rows [][]keyed
	used := width
	for _, k := range key {
		w := k.width(p.em) + 0.5*p.em + p.width(p.tickStyle(), k.text)
		if used+w > width {
			rows = append(rows, nil)
			used = 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], k)
		used += w + 1.4*p.em
	}
	return rows
}

func (p *pen) legendHeight(key []keyed, width float64) float64 {
	if len(key) == 0 {
		return 0
	}
	return (float64(len(p.legendRows(key, width)))*1.35 + 0.3) * p.em
}

// keyed draws a legend at the top of an area and returns what is left below it.
func (p *pen) keyed(key []keyed, area box) box {
	y := area.y1
	style := p.tickStyle()
	style.color = p.text
	for _, row := range p.legendRows(key, area.width()) {
		y -= 1.35 * p.em
		at := area.x0
		for _, k := range row {
			middle := y + 0.6*p.em
			w := k.width(p.em)
			p.sample(k, at, middle, w)
			if w > 0 {
				w += 0.5 * p.em
			}
			p.middle(style, at+w, middle, k.text)
			at += w + 1.4*p.em + p.width(style, k.text)
		}
	}
	area.y1 -= p.legendHeight(key, area.width())
	return area
}

// sample draws what an entry stands for.
func (p *pen) sample(k keyed, x, y, w float64) {
	switch {
	case k.area:
		p.area(k.look, box{x, y - 0.35*p.em, x + w, y + 0.35*p.em})
	case k.line:
		p.line(stroke{color: k.color, width: 0.16 * p.em, dash: k.dash}, point{x, y}, point{x + w, y})
	case k.ring:
		p.ring(stroke{color: p.text, width: 0.12 * p.em}, x+w/2, y, 0.45*p.em)
	case k.bar:
		p.line(stroke{color: p.text, width: 0.2 * p.em}, point{x + w/2, y - 0.5*p.em}, point{x + w/2, y + 0.5*p.em})
	}
	if k.marker {
		p.marker(k.shape, k.color, x+w/2, y, 0.38*p.em)
	}
}

// nothing says that a field is empty.
func (p *pen) nothing(b box) {
	p.middle(lettering{color: p.muted, align: 0.5}, (b.x0+b.x1)/2, (b.y0+b.y1)/2, "nothing to draw")
}

// listed joins names, each once, the first few of many.
func listed(names []string) string {
	const most = 6
	var once []string
	for _, n := range names {
		if !slices.Contains(once, n) {
			once = append(once, n)
		}
	}
	if len(once) > most {
		return strings.Join(once[:most], ", ") + fmt.Sprintf(" and %d more", len(once)-most)
	}
	return strings.Join(once, ", ")
}

// joinWords joins words that are not empty.
func joinWords(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}
