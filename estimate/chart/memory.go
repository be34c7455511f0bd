package chart

import (
	"fmt"
	"slices"

	"roofline/hardware/unit"
)

// Memory shows what fills the memory of each device of a group, against its capacity.
type Memory struct {
	Caption
	Rows []Filled
}

// Filled is one group of devices. A capacity of 0 is not known.
type Filled struct {
	Name, Detail                            string // "4 × h100-sxm", "TP4 · 15 users"
	Weights, KVCache, Activations, Reserved unit.Bytes
	Capacity                                unit.Bytes
	Short                                   unit.Bytes // missing for one request; 0: it fits
}

func (f *Filled) parts() []unit.Bytes {
	parts := []unit.Bytes{f.Weights, f.KVCache, f.Activations, f.Reserved}
	for i, b := range parts {
		if !positive(float64(b)) {
			parts[i] = 0
		}
	}
	return parts
}

// capacity is 0 where it is not known.
func (f *Filled) capacity() float64 {
	if f.known() {
		return float64(f.Capacity)
	}
	return 0
}

// known reports a capacity that can be drawn.
func (f *Filled) known() bool { return positive(float64(f.Capacity)) }

func (f *Filled) total() (sum unit.Bytes) {
	for _, b := range f.parts() {
		sum += b
	}
	return sum
}

var memoryParts = []string{"weights", "KV cache", "activations", "reserved"}

// memoryLooks of the parts: neighbours differ in lightness.
func (p *pen) memoryLooks() []look {
	return []look{
		{color: p.series[0], hatch: solid}, {color: p.tint(p.series[5], 0.8), hatch: rising},
		{color: p.series[4], hatch: plain}, {color: p.tint(p.muted, 0.45), hatch: flat},
	}
}

func (m *Memory) height(p *pen, width float64) float64 {
	return float64(max(1, len(m.rows())))*2.6*p.em + 5*p.em + p.legendHeight(m.key(p), width)
}

func (m *Memory) rows() []Filled { return m.Rows[:min(len(m.Rows), mostBars)] }

func (m *Memory) leaves() (out []string) {
	if more := len(m.Rows) - mostBars; more > 0 {
		out = append(out, fmt.Sprintf("The first %d of %d groups; %d more are in the table.", mostBars, len(m.Rows), more))
	}
	var unknown []string
	for i := range m.Rows {
		if !m.Rows[i].known() {
			unknown = append(unknown, m.Rows[i].Name)
		}
	}
	if len(unknown) > 0 {
		out = append(out, "Capacity not known: "+listed(unknown)+".")
	}
	return out
}

func (m *Memory) key(p *pen) []keyed {
	var out []keyed
	for i, l := range p.memoryLooks() {
		if slices.ContainsFunc(m.Rows, func(f Filled) bool { return f.parts()[i] > 0 }) {
			out = append(out, keyed{look: l, text: memoryParts[i], area: true})
		}
	}
	return append(out, keyed{look: look{color: p.text}, text: "capacity", line: true})
}

func (m *Memory) draw(p *pen, area box) {
	area = p.keyed(m.key(p), area)
	name, detail := lettering{color: p.text}, lettering{color: p.muted, size: 0.86}
	room := 0.0
	values := []float64{}
	for i := range m.rows() {
		f := &m.Rows[i]
		room = max(room, p.width(name, f.Name), p.width(detail, f.Detail))
		values = append(values, float64(f.total()), f.capacity())
	}
	room = min(room, 0.4*area.width())
	measure := Measure{Name: "memory of each device", Scales: unit.Scales{{Factor: float64(unit.GiB), Symbol: "GiB"}}}
	x := measure.span(values)
	x.from, x.to = area.x0+room+0.8*p.em, area.x1-0.6*p.em-m.shortage(p)
	g := &field{box: box{x.from, area.y0 + p.lineHeight(p.titleOfAxis()) + p.lineHeight(p.tickStyle()) + 0.5*p.em, x.to, area.y1}, x: x}
	s := measure.scale(x.max)
	ticks := measure.ticks(&g.x, max(2, int(g.width()/(6*p.em))), s)
	p.columns(g, ticks)
	p.xAxis(g, measure.title(s), measure.Better, ticks)
	h := g.height() / float64(max(1, len(m.rows())))
	for i := range m.rows() {
		f := &m.Rows[i]
		y := g.y1 - (float64(i)+0.5)*h
		p.middle(name, area.x0, y+0.55*p.em, p.fit(name, f.Name, room))
		p.middle(detail, area.x0, y-0.6*p.em, p.fit(detail, f.Detail, room))
		m.stack(p, g, f, y, min(0.62*h, 1.8*p.em))
	}
}

// stack draws the parts one after the other, what lies above the capacity, and the capacity.
func (m *Memory) stack(p *pen, g *field, f *Filled, y, thick float64) {
	from := 0.0
	for i, l := range p.memoryLooks() {
		b := f.parts()[i]
		to := from + float64(b)
		area := box{g.x.at(from), y - thick/2, g.x.at(to), y + thick/2}
		p.tagged(fmt.Sprintf("%s: %s %s", f.Name, memoryParts[i], b), func() { p.area(l, area) })
		from = to
	}
	if f.known() {
		at := g.x.at(f.capacity())
		p.line(stroke{color: p.text, width: 0.18 * p.em}, point{at, y - thick*0.75}, point{at, y + thick*0.75})
	}
	if f.Short > 0 {
		p.middle(shortStyle(p), g.x.at(max(from, f.capacity()))+0.5*p.em, y, f.Short.String()+" short")
	}
}

func shortStyle(p *pen) lettering { return lettering{color: p.text, bold: true, size: labelSize} }

// shortage is the room that is kept for saying what is missing beside the longest bar.
func (m *Memory) shortage(p *pen) (w float64) {
	for i := range m.rows() {
		if f := &m.Rows[i]; f.Short > 0 {
			w = max(w, p.width(shortStyle(p), f.Short.String()+" short"))
		}
	}
	return w
}
