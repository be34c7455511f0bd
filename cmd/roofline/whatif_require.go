package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"roofline/catalog"
	"roofline/cmd/roofline/internal/metric"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate/sensitivity"
	"roofline/hardware/unit"
)

// require is a result that is wanted, and asked of one parameter after the other: tpot=20ms.
type require struct {
	metric string
	target float64 // in base units
	text   string
}

// requirable are the results that can be asked for, and what is said of their direction.
var requirable = []string{"tpot", "ttft", "latency", "e2e", "speed", "throughput", "cost"}

// UnmarshalText reads tpot=20ms, throughput=5000 or cost=0.5.
func (r *require) UnmarshalText(text []byte) error {
	name, value, ok := strings.Cut(string(text), "=")
	name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
	if !ok || value == "" {
		return fmt.Errorf("%q: want METRIC=VALUE, such as tpot=20ms, throughput=5000 or cost=0.5", text)
	}
	m, err := metric.Find(name)
	if err != nil {
		if near := catalog.Nearest(name, requirable); near != "" {
			return fmt.Errorf("%q: no such metric, did you mean %s?", text, near)
		}
		return fmt.Errorf("%q: want one of %s", text, strings.Join(requirable, ", "))
	}
	r.metric, r.text = m.ID, value
	switch m.ID {
	case "tpot", "ttft", "latency", "e2e":
		var t unit.Seconds
		if err := t.UnmarshalText([]byte(value)); err != nil {
			return fmt.Errorf("%s=%s: want a time with its unit, such as 20ms", name, value)
		}
		r.target = float64(t)
	case "speed", "throughput", "cost":
		number := strings.TrimSpace(value)
		for _, suffix := range []string{"tok/s", "img/s", "images/s", "items/s", "USD", "$"} {
			number = strings.TrimSpace(strings.TrimSuffix(number, suffix))
		}
		v, err := strconv.ParseFloat(strings.TrimPrefix(number, "$"), 64)
		if err != nil {
			return fmt.Errorf("%s=%s: want a number, such as 5000 per second, or 0.5 USD per million", name, value)
		}
		r.target = v
	default:
		return fmt.Errorf("%s can't be asked for: want one of %s", name, strings.Join(requirable, ", "))
	}
	if !(r.target > 0) || math.IsInf(r.target, 0) {
		return fmt.Errorf("%s=%s: want more than 0", name, value)
	}
	return nil
}

// requirement is what a result takes.
type requirement struct {
	Metric string   `json:"metric"`
	Target float64  `json:"target"` // in base units
	Load   string   `json:"load"`
	Now    float64  `json:"now"`
	Met    bool     `json:"met"` // as things are
	Takes  []needed `json:"takes"`
}

// needed is how much of one parameter alone reaches a target.
type needed struct {
	Parameter string  `json:"parameter"`
	Field     string  `json:"field"`
	Now       string  `json:"now"`
	Reaches   bool    `json:"reaches"`
	Factor    float64 `json:"factor,omitempty"` // of what it is now
	Needed    string  `json:"needed,omitempty"` // as --set takes it
	Result    float64 `json:"result"`           // with what is needed, or as near as it comes
}

// require finds how much of each parameter alone a result takes: the least change that reaches it.
func (x *experiment) require(r *require) (*requirement, error) {
	load := len(x.before.results) - 1
	now := x.before.results[load]
	m := metric.Get(r.metric)
	if m.ID == "latency" && !m.Of(now).Known() {
		m = metric.Get("e2e") // of a request
	}
	reading := m.Of(now)
	if !reading.Known() {
		return nil, &failure{code: "usage", err: fmt.Errorf("--require %s=%s: %s has no %s here", r.metric, r.text, x.loaded.Name(), m.Label), exit: exitUsage}
	}
	atLeast := m.Better == metric.Higher
	q := x.fixed()
	if m.ID == "throughput" || m.ID == "cost" {
		q = x.held() // memory lets more users in
	}
	out := &requirement{Metric: m.ID, Target: r.target, Load: loadName(now), Now: reading.Value,
		Met: atLeast == (reading.Value >= r.target) || reading.Value == r.target}
	for _, p := range x.buyable(q, m) {
		if p.name == "memory capacity" && m.ID != "throughput" && m.ID != "cost" {
			p.least = p.now // with less the requests that run are fewer, and faster for those that wait
		}
		root, err := sensitivity.Solve(func(factor float64) (float64, bool) {
			if factor == 1 {
				return reading.Value, true
			}
			results, ok := x.at(q, &p, factor)
			if !ok {
				return 0, false
			}
			v := m.Of(results[load])
			return v.Value, v.Known()
		}, r.target, atLeast, p.least/p.now, p.most/p.now)
		n := needed{Parameter: p.name, Now: p.text, Result: root.Value, Reaches: err == nil}
		if n.Field = p.flag; p.flag == "" {
			n.Field = p.fields[0]
		}
		if errors.Is(err, sensitivity.ErrOutOfReach) {
			if math.IsNaN(root.Value) {
				n.Result = reading.Value
			}
		} else if root.Factor != 1 {
			n.Factor, n.Needed = root.Factor, p.parse(p.now*root.Factor)
		}
		out.Takes = append(out.Takes, n)
	}
	return out, nil
}

// buyable are the parameters a target is asked of: bandwidth, the peak that most depends on, capacity, links and price.
func (x *experiment) buyable(q question, m *metric.Metric) []lever {
	var out []lever
	var peak *lever
	steepest := 0.0
	load := len(x.before.results) - 1
	format := x.before.results[load].Workload.ActDType.String()
	for _, p := range x.levers() {
		if p.parse == nil || p.name == "last-level cache" || p.paid() && m.ID != "cost" {
			continue
		}
		if !strings.Contains(p.name, "peak ") {
			out = append(out, p)
			continue
		}
		// Work is done in several formats: the one that the result depends on most is asked, else that of the activations.
		less, ok := x.at(q, &p, 0.5)
		depends := 0.0
		if ok {
			depends = math.Abs(math.Log(m.Of(less[load]).Value / m.Of(x.before.results[load]).Value))
		}
		if depends > steepest || peak == nil && p.name == "peak "+format {
			peak, steepest = &p, depends
		}
	}
	if peak != nil {
		out = append(out[:1:1], append([]lever{*peak}, out[1:]...)...)
	}
	return out
}

// showRequired lays out what a target takes.
func (x *experiment) showRequired(a *show.Answer, r *requirement) {
	m := metric.Get(r.Metric)
	reading := m.Of(x.before.results[len(x.before.results)-1])
	unitText := unitOf(m, reading, reading)
	value := func(v float64) string { return unit.Number(v/m.Scale(), 3) + " " + unitText }
	t := show.Table{Columns: []show.Column{{Title: "alone", Left: true}, {Title: "field", Left: true}, {Title: "now", Left: true}, {Title: "takes", Left: true},
		{Title: "× now"}, {Title: m.Label, Unit: unitText}}}
	var reach, short, idle []string
	for _, n := range r.Takes {
		takes, factor := n.Needed, n.Factor
		switch {
		case math.Abs(n.Result/r.Now-1) < 1e-6:
			takes, factor = "no effect", show.Unknown
			idle = append(idle, n.Parameter)
		case !n.Reaches:
			takes, factor = "out of reach", show.Unknown
			short = append(short, n.short(m, value))
		case n.Needed == "":
			takes, factor = "any", show.Unknown
		default:
			reach = append(reach, fmt.Sprintf("%s of %s (%s × now)", n.Needed, n.Parameter, unit.Number(n.Factor, 3)))
		}
		t.Add(n.Parameter, n.Field, n.Now, takes, factor, n.Result/m.Scale())
	}
	a.Tables = append(a.Tables, t)
	a.Notes = append(a.Notes, short...)
	if len(idle) > 0 {
		a.Notes = append(a.Notes, fmt.Sprintf("the %s does not depend on %s", m.Label, strings.Join(idle, ", ")))
	}
	if check := x.checkRequired(r); check != "" {
		a.Notes = append(a.Notes, "check it with "+check)
	}
	if a.Sentence != "" {
		return
	}
	target := fmt.Sprintf("%s of %s", m.Label, value(r.Target))
	switch {
	case r.Met:
		a.Sentence = fmt.Sprintf("%s is met, it is %s %s; less would do: %s.", target, value(r.Now), at(r.Load), listOr(reach, "no parameter decides"))
	case len(reach) > 0:
		a.Sentence = fmt.Sprintf("%s %s, now %s, takes %s.", target, at(r.Load), value(r.Now), strings.Join(reach, ", or "))
	default:
		a.Sentence = fmt.Sprintf("No one thing alone brings the %s %s from %s to %s.", m.Label, at(r.Load), value(r.Now), value(r.Target))
	}
}

func listOr(items []string, none string) string {
	if len(items) == 0 {
		return none
	}
	return strings.Join(items, ", or ")
}

// at says in words at which load.
func at(load string) string {
	if load == "one request alone" {
		return "of " + load
	}
	return "at " + load
}

// short says how near a parameter alone comes.
func (n *needed) short(m *metric.Metric, value func(float64) string) string {
	edge := "floor"
	if m.Better == metric.Higher {
		edge = "ceiling"
	}
	return fmt.Sprintf("no %s alone reaches it: the %s is %s", n.Parameter, edge, value(n.Result))
}

// checkRequired is the command that shows what the first value reaches, at the same load.
func (x *experiment) checkRequired(r *requirement) string {
	i := slices.IndexFunc(r.Takes, func(n needed) bool { return n.Needed != "" })
	if i < 0 {
		return ""
	}
	out := []string{"roofline"}
	loaded := false
	for i := 0; i < len(x.s.args); i++ {
		arg := x.s.args[i]
		switch {
		case arg == "--require" || arg == "-o" || arg == "--output" || arg == "--format":
			i++
			continue
		case strings.HasPrefix(arg, "--require=") || strings.HasPrefix(arg, "--output=") || strings.HasPrefix(arg, "--format=") || arg == "--sensitivity":
			continue
		case strings.HasPrefix(arg, "--concurrency"):
			loaded = true
		}
		out = append(out, arg)
	}
	if n := x.before.results[len(x.before.results)-1].Workload.Concurrency; n > 0 && !loaded && r.Metric != "throughput" && r.Metric != "cost" {
		out = append(out, fmt.Sprintf("--concurrency %.0f", n))
	}
	return strings.Join(append(out, "--set "+r.Takes[i].Field+"="+r.Takes[i].Needed), " ")
}
