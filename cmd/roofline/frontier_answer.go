package main

import (
	"fmt"
	"slices"
	"strings"

	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/chart"
	"roofline/estimate/frontier"
	"roofline/hardware/unit"
)

// answer lays out a frontier.
func (c *frontierCmd) answer(s *session, f *front) *show.Answer {
	p := f.space
	a := &show.Answer{Sentence: f.sentence(), Assumed: p.assumed(&c.decision), JSON: f.document(s, c)}
	if len(c.SLO) > 0 {
		a.Assumed += " · " + c.SLO.String()
	}
	rows := f.rows(c.All)
	told := map[string]bool{}
	var shown []*estimate.Result
	for _, i := range rows {
		shown = append(shown, f.points[i])
		told[f.points[i].Device] = true
	}
	if len(rows) > 0 {
		a.Tables = []show.Table{f.table(rows)}
	}
	if !c.All && len(f.near) > 0 {
		a.Notes = append(a.Notes, fmt.Sprintf("~ beaten, but not at the good end of its band; the best such point of each device that is not on the frontier, of %s in all", count(len(f.near))))
	}
	a.Notes = append(a.Notes, f.left()...)
	if note := pointBasis(shown); note != "" {
		a.Notes = append(a.Notes, note)
	}
	a.Warnings = p.warnings(s, f.names, &c.decision, p.targets(func(device string) bool { return told[device] }))
	a.Picture = c.draw(func() chart.Chart { return f.picture(s, a, c) })
	return a
}

// rows returns the points people see: those on the frontier, and of every device that is not on it the best that overlaps;
// or all.
func (f *front) rows(all bool) []int {
	rows := slices.Clone(f.on)
	if all {
		rows = rows[:0]
		for i := range f.points {
			rows = append(rows, i)
		}
	} else {
		there := map[string]bool{}
		for _, i := range f.on {
			there[f.points[i].Device] = true
		}
		for _, i := range f.near {
			if d := f.points[i].Device; !there[d] {
				there[d] = true
				rows = append(rows, i)
			}
		}
	}
	frontier.Order(f.values, rows)
	return rows
}

// sentence says how many points are not beaten, and which are at the ends.
func (f *front) sentence() string {
	if len(f.points) == 0 {
		return fmt.Sprintf("None of %s points keeps the limits and has %s; %s.", count(f.tried), f.judged(), strings.Join(f.left(), "; "))
	}
	ends := slices.Clone(f.on)
	frontier.Order(f.values, ends)
	text := fmt.Sprintf("%d of %s points are not beaten in %s", len(f.on), count(len(f.points)), f.judged())
	if len(ends) == 1 {
		return text + ": " + f.told(ends[0]) + "."
	}
	return fmt.Sprintf("%s: from %s to %s.", text, f.told(ends[0]), f.told(ends[len(ends)-1]))
}

// judged names the objectives.
func (f *front) judged() string {
	names := make([]string, len(f.by))
	for i, o := range f.by {
		names[i] = strings.TrimSpace(f.column(o).Title)
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// told names a point and its first two objectives: 8 × gb300 TP8 at 1 user (171, 12.3).
func (f *front) told(i int) string {
	e := f.points[i]
	var values []string
	for _, o := range f.by {
		c := f.column(o)
		t := show.Table{Columns: []show.Column{c}}
		t.Add(o.Value(e))
		values = append(values, t.Cell(0, 0))
	}
	return fmt.Sprintf("%s (%s)", f.names.at(e), strings.Join(values, ", "))
}

// left says which points did not take part.
func (f *front) left() (notes []string) {
	var parts []string
	if f.unfit > 0 {
		parts = append(parts, fmt.Sprintf("%s do not fit", count(f.unfit)))
	}
	if f.missed > 0 {
		parts = append(parts, fmt.Sprintf("%s miss a limit", count(f.missed)))
	}
	for _, o := range f.by {
		if n := f.unknown[o.Name]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s have no %s", count(n), o.Name))
		}
	}
	if len(parts) > 0 {
		notes = []string{fmt.Sprintf("of %s points %s", count(f.tried), strings.Join(parts, ", "))}
	}
	return notes
}

// table shows points: what they are, the objectives, and the rest people ask for.
func (f *front) table(rows []int) show.Table {
	p := f.space
	language := p.loaded.Language != nil
	cs := pointColumns{{show.Column{Title: "device", Left: true, Shrink: 12}, func(n namer, e *estimate.Result) show.Cell { return n.deployed(e) }}}
	if language {
		cs = append(cs, written("plan", planned))
	}
	if p.runtimes() > 1 && language {
		cs = append(cs, written("runtime", func(e *estimate.Result) string { return e.Runtime }))
	}
	cs = append(cs, written("dtype", formatOfPoint))
	if language {
		cs = append(cs, number(show.Column{Title: "users", Whole: true}, func(e *estimate.Result) float64 { return e.Workload.Concurrency }))
	} else {
		cs = append(cs, number(show.Column{Title: "batch", Whole: true}, func(e *estimate.Result) float64 { return e.Workload.Batch }))
	}
	shown := slices.Clone(f.by)
	for _, name := range []string{"speed", "cost", "ttft", "throughput", "price", "latency"} {
		o, _, _ := frontier.Find(name)
		taken := slices.ContainsFunc(f.by, func(b frontier.Objective) bool { return b.Name == name })
		if !taken && (language || name != "speed" && name != "ttft") && len(shown) < mostObjectives {
			shown = append(shown, o)
		}
	}
	for _, o := range shown {
		cs = append(cs, pointColumn{f.column(o), func(_ namer, e *estimate.Result) show.Cell { return o.Value(e) }})
	}
	points := make([]*estimate.Result, len(rows))
	for k, i := range rows {
		points[k] = f.points[i]
	}
	t := cs.table(f.names, points)
	t.Columns = append([]show.Column{{Title: "on", Left: true}}, t.Columns...)
	marks := map[string]string{"frontier": "*", "overlaps": "~", "dominated": ""}
	for k, i := range rows {
		t.Rows[k] = append([]show.Cell{marks[f.status(i)]}, t.Rows[k]...)
	}
	return t
}

// mostObjectives is how many columns of numbers have room.
const mostObjectives = 6

// column is how an objective is printed.
func (f *front) column(o frontier.Objective) show.Column {
	p := f.space
	q := p.request
	switch o.Name {
	case "cost":
		if p.loaded.Language == nil {
			return show.Column{Title: "$/M " + p.items()}
		}
		return show.Column{Title: perMillion(q)}
	case "price":
		return show.Column{Title: "$/h"}
	case "ttft", "tpot":
		return show.Column{Title: strings.ToUpper(o.Name), Scales: milliseconds, Base: "s"}
	case "latency":
		if p.loaded.Language == nil {
			return show.Column{Title: "time", Scales: milliseconds, Base: "s"}
		}
		return show.Column{Title: "E2E", Scales: unit.Scales{{Factor: 1, Symbol: "s"}}}
	case "throughput":
		return show.Column{Title: p.rate()}
	case "per-device":
		return show.Column{Title: p.rate() + "/device"}
	case "speed":
		return show.Column{Title: "tok/s/user"}
	case "energy":
		return show.Column{Title: "J/" + strings.Replace(strings.TrimSuffix(p.counted(), "s"), "token", "tok", 1)}
	case "power":
		return show.Column{Title: "power", Unit: "W"}
	case "headroom":
		return show.Column{Title: "free", Scales: unit.Scales{{Factor: float64(unit.GiB), Symbol: "GiB"}}, Base: "B"}
	}
	return show.Column{Title: o.Name, Whole: true}
}
