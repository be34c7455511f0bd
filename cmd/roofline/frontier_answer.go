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

// frontierDocument is the JSON of `frontier`.
type frontierDocument struct {
	Schema      string       `json:"schema"`
	Version     string       `json:"version"`
	Catalog     string       `json:"catalog"`
	Command     string       `json:"command"`
	Assumptions []assumption `json:"assumptions"`
	Limits      []limited    `json:"limits"`
	By          []objective  `json:"by,omitempty"`
	Tried       int          `json:"points_tried,omitempty"`
	Unfit       int          `json:"points_that_do_not_fit,omitempty"`
	Missed      int          `json:"points_that_miss_a_limit,omitempty"`
	Unknown     int          `json:"points_without_an_objective,omitempty"`
	Points      []placed     `json:"points,omitempty"`
	Tiers       []tierCell   `json:"tiers,omitempty"`
}

type objective struct {
	Name   string `json:"name"`
	Unit   string `json:"unit,omitempty"`
	Better string `json:"better"`
}

// placed is a point and where it is.
type placed struct {
	Status   string           `json:"status"`
	Values   []float64        `json:"values"`
	Best     []float64        `json:"values_at_best"`
	Estimate *estimate.Result `json:"estimate"`
}

// head is what all JSON of `frontier` begins with.
func (c *frontierCmd) head(s *session, p *space) *frontierDocument {
	d := &frontierDocument{Schema: "roofline.frontier/v1", Version: version(), Catalog: s.catalog.Version(), Command: s.command(),
		Assumptions: p.assumptions(&c.decision), Limits: []limited{}}
	for _, l := range c.SLO {
		d.Limits = append(d.Limits, limited{l.Quantity().String(), l.Most})
	}
	return d
}

// document is the answer for programs: the points on the frontier and those that overlap it, with --all every point.
func (f *front) document(s *session, c *frontierCmd) *frontierDocument {
	d := c.head(s, f.space)
	d.Tried, d.Unfit, d.Missed, d.Unknown = f.tried, f.unfit, f.missed, f.tried-f.unfit-f.missed-len(f.points)
	for _, o := range f.by {
		better := "lower"
		if o.More {
			better = "higher"
		}
		d.By = append(d.By, objective{o.Name, f.unit(o), better})
	}
	rows := append(slices.Clone(f.on), f.near...)
	if c.All {
		rows = f.rows(true)
	}
	frontier.Order(f.values, rows)
	for _, i := range rows {
		x := placed{Status: f.status(i), Estimate: f.points[i]}
		for k, o := range f.by {
			sign := 1.0
			if o.More {
				sign = -1
			}
			x.Values, x.Best = append(x.Values, sign*f.values[i][k]), append(x.Best, sign*f.best[i][k])
		}
		d.Points = append(d.Points, x)
	}
	return d
}

// unit names what an objective's values are in.
func (f *front) unit(o frontier.Objective) string {
	item := f.space.counted()
	switch o.Name {
	case "cost":
		return "USD/M " + item
	case "throughput", "per-device":
		return item + "/s"
	case "speed":
		return "output tokens/s"
	case "energy":
		return "J per " + strings.TrimSuffix(item, "s")
	}
	return o.Unit
}

// picture draws the first two objectives: the devices on the frontier first, then those that overlap it, as many as can be
// told apart.
func (f *front) picture(s *session, a *show.Answer, c *frontierCmd) *chart.Frontier {
	x, y := f.by[0], f.by[1]
	out := &chart.Frontier{Caption: s.caption(a, fmt.Sprintf("%s: %s against %s", f.space.loaded.Name(), f.measure(y).Name, f.measure(x).Name)),
		X: f.measure(x), Y: f.measure(y)}
	var devices []string
	add := func(i int) {
		if d := f.points[i].Device; !slices.Contains(devices, d) {
			devices = append(devices, d)
		}
	}
	for _, i := range append(slices.Clone(f.on), f.near...) {
		add(i)
	}
	for i := range f.points {
		add(i)
	}
	for _, d := range devices[:min(len(devices), mostCurves)] {
		out.Series = append(out.Series, f.series(d))
	}
	if more := len(devices) - len(out.Series); more > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("%d devices that are further from the frontier are not drawn.", more))
	}
	out.Limits = c.drawn(x, y)
	return out
}

// mostCurves is how many devices or combinations a picture tells apart.
const mostCurves = 8

// drawn returns the limits that an axis shows.
func (c *frontierCmd) drawn(x, y frontier.Objective) (l chart.Limits) {
	for _, limit := range c.SLO {
		most := float64(limit.Most)
		for axis, o := range []frontier.Objective{x, y} {
			lower, upper := 0.0, 0.0
			switch {
			case string(limit.Metric) == o.Name:
				upper = most
			case limit.Metric == "tpot" && o.Name == "speed":
				lower = 1 / most
			default:
				continue
			}
			if axis == 0 {
				l.XMin, l.XMax = lower, upper
			} else {
				l.YMin, l.YMax = lower, upper
			}
		}
	}
	return l
}

// series are the points of one device. Those its own beat are faint.
func (f *front) series(device string) chart.Series {
	s := chart.Series{Name: f.names[device]}
	var own [][]float64
	var at []int
	for i, e := range f.points {
		if e.Device == device {
			own, at = append(own, f.values[i][:2]), append(at, i)
		}
	}
	on := frontier.Pareto(own)
	for k, i := range at {
		e := f.points[i]
		_, isOn := slices.BinarySearch(on, k)
		label := ""
		if f.space.loaded.Language != nil {
			label = planned(e)
		}
		s.Points = append(s.Points, chart.Configuration{
			X: f.by[0].Value(e), Y: f.by[1].Value(e), XBand: f.band(0, i), YBand: f.band(1, i), Label: label, Dominated: !isOn,
		})
	}
	return s
}

// band is where a value of a point is between the ends of its band.
func (f *front) band(k, i int) chart.Band {
	a, b := f.by[k].Best(f.points[i]), f.by[k].Worst(f.points[i])
	return chart.Band{Low: min(a, b), High: max(a, b)}
}

// measure is an axis.
func (f *front) measure(o frontier.Objective) chart.Measure {
	item := f.space.counted()
	m := chart.Measure{Better: chart.Lower}
	if o.More {
		m.Better = chart.Higher
	}
	switch o.Name {
	case "cost":
		m.Name, m.Unit, m.Log = "cost", "$/M "+item, true
	case "price":
		m.Name, m.Unit = "cost", "$/h"
	case "ttft", "tpot":
		m.Name, m.Scales, m.Log = strings.ToUpper(o.Name), unit.TimeScales, true
	case "latency":
		m.Name, m.Scales, m.Log = "latency", unit.TimeScales, true
	case "throughput":
		m.Name, m.Unit = "throughput", item+"/s"
	case "per-device":
		m.Name, m.Unit = "throughput of a device", item+"/s"
	case "speed":
		m.Name, m.Unit = "speed for each user", "output tokens/s"
	case "energy":
		m.Name, m.Unit = "energy", "J per "+strings.TrimSuffix(item, "s")
	case "power":
		m.Name, m.Scales = "power", unit.WattScales
	case "headroom":
		m.Name, m.Scales = "free memory of a device", unit.MemoryScales
	default:
		m.Name = o.Name
	}
	return m
}
