package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"roofline/cmd/roofline/internal/metric"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/sensitivity"
	"roofline/hardware/unit"
)

// sensitivities say how much results depend on what goes into them.
type sensitivities struct {
	Step       float64     `json:"step"` // by which inputs are moved either way, as a share
	Parameters []sensitive `json:"parameters"`
}

// sensitive is a parameter with the elasticities of the results to it.
type sensitive struct {
	Name         string       `json:"name"`
	Fields       []string     `json:"fields"` // that move together, as --set takes them
	Now          string       `json:"now"`
	Elasticities []elasticity `json:"elasticities"`
	// A time of the last load with 10 % more and 10 % less of it, over what it is.
	TenMore float64 `json:"time_with_10_percent_more,omitempty"`
	TenLess float64 `json:"time_with_10_percent_less,omitempty"`

	lever *lever
}

// elasticity is d ln(metric) ÷ d ln(parameter) at a load.
type elasticity struct {
	Load   string  `json:"load"`
	Metric string  `json:"metric"`
	Value  float64 `json:"value"`
	Less   float64 `json:"less"` // of a step down alone
	More   float64 `json:"more"` // of a step up alone
	Kinked bool    `json:"kinked,omitempty"`
	Side   string  `json:"one_sided,omitempty"` // less or more, where the other side has no answer
}

// elasticMetrics are the results whose elasticities are told, at the last load; of others only the times.
var (
	elasticMetrics = []string{"latency", "ttft", "tpot", "throughput", "cost"}
	elasticTimes   = []string{"latency", "ttft", "tpot"}
)

// negligible is the elasticity below which a result does not depend on a parameter.
const negligible = 0.005

// sensitivities moves every parameter by itself, with the deployment and the loads held.
func (x *experiment) sensitivities() *sensitivities {
	out := &sensitivities{Step: sensitivity.Step}
	q := x.fixed()
	format := x.before.results[0].Workload.ActDType.String()
	for _, p := range x.levers() {
		h := p.step(sensitivity.Step)
		less, lessOK := x.at(q, &p, 1-h)
		more, moreOK := x.at(q, &p, 1+h)
		s := sensitive{Name: p.name, Fields: p.fields, Now: p.text, lever: &p}
		if p.flag != "" {
			s.Fields = []string{p.flag}
		}
		idle := true
		for load, now := range x.before.results {
			for _, id := range x.elastic(load) {
				m := metric.Get(id)
				if !m.Of(now).Known() {
					continue
				}
				at := func(results []*estimate.Result, ok bool) (float64, bool) {
					if !ok {
						return 0, false
					}
					r := m.Of(results[load])
					return r.Value, r.Known()
				}
				e := sensitivity.Of(func(factor float64) (float64, bool) {
					switch {
					case factor < 1:
						return at(less, lessOK)
					case factor > 1:
						return at(more, moreOK)
					}
					return at(x.before.results, true)
				}, h)
				if e.Known == sensitivity.None {
					continue
				}
				idle = idle && math.Abs(e.Value) < negligible && !e.Kinked()
				s.Elasticities = append(s.Elasticities, elasticity{Load: loadName(now), Metric: id, Value: e.Value, Less: e.Below, More: e.Above,
					Kinked: e.Kinked(), Side: map[sensitivity.Sides]string{sensitivity.Down: "less", sensitivity.Up: "more"}[e.Known]})
			}
		}
		s.TenMore, s.TenLess = x.tenth(q, &p, 1.1), x.tenth(q, &p, 0.9)
		// Peaks of formats that are not computed in have no place here.
		if inUse := !idle || !strings.Contains(p.name, "peak ") || p.name == "peak "+format; inUse {
			out.Parameters = append(out.Parameters, s)
		}
	}
	return out
}

// tenth returns what becomes of the time of the last load when a parameter is scaled, as a factor; 0: there is no answer.
func (x *experiment) tenth(q question, p *lever, factor float64) float64 {
	if p.whole {
		factor = math.Round(p.now*factor) / p.now
	}
	last := len(x.before.results) - 1
	m := metric.Get(x.time())
	results, ok := x.at(q, p, factor)
	if !ok || !m.Of(results[last]).Known() {
		return 0
	}
	return m.Of(results[last]).Value / m.Of(x.before.results[last]).Value
}

// time is the time of the last load that people ask about first.
func (x *experiment) time() string {
	last := x.before.results[len(x.before.results)-1]
	for _, id := range []string{"tpot", "latency"} {
		if metric.Get(id).Of(last).Known() {
			return id
		}
	}
	return "ttft"
}

// elastic lists the metrics whose elasticities are told at a load.
func (x *experiment) elastic(load int) []string {
	if load == len(x.before.results)-1 {
		return elasticMetrics
	}
	return elasticTimes
}

// of returns the elasticity of a metric at a load, nil if it has none.
func (s *sensitive) of(load, id string) *elasticity {
	for i := range s.Elasticities {
		if e := &s.Elasticities[i]; e.Load == load && e.Metric == id {
			return e
		}
	}
	return nil
}

// showSensitivity lays the elasticities out, and says in words which matter.
func (x *experiment) showSensitivity(a *show.Answer, all *sensitivities) {
	t := show.Table{Columns: []show.Column{{Title: "1 % more", Left: true, Shrink: 12}, {Title: "now", Left: true, Shrink: 6}}}
	type column struct{ load, id string }
	var columns []column
	first := max(0, len(x.before.results)-mostSides)
	for load := first; load < len(x.before.results); load++ {
		now := x.before.results[load]
		for _, id := range x.elastic(load) {
			if m := metric.Get(id); m.Of(now).Known() {
				columns = append(columns, column{loadName(now), id})
				t.Columns = append(t.Columns, show.Column{Group: loadName(now), Title: m.Label, Unit: "%"})
			}
		}
	}
	kinks := false
	for _, s := range all.Parameters {
		cells := []show.Cell{s.Name, s.Now}
		for _, c := range columns {
			e := s.of(c.load, c.id)
			cells = append(cells, e.text())
			kinks = kinks || e != nil && e.Kinked
		}
		t.Add(cells...)
	}
	a.Tables = append(a.Tables, t)
	last := x.before.results[len(x.before.results)-1]
	id := x.time()
	words, nothing := all.words(loadName(last), id)
	if a.Sentence == "" {
		a.Sentence = sensitivitySentence(words, nothing, loadName(last), id)
	}
	for _, w := range words {
		a.Notes = append(a.Notes, w.String())
	}
	if len(nothing) > 0 {
		a.Notes = append(a.Notes, fmt.Sprintf("%s: 0: you don't need more for this %s", strings.Join(nothing, ", "), metric.Get(id).Label))
	}
	if note := x.roomNote(all); note != "" {
		a.Notes = append(a.Notes, note)
	}
	a.Notes = append(a.Notes, fmt.Sprintf("each by itself, ±%g %%, with the deployment and the load held", 100*all.Step))
	if kinks {
		a.Notes = append(a.Notes, "less|more: at an edge, 1 % less and 1 % more change different amounts")
	}
}

// text prints an elasticity; at an edge both sides.
func (e *elasticity) text() string {
	switch {
	case e == nil:
		return "–"
	case e.Kinked:
		return share(e.Less) + "|" + share(e.More)
	case e.Side != "":
		return e.Side + " " + share(e.Value)
	}
	return share(e.Value)
}

// share prints an elasticity with two decimals, and 0 where it is nothing.
func share(v float64) string {
	if math.Abs(v) < negligible {
		return "0"
	}
	return strings.Replace(fmt.Sprintf("%+.2f", v), "-", "−", 1)
}

// word says in words what a parameter does to a time.
type word struct {
	name       string
	elasticity float64
	what       string // 10 % more makes it 5.0 % shorter
}

func (w word) String() string { return fmt.Sprintf("%s: %s: %s", w.name, share(w.elasticity), w.what) }

// words says what makes a time shorter, the strongest first, and which parameters do not change it.
func (all *sensitivities) words(load, id string) (matter []word, nothing []string) {
	var gains []float64
	for i := range all.Parameters {
		s := &all.Parameters[i]
		v := s.of(load, id).value()
		more, less := 100*(s.TenMore-1), 100*(s.TenLess-1)
		switch {
		case s.lever.paid() || s.lever.whole: // cores come with a peak of their own
		case math.Abs(v) < negligible && math.Abs(more) < 0.1:
			nothing = append(nothing, s.Name)
		case s.TenMore > 0 && more <= -0.5:
			matter = append(matter, word{s.Name, v, fmt.Sprintf("10 %% more makes it %s %% shorter", unit.Number(-more, 2))})
			gains = append(gains, -more)
		case s.TenLess > 0 && less <= -0.5:
			matter = append(matter, word{s.Name, v, fmt.Sprintf("10 %% less makes it %s %% shorter", unit.Number(-less, 2))})
			gains = append(gains, -less)
		}
	}
	order := make([]int, len(matter))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(gains[b], gains[a]) })
	sorted := make([]word, 0, mostWords)
	for _, i := range order[:min(len(order), mostWords)] {
		sorted = append(sorted, matter[i])
	}
	return sorted, nothing
}

// mostWords is how many parameters are put in words.
const mostWords = 3

func (e *elasticity) value() float64 {
	if e == nil {
		return 0
	}
	return e.Value
}

// sensitivitySentence says what a time depends on most, and whether more memory would help.
func sensitivitySentence(words []word, nothing []string, load, id string) string {
	label := metric.Get(id).Label
	text := fmt.Sprintf("Nothing that can be bought changes the %s %s by much", label, at(load))
	if len(words) > 0 {
		w := words[0]
		text = fmt.Sprintf("%s matters most for the %s %s: %s", strings.ToUpper(w.name[:1])+w.name[1:], label, at(load), w.what)
	}
	if slices.Contains(nothing, "memory capacity") {
		text += "; more memory capacity changes nothing"
	}
	return text + "."
}

// roomNote says what more memory is good for where it makes nothing faster: room for more users.
func (x *experiment) roomNote(all *sensitivities) string {
	if x.loaded.Language == nil || x.asked.step != nil {
		return ""
	}
	i := slices.IndexFunc(all.Parameters, func(s sensitive) bool { return s.Name == "memory capacity" })
	if i < 0 {
		return ""
	}
	q := x.held()
	q.Concurrency = "max"
	now, ok := x.at(q, all.Parameters[i].lever, 1)
	more, more10 := x.at(q, all.Parameters[i].lever, 1.1)
	if !ok || !more10 {
		return ""
	}
	a, b := now[0].Workload.Concurrency, more[0].Workload.Concurrency
	if b <= a {
		return ""
	}
	return fmt.Sprintf("10 %% more memory holds %.0f users in place of %.0f", b, a)
}
