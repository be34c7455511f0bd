package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"roofline/hardware/unit"
)

// limits in the order of legends.
var limits = []string{"compute", "memory", "communication", "overhead"}

// limitLook is how work with a limit is drawn.
func (p *pen) limitLook(limit string) look {
	at := map[string]int{"memory": 0, "compute": 1, "communication": 2, "overhead": 3}
	if i, ok := at[limit]; ok {
		return p.look(i)
	}
	return p.look(6)
}

// dotLook is by limit where there is one device, else by device.
func (r *Roofline) dotLook(p *pen, roof int, d *Dot) look {
	if len(r.Roofs) > 1 {
		return p.look(roof)
	}
	return p.limitLook(d.Limit)
}

// key explains the looks of the dots.
func (r *Roofline) key(p *pen) []keyed {
	var out []keyed
	if len(r.Roofs) > 1 {
		for i := range r.Roofs {
			out = append(out, keyed{look: p.look(i), text: r.Roofs[i].said(), line: true, marker: true})
		}
	} else {
		seen := map[string]bool{}
		for i := range r.Roofs {
			for j := range r.Roofs[i].Work {
				d := &r.Roofs[i].Work[j]
				seen[d.Limit] = seen[d.Limit] || d.drawable()
			}
		}
		for _, limit := range limits {
			if seen[limit] {
				out = append(out, keyed{look: p.limitLook(limit), text: "limited by " + limit, marker: true})
			}
		}
	}
	if len(out) > 0 {
		out = append(out, keyed{text: "area: share of the time"})
	}
	return out
}

// drawWork draws the dots, the largest first, and returns the names of those that take the most time.
func (r *Roofline) drawWork(p *pen, f *field, o *obstacles) (named []label) {
	for i := range r.Roofs {
		ls := r.drawDots(p, f, o, i)
		named = append(named, gathered(largest(ls, mostNamed/len(r.Roofs)), 1.2*p.em)...)
	}
	return named
}

// mostNamed is how many dots of a roofline are named.
const mostNamed = 12

// drawDots draws the work of one device and returns the names.
func (r *Roofline) drawDots(p *pen, f *field, o *obstacles, i int) (ls []label) {
	var total unit.Seconds
	for _, d := range r.Roofs[i].Work {
		if positive(float64(d.Time)) {
			total += d.Time
		}
	}
	for _, d := range drawables(r.Roofs[i].Work) {
		share := 0.0
		if positive(float64(d.Time)) {
			share = float64(d.Time / total)
		}
		at := f.at(float64(d.Intensity), float64(d.Rate))
		radius := max(0.22*p.em, 1.9*p.em*math.Sqrt(share))
		l := r.dotLook(p, i, d)
		p.tagged(fmt.Sprintf("%s: %s, %s, %s, limited by %s", d.Name, d.Intensity, d.Rate, d.Time, d.Limit), func() {
			p.marker(l.shape, l.color, at.x, at.y, radius)
		})
		o.mark(at, radius)
		color := p.text
		if len(r.Roofs) > 1 {
			color = l.color
		}
		ls = append(ls, label{lines: []string{d.Name + " " + shareText(share)}, color: color, at: at, radius: radius, rank: share, far: len(r.Roofs) == 1})
	}
	return ls
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

// largest returns the labels of the highest rank.
func largest(ls []label, n int) []label {
	ls = slices.Clone(ls)
	slices.SortStableFunc(ls, func(a, b label) int { return cmp.Compare(b.rank, a.rank) })
	return ls[:min(n, len(ls))]
}

// shareText prints a share of a whole.
func shareText(share float64) string {
	if share > 0 && share < 0.01 {
		return "<1 %"
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}
