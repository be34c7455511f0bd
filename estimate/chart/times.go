package chart

import (
	"cmp"
	"fmt"
	"slices"

	"roofline/hardware/unit"
)

// Times shows where the time goes: one bar per kind of layer, in parts by what limits them.
type Times struct {
	Caption
	Rows []Spent
}

// Spent is the time of one kind of layer, by limit: compute, memory, communication, overhead.
type Spent struct {
	Name string
	By   map[string]unit.Seconds
}

// of is the time under a limit, 0 where it is not known.
func (s *Spent) of(limit string) unit.Seconds {
	if t := s.By[limit]; positive(float64(t)) {
		return t
	}
	return 0
}

func (s *Spent) total() (sum unit.Seconds) {
	for _, l := range limits {
		sum += s.of(l)
	}
	return sum
}

func (t *Times) height(p *pen, width float64) float64 {
	return float64(max(1, len(t.rows())))*rowHeight*p.em + 4.5*p.em + p.legendHeight(t.key(p), width)
}

// mostKinds is how many kinds of layers are drawn.
const mostKinds = 24

// rows are the kinds that take the most time, longest first.
func (t *Times) rows() []Spent {
	rows := slices.Clone(t.Rows)
	slices.SortStableFunc(rows, func(a, b Spent) int { return cmp.Compare(b.total(), a.total()) })
	return rows[:min(len(rows), mostKinds)]
}

func (t *Times) leaves() []string {
	if more := len(t.Rows) - mostKinds; more > 0 {
		return []string{fmt.Sprintf("The %d longest of %d kinds of layers.", mostKinds, len(t.Rows))}
	}
	return nil
}

func (t *Times) key(p *pen) []keyed {
	var out []keyed
	for _, limit := range limits {
		if slices.ContainsFunc(t.Rows, func(s Spent) bool { return s.By[limit] > 0 }) {
			out = append(out, keyed{look: p.limitLook(limit), text: "limited by " + limit, area: true})
		}
	}
	return out
}

func (t *Times) draw(p *pen, area box) {
	area = p.keyed(t.key(p), area)
	rows, name := t.rows(), lettering{color: p.text}
	var all unit.Seconds
	for i := range t.Rows {
		all += t.Rows[i].total()
	}
	room, values := 0.0, []float64{}
	for i := range rows {
		room = max(room, p.width(name, rows[i].Name))
		values = append(values, float64(rows[i].total()))
	}
	room = min(room, 0.4*area.width())
	measure := Measure{Name: "time", Scales: unit.TimeScales}
	x := measure.span(values)
	x.from, x.to = area.x0+room+0.8*p.em, area.x1-3*p.em
	g := &field{box: box{x.from, area.y0 + p.lineHeight(p.titleOfAxis()) + p.lineHeight(p.tickStyle()) + 0.5*p.em, x.to, area.y1}, x: x}
	s := measure.scale(x.max)
	ticks := measure.ticks(&g.x, max(2, int(g.width()/(6*p.em))), s)
	p.columns(g, ticks)
	p.xAxis(g, measure.title(s), measure.Better, ticks)
	h := g.height() / float64(max(1, len(rows)))
	for i := range rows {
		t.row(p, g, &rows[i], all, area.x0, room, g.y1-(float64(i)+0.5)*h, min(0.6*h, 1.2*p.em))
	}
}

// row draws one kind: its name, its bar in parts, its share of all the time.
func (t *Times) row(p *pen, g *field, s *Spent, all unit.Seconds, left, room, y, thick float64) {
	p.middle(lettering{color: p.text}, left, y, p.fit(lettering{color: p.text}, s.Name, room))
	from := 0.0
	for _, limit := range limits {
		to := from + float64(s.of(limit))
		p.tagged(fmt.Sprintf("%s: %s limited by %s", s.Name, s.of(limit), limit), func() {
			p.area(p.limitLook(limit), box{g.x.at(from), y - thick/2, g.x.at(to), y + thick/2})
		})
		from = to
	}
	if all > 0 {
		p.middle(p.tickStyle(), g.x.at(from)+0.4*p.em, y, shareText(float64(s.total()/all)))
	}
}
