package chart

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// keyed is an entry of a legend: a look and what it stands for.
type keyed struct {
	look
	text               string
	line, marker, area bool
}

const swatch = 2.0 // width of a sample in a legend, in em

// legendRows breaks a legend into rows of at most a width.
func (p *pen) legendRows(key []keyed, width float64) [][]keyed {
	var rows [][]keyed
	used := width
	for _, k := range key {
		w := (swatch+0.5+1.4)*p.em + p.width(p.tickStyle(), k.text)
		if used+w > width+1.4*p.em {
			rows = append(rows, nil)
			used = 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], k)
		used += w
	}
	return rows
}

func (p *pen) legendHeight(key []keyed, width float64) float64 {
	return float64(len(p.legendRows(key, width))) * 1.35 * p.em
}

// legend writes rows of samples and names below y.
func (p *pen) legend(key []keyed, x, y, width float64) {
	style := p.tickStyle()
	style.color = p.text
	for _, row := range p.legendRows(key, width) {
		y -= 1.35 * p.em
		at := x
		for _, k := range row {
			middle := y + 0.6*p.em
			w := p.sample(k, at, middle)
			p.middle(style, at+w+0.5*p.em, middle, k.text)
			at += w + 1.9*p.em + p.width(style, k.text)
		}
	}
}

// sample draws what an entry stands for and returns its width.
func (p *pen) sample(k keyed, x, y float64) float64 {
	w := swatch * p.em
	if !k.line {
		w = 0.9 * p.em
	}
	switch {
	case k.area:
		p.area(k.look, box{x, y - 0.35*p.em, x + w, y + 0.35*p.em})
	case k.line:
		p.line(stroke{color: k.color, width: 0.16 * p.em, dash: k.dash}, point{x, y}, point{x + w, y})
	}
	if k.marker {
		p.marker(k.shape, k.color, x+w/2, y, 0.38*p.em)
	}
	return w
}

// listed joins names, the first few of many.
func listed(names []string) string {
	const most = 6
	names = slices.Compact(slices.Clone(names))
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// shareText prints a share of a whole.
func shareText(share float64) string {
	if share > 0 && share < 0.01 {
		return "<1 %"
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}

// largest returns the labels of the highest rank.
func largest(ls []label, n int) []label {
	ls = slices.Clone(ls)
	slices.SortStableFunc(ls, func(a, b label) int { return cmp.Compare(b.rank, a.rank) })
	return ls[:min(n, len(ls))]
}

// drawables returns the dots that have a place, the largest first, so that small ones lie on top.
func drawables(work []Dot) []*Dot {
	var out []*Dot
	for i := range work {
		if work[i].drawable() {
			out = append(out, &work[i])
		}
	}
	slices.SortStableFunc(out, func(a, b *Dot) int { return cmp.Compare(b.Time, a.Time) })
	return out
}

// joined returns the drawable points of a series' frontier in the order of X.
func joined(points []Configuration, f *Frontier) []*Configuration {
	var out []*Configuration
	for i := range points {
		if c := &points[i]; !c.Dominated && c.drawable(f) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b *Configuration) int { return cmp.Compare(a.X, b.X) })
	return out
}

// joinWords joins words that are not empty.
func joinWords(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}
