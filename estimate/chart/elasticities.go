package chart

import (
	"fmt"
	"math"

	"roofline/hardware/unit"
)

// Elasticities shows by how many percent measures change for one percent more of a property: a row per property, a column
// of signed bars per measure.
type Elasticities struct {
	Caption
	Measures []string // "latency", "throughput", "cost"
	Better   []Direction
	Rows     []Elasticity
}

// Elasticity is one property's effect on each measure; NaN where it is not known.
type Elasticity struct {
	Name   string // "memory bandwidth"
	Values []float64
}

func (e *Elasticities) height(p *pen, width float64) float64 {
	one := float64(max(1, len(e.Rows)))*rowHeight*p.em + 4*p.em
	if e.stacked(p, width) {
		return (one + 0.6*p.em) * float64(len(e.Measures))
	}
	return one + 1.3*p.em
}

func (e *Elasticities) stacked(p *pen, width float64) bool {
	return len(e.Measures) > 1 && (width-e.names(p, width))/float64(len(e.Measures)) < 11*p.em
}

func (e *Elasticities) leaves() []string {
	return []string{"Percent of change for one percent more."}
}

func (e *Elasticities) names(p *pen, width float64) float64 {
	room := 0.0
	for i := range e.Rows {
		room = max(room, p.width(lettering{}, e.Rows[i].Name))
	}
	return min(room+0.8*p.em, 0.4*width)
}

func (e *Elasticities) draw(p *pen, area box) {
	area = p.keyed([]keyed{{look: p.gain(), text: "better", area: true}, {look: p.loss(), text: "worse", area: true}}, area)
	names := e.names(p, area.width())
	reach := 0.0
	for i := range e.Rows {
		for _, v := range e.Rows[i].Values {
			if finite(v) {
				reach = max(reach, math.Abs(v))
			}
		}
	}
	if reach < 0.1 {
		reach = 1
	}
	n := float64(max(1, len(e.Measures)))
	for k := range e.Measures {
		panel := area
		if e.stacked(p, area.width()) {
			panel.y1 = area.y1 - float64(k)*area.height()/n
			panel.y0 = panel.y1 - area.height()/n + 0.6*p.em
			e.panel(p, panel, names, k, reach, true)
			continue
		}
		w := (area.width() - names) / n
		panel.x0 += float64(k) * w
		panel.x1 = panel.x0 + names + w - 1.2*p.em
		e.panel(p, panel, names, k, reach, k == 0)
	}
}

func (p *pen) gain() look { return look{color: p.series[2], hatch: solid} }
func (p *pen) loss() look { return look{color: p.series[1], hatch: rising} }

// panel draws the bars of one measure from zero to both sides.
func (e *Elasticities) panel(p *pen, panel box, names float64, k int, reach float64, named bool) {
	x := axis{min: -reach * 1.1, max: reach * 1.1, from: panel.x0 + names + 2*p.em, to: panel.x1 - 2*p.em}
	g := &field{box: box{x.from, panel.y0 + p.lineHeight(p.tickStyle()) + 0.5*p.em, x.to, panel.y1 - p.lineHeight(p.titleOfAxis()) - 0.5*p.em}, x: x}
	p.write(p.titleOfAxis(), g.x0-2*p.em, panel.y1-p.em, e.Measures[k])
	m := Measure{}
	ticks := m.ticks(&g.x, max(2, int(g.width()/(4*p.em))), unit.Scale{Factor: 1})
	p.columns(g, ticks)
	p.xLabels(g, ticks, g.y0-0.25*p.em)
	zero := g.x.at(0)
	p.line(stroke{color: p.axis, width: 0.09 * p.em}, point{zero, g.y0}, point{zero, g.y1})
	h := g.height() / float64(max(1, len(e.Rows)))
	for i := range e.Rows {
		r := &e.Rows[i]
		y := g.y1 - (float64(i)+0.5)*h
		if named {
			p.middle(lettering{color: p.text}, panel.x0, y, p.fit(lettering{color: p.text}, r.Name, names-0.8*p.em))
		}
		e.bar(p, g, r, k, y, min(0.6*h, 1.1*p.em))
	}
}

func (e *Elasticities) bar(p *pen, g *field, r *Elasticity, k int, y, thick float64) {
	zero, text := g.x.at(0), p.tickStyle()
	if k >= len(r.Values) || !finite(r.Values[k]) {
		p.middle(text, zero+0.4*p.em, y, "–")
		return
	}
	v := r.Values[k]
	end := g.x.at(v)
	l := p.loss()
	if k < len(e.Better) && (e.Better[k] == Higher) == (v > 0) {
		l = p.gain()
	}
	p.tagged(fmt.Sprintf("%s: %s %+.2f %% for 1 %%", r.Name, e.Measures[k], v), func() {
		p.area(l, box{min(zero, end), y - thick/2, max(zero, end), y + thick/2})
	})
	if v < 0 && signed(v) != "0" {
		text.align = 1
		p.middle(text, end-0.3*p.em, y, signed(v))
		return
	}
	p.middle(text, end+0.3*p.em, y, signed(v))
}

// signed prints an elasticity with its sign; 0 has none.
func signed(v float64) string {
	switch s := fmt.Sprintf("%.2f", math.Abs(v)); {
	case s == "0.00":
		return "0"
	case v < 0:
		return "−" + s
	default:
		return "+" + s
	}
}
