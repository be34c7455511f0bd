package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"roofline/cmd/roofline/internal/metric"
	"roofline/estimate"
)

// Comparison is two answers side by side.
type Comparison struct {
	A           *Side     `json:"a"`
	B           *Side     `json:"b"`
	Assumptions []Assumed `json:"assumptions"` // that differ
	Pairs       []Pair    `json:"pairs"`
	OnlyA       []string  `json:"only_a,omitempty"` // what the other answer says nothing of
	OnlyB       []string  `json:"only_b,omitempty"`
	Summary     []Summary `json:"summary,omitempty"`
}

// Assumed is something the two answers do not have in common; "" is nothing said.
type Assumed struct {
	Name string `json:"name"`
	A    string `json:"a"`
	B    string `json:"b"`
}

// Pair is an estimate of each answer, of the same thing as far as possible.
type Pair struct {
	A, B       *estimate.Result `json:"-"`
	Name       string           `json:"name"` // device, or devices, and plan
	Load       string           `json:"load"`
	Comparable bool             `json:"comparable"`       // model, formats and load are the same
	Reason     string           `json:"reason,omitempty"` // why they are not
	Values     []Values         `json:"values"`
}

// Values are what the two say of one metric.
type Values struct {
	Metric  string   `json:"metric"`
	Unit    string   `json:"unit,omitempty"` // as shown; the values are in base units
	A       *float64 `json:"a,omitempty"`
	B       *float64 `json:"b,omitempty"`
	Ratio   *float64 `json:"ratio,omitempty"` // B ÷ A, of what can be compared
	Overlap bool     `json:"bands_overlap,omitempty"`
}

// Summary is the geometric mean of a metric's ratios.
type Summary struct {
	Metric string  `json:"metric"`
	Ratio  float64 `json:"ratio"`
	Pairs  int     `json:"pairs"`
	Within int     `json:"bands_overlap"` // of them
}

// Metrics are what answers are compared by, in the order they are shown.
var Metrics = []string{"latency", "ttft", "tpot", "speed", "e2e", "throughput", "memory", "cost", "usd-per-hour", "power"}

// Compare sets B beside A.
func Compare(a, b *Side) *Comparison {
	c := &Comparison{A: a, B: b, Assumptions: []Assumed{}, Pairs: []Pair{}}
	pairs, restA, restB := paired(a.results, b.results)
	for _, p := range pairs {
		c.Pairs = append(c.Pairs, pair(p[0], p[1]))
	}
	for _, r := range restA {
		c.OnlyA = append(c.OnlyA, name(r)+" "+load(r))
	}
	for _, r := range restB {
		c.OnlyB = append(c.OnlyB, name(r)+" "+load(r))
	}
	c.Assumptions = differing(a, b)
	c.Summary = summary(c.Pairs)
	return c
}

// pair reads the values of two estimates.
func pair(a, b *estimate.Result) Pair {
	p := Pair{A: a, B: b, Name: either(name(a), name(b)), Load: either(load(a), load(b)), Values: []Values{}}
	p.Reason = unlike(a, b)
	p.Comparable = p.Reason == ""
	for _, id := range Metrics {
		m := metric.Get(id)
		x, y := m.Of(a), m.Of(b)
		if !x.Known() && !y.Known() {
			continue
		}
		v := Values{Metric: id, Unit: m.Unit}
		for _, r := range []metric.Reading{y, x} {
			if r.Known() && r.Unit != "" {
				v.Unit = r.Unit
			}
		}
		if x.Known() {
			v.A = &x.Value
		}
		if y.Known() {
			v.B = &y.Value
		}
		same := x.Unit == y.Unit || !x.Known() || !y.Known()
		if !same {
			v.Unit = x.Unit + ", " + y.Unit
		}
		if ratio := y.Value / x.Value; p.Comparable && same && x.Value > 0 && y.Value > 0 && !math.IsInf(ratio, 0) {
			v.Ratio = &ratio
			v.Overlap = ratio != 1 && x.Overlaps(y)
		}
		p.Values = append(p.Values, v)
	}
	return p
}

// unlike says why a change between two estimates would mean nothing, "" if they are of the same model, formats and load.
func unlike(a, b *estimate.Result) string {
	v, w := a.Workload, b.Workload
	var reasons []string
	differ := func(what string, x, y any) {
		if x != y {
			reasons = append(reasons, fmt.Sprintf("%s %v against %v", what, x, y))
		}
	}
	differ("model", a.Model.Name, b.Model.Name)
	differ("weights", v.DType, w.DType)
	differ("activations", v.ActDType, w.ActDType)
	differ("KV cache", v.KVDType, w.KVDType)
	differ("input tokens", v.ISL, w.ISL)
	differ("output tokens", v.OSL, w.OSL)
	differ("context", v.Context, w.Context)
	differ("users", v.Concurrency, w.Concurrency)
	differ("batch", v.Batch, w.Batch)
	return strings.Join(reasons, ", ")
}

// differing lists what the answers assume and do not have in common: what all estimates of a side agree on, and the
// named assumptions.
func differing(a, b *Side) []Assumed {
	out := []Assumed{}
	add := func(name, x, y string) {
		if x != y {
			out = append(out, Assumed{name, x, y})
		}
	}
	for _, q := range []struct {
		name string
		of   func(*estimate.Result) string
	}{
		{"model", func(r *estimate.Result) string { return r.Model.Name }},
		{"device", func(r *estimate.Result) string { return r.Device }},
		{"devices", func(r *estimate.Result) string { return fmt.Sprint(r.Count) }},
		{"plan", func(r *estimate.Result) string { return plan(r) }},
		{"runtime", func(r *estimate.Result) string { return r.Runtime }},
		{"dtype", func(r *estimate.Result) string { return r.Workload.DType.String() }},
		{"act-dtype", func(r *estimate.Result) string { return r.Workload.ActDType.String() }},
		{"kv-dtype", func(r *estimate.Result) string { return r.Workload.KVDType.String() }},
		{"isl", func(r *estimate.Result) string { return number(r.Workload.ISL) }},
		{"osl", func(r *estimate.Result) string { return number(r.Workload.OSL) }},
		{"context", func(r *estimate.Result) string { return number(r.Workload.Context) }},
		{"price", func(r *estimate.Result) string {
			if r.Cost == nil {
				return ""
			}
			return strings.TrimSpace(r.Cost.Source + " " + r.Cost.PriceAsOf)
		}},
	} {
		x, y := distinct(a.results, q.of), distinct(b.results, q.of)
		if !slices.Equal(x, y) {
			add(q.name, listed(x), listed(y))
		}
	}
	seen := map[string]bool{"model": true, "isl": true, "osl": true, "dtype": true, "runtime": true} // said above
	for _, n := range slices.Concat(a.assumptions, b.assumptions) {
		if !seen[n.name] {
			seen[n.name] = true
			add(n.name, valueOf(a.assumptions, n.name), valueOf(b.assumptions, n.name))
		}
	}
	add("catalog", a.Catalog, b.Catalog)
	add("version", a.Version, b.Version)
	return out
}

func valueOf(all []named, name string) string {
	for _, n := range all {
		if n.name == name {
			return n.value
		}
	}
	return ""
}

// distinct returns the different texts of a list of estimates, in their order, without those that say nothing.
func distinct(rs []*estimate.Result, of func(*estimate.Result) string) []string {
	var out []string
	seen := map[string]bool{"": true, "0": true}
	for _, r := range rs {
		if text := of(r); !seen[text] {
			seen[text] = true
			out = append(out, text)
		}
	}
	return out
}

// listed joins the first few texts of a list.
func listed(texts []string) string {
	const most = 3
	if len(texts) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(texts[:most], ", "), len(texts)-most)
	}
	return strings.Join(texts, ", ")
}

func number(v float64) string { return fmt.Sprintf("%g", v) }

// summary returns the geometric mean of each metric's ratios.
func summary(pairs []Pair) []Summary {
	var out []Summary
	for _, id := range Metrics {
		s := Summary{Metric: id}
		sum := 0.0
		for _, p := range pairs {
			for _, v := range p.Values {
				if v.Metric == id && v.Ratio != nil {
					sum += math.Log(*v.Ratio)
					if s.Pairs++; v.Overlap {
						s.Within++
					}
				}
			}
		}
		if s.Pairs > 0 {
			s.Ratio = math.Exp(sum / float64(s.Pairs))
			out = append(out, s)
		}
	}
	return out
}
