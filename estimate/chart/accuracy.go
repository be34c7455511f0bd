package chart

import (
	"fmt"

	"roofline/hardware/unit"
)

// Accuracy shows predictions against measurements, both logarithmic: on the line they are equal, within the band off by a
// factor at most.
type Accuracy struct {
	Caption
	Factor  float64 // of the shaded band, such as 1.25; 0: none
	Classes []Class
}

// Class is measurements of one kind.
type Class struct {
	Name   string
	Points []Compared
}

// Compared is a measurement and its prediction.
type Compared struct {
	Name                string
	Measured, Predicted unit.Seconds
}

func (c *Compared) drawable() bool {
	return positive(float64(c.Measured)) && positive(float64(c.Predicted))
}

var (
	measured  = Measure{Name: "measured time", Scales: unit.TimeScales, Log: true}
	predicted = Measure{Name: "predicted time", Scales: unit.TimeScales, Log: true}
)

func (*Accuracy) height(p *pen, width float64) float64 { return min(0.8*width, 46*p.em) }

func (a *Accuracy) banded() bool { return a.Factor > 1 && finite(a.Factor) }

func (a *Accuracy) leaves() []string {
	lost := 0
	for i := range a.Classes {
		for j := range a.Classes[i].Points {
			if !a.Classes[i].Points[j].drawable() {
				lost++
			}
		}
	}
	return missing(nil, lost, &measured, &predicted)
}

func (a *Accuracy) key(p *pen) []keyed {
	var out []keyed
	for i, c := range a.Classes {
		out = append(out, keyed{look: p.look(i), text: fmt.Sprintf("%s (%d)", c.Name, len(c.Points)), marker: true})
	}
	if a.banded() {
		out = append(out, keyed{look: look{color: p.tint(p.muted, 0.18), hatch: flat}, text: fmt.Sprintf("within a factor of %s", number(a.Factor)), area: true})
	}
	return out
}

func (a *Accuracy) draw(p *pen, area box) {
	area = p.keyed(a.key(p), area)
	var all []float64
	for i := range a.Classes {
		for j := range a.Classes[i].Points {
			if c := &a.Classes[i].Points[j]; c.drawable() {
				all = append(all, float64(c.Measured), float64(c.Predicted))
			}
		}
	}
	f := p.axes(area, &measured, &predicted, measured.span(all), predicted.span(all))
	if a.banded() {
		p.polygon(p.tint(p.muted, 0.18), a.band(f)...)
	}
	p.grid(f)
	p.line(stroke{color: p.axis, width: 0.1 * p.em}, f.at(f.x.min, f.y.min), f.at(f.x.max, f.y.max))
	radius := 0.34 * p.em
	if len(all) > 800 { // both measured and predicted
		radius = 0.24 * p.em
	}
	for i := range a.Classes {
		l := p.look(i)
		for j := range a.Classes[i].Points {
			c := &a.Classes[i].Points[j]
			if !c.drawable() {
				continue
			}
			at := f.at(float64(c.Measured), float64(c.Predicted))
			p.tagged(fmt.Sprintf("%s: measured %s, predicted %s", c.Name, c.Measured, c.Predicted), func() { p.marker(l.shape, l.color, at.x, at.y, radius) })
		}
	}
	style := lettering{color: p.muted, size: 0.85}
	p.write(style, f.x0+0.4*p.em, f.y1-1.1*p.em, "predicted too slow")
	style.align = 1
	p.write(style, f.x1-0.4*p.em, f.y0+0.5*p.em, "predicted too fast")
}

// band returns the corners of the band around equality.
func (a *Accuracy) band(f *field) []point {
	lo, hi, k := f.x.min, f.x.max, a.Factor
	return []point{f.at(lo, lo), f.at(lo, f.y.clamp(lo*k)), f.at(hi/k, hi), f.at(hi, hi), f.at(hi, f.y.clamp(hi/k)), f.at(lo*k, lo)}
}
